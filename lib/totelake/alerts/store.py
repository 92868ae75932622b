"""Alerts on their way: any job notes what somebody has to know, `watch` alone tells it, by SNS.

What is noted lies in the ingestion bucket, written once: `_alerts/incidents/<cause>/<incident>.json`. What was told is
marked in `_alerts/told/<cause>/<incident>/<time>`, after SNS took the message, so a crash tells twice and never not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import ClientError

from totelake.alerts.model import Alert, Message, due, message
from totelake.errors import ConfigurationError
from totelake.lake.conditional import create_once
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime

__all__ = ["Alert", "alert", "known_incidents", "messages", "tell"]
ROOT = "_alerts"
_INCIDENTS, _TOLD, _MESSAGES = (f"{ROOT}/{name}/" for name in ("incidents", "told", "messages"))
_TIME = "%Y%m%dT%H%M%S.%fZ"


def alert(runtime: Runtime, arguments: JobArguments, what: Alert) -> bool:
    """Note something that somebody has to know; whether it was news. The next look of `watch` tells it.

    It may be called again with the same kind and key at any time: an incident is noted, and told, once.
    """
    body = json.dumps({**what.document(), "at": runtime.now().isoformat(), "job": arguments.job_name}, indent=1)
    key = f"{_INCIDENTS}{what.cause_id}/{what.id}.json"
    is_news = create_once(runtime.clients.s3, arguments.ingestion_bucket, key, body.encode())
    if is_news:
        runtime.log.warning("alert: %s", what.subject)
    return is_news


def known_incidents(s3: Any, bucket: str) -> frozenset[str]:
    """The ids of all incidents that are noted."""
    return frozenset(key.rsplit("/", 1)[1][: -len(".json")] for key, _ in _listed(s3, bucket, _INCIDENTS))


def tell(runtime: Runtime, arguments: JobArguments) -> list[Message]:
    """Publish what is due; one message for each cause and hour. Raises ConfigurationError when SNS takes none."""
    s3, bucket = runtime.clients.s3, arguments.ingestion_bucket
    told: list[Message] = []
    for cause, incidents in due(_noted(s3, bucket), _told(s3, bucket), runtime.now()).items():
        first, newest = (_read(s3, bucket, f"{_INCIDENTS}{cause}/{incidents[at]}.json") for at in (0, -1))
        what = message(newest, len(incidents), str(first["at"]))
        if not arguments.alert_topic:
            runtime.log.warning("nobody is told, for --alert_topic is not set: %s", what.subject)
            continue
        _publish(runtime.clients.sns, arguments.alert_topic, what)
        now = runtime.now()
        record = {"at": now.isoformat(), "cause": cause, "incidents": incidents, **what.document()}
        create_once(s3, bucket, f"{_MESSAGES}{now.strftime(_TIME)}-{cause}.json", json.dumps(record, indent=1).encode())
        for incident in incidents:
            create_once(s3, bucket, f"{_TOLD}{cause}/{incident}/{now.strftime(_TIME)}", b"")
        runtime.log.info("told: %s", what.subject)
        told.append(what)
    return told


def _publish(sns: Any, topic: str, what: Message) -> None:
    try:
        sns.publish(TopicArn=topic, Subject=what.subject, Message=what.text)
    except ClientError as error:
        said = error.response["Error"].get("Message", error)
        raise ConfigurationError(
            f"the topic {topic} takes no alert ({said}): {what.subject}; correct --alert_topic or the role of watch, "
            "the next look tells it"
        ) from error


def messages(s3: Any, bucket: str, limit: int) -> list[Mapping[str, Any]]:
    """The newest messages that were sent, the newest first."""
    keys = sorted((key for key, _ in _listed(s3, bucket, _MESSAGES)), reverse=True)
    return [_read(s3, bucket, key) for key in keys[:limit]]


def _noted(s3: Any, bucket: str) -> dict[str, dict[str, datetime]]:
    """By cause, the incidents and when they were noted."""
    found: dict[str, dict[str, datetime]] = {}
    for key, at in _listed(s3, bucket, _INCIDENTS):
        cause, name = key[len(_INCIDENTS) :].split("/")
        found.setdefault(cause, {})[name[: -len(".json")]] = at
    return found


def _told(s3: Any, bucket: str) -> dict[str, dict[str, datetime]]:
    """By cause, the incidents that were told and when."""
    found: dict[str, dict[str, datetime]] = {}
    for key, _ in _listed(s3, bucket, _TOLD):
        cause, incident, time = key[len(_TOLD) :].split("/")
        found.setdefault(cause, {})[incident] = datetime.strptime(time, _TIME).replace(tzinfo=timezone.utc)
    return found


def _listed(s3: Any, bucket: str, prefix: str) -> list[tuple[str, datetime]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [(item["Key"], item["LastModified"]) for page in pages for item in page.get("Contents", ())]


def _read(s3: Any, bucket: str, key: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return document
