"""Alerts on their way: any job notes what somebody has to know, `watch` alone sends it, by SNS.

An incident lies in the ingestion bucket, written once: `_alerts/incidents/<cause>/<incident>.json`. Before that it is
put under `_alerts/due/`, where it stays until SNS has taken a message about it, so delivery is at least once. `watch`
lists what is due and the messages of the last hour, and never the incidents, which nobody removes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from totelake.alerts.model import QUIET, Alert, Message, NewestIncident, in_order, is_due, message, oldest_first
from totelake.errors import ConfigurationError, DamagedError, RetriableError, TotelakeError
from totelake.lake.reading import object_at, reading
from totelake.ports.aws_errors import translation_of
from totelake.ports.object_store import ObjectStore
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import JobArguments, WatchArguments

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

ROOT = "_alerts"
_INCIDENTS, _DUE, _MESSAGES = (f"{ROOT}/{name}/" for name in ("incidents", "due", "messages"))
_TIME = "%Y%m%dT%H%M%S.%fZ"
_JSON = ".json"
# what somebody else put below these prefixes has other names, and nobody reads it
_CAUSE = r"[a-z][a-z_-]*-[0-9a-f]{24}"
_DUE_NAME = re.compile(rf"({_CAUSE})/([0-9a-f]{{24}})\.json")
_MESSAGE_NAME = re.compile(rf"([0-9]{{8}}T[0-9]{{6}}\.[0-9]{{6}}Z)-({_CAUSE})\.json")


def is_noted(job: Job[JobArguments], alert: Alert) -> bool:
    """Whether an incident was noted before."""
    return job.ingestion.size(f"{_INCIDENTS}{_name(alert)}") is not None


def note(job: Job[JobArguments], alert: Alert) -> bool:
    """Note something that somebody has to know; whether it is new. The next look of `watch` sends it.

    It may be called again with the same kind and key at any time: an incident is noted, and sent, once.
    """
    if is_noted(job, alert):
        return False
    name = _name(alert)
    body = _body({**alert.document, "at": job.now().isoformat(), "job": job.arguments.run.job})
    # due first: of a run that dies in between the alert is sent, and noted by the next
    job.ingestion.create(f"{_DUE}{name}", body)
    is_new = job.ingestion.create(f"{_INCIDENTS}{name}", body)
    if is_new:
        job.log.warning("alert: %s", alert.subject)
    return is_new


def send_due(job: Job[WatchArguments]) -> list[Message]:
    """Publish what is due as it happened, one message for each cause and hour, or sooner where another message about
    the same table would overtake it.

    A cause that fails keeps no other from being sent; the first failure is raised at the end: ConfigurationError when
    SNS takes no message, RetriableError when it may later, DamagedError for an incident that cannot be read.
    """
    store, topic = job.ingestion, job.arguments.alert_topic
    messages: list[Message] = []
    failures: list[TotelakeError] = []
    untold: set[str] = set()
    noted, sent = _noted(store), _lately_sent(store, job.now())
    newest = {cause: _newest(store, cause, incidents) for cause, incidents in noted.items()}
    for cause in in_order([cause for cause in noted if is_due(cause, sent, job.now())], newest):
        incidents, about = oldest_first(noted[cause]), newest[cause].about
        if about in untold or _is_sent_by_another(store, cause, incidents):
            continue
        try:
            wanted = _message(store, cause, incidents)
            if not topic:
                job.log.warning("no alert is sent because --alert_topic is not set: %s", wanted.subject)
                continue
            _publish(job.clients.sns, topic, wanted)
            _mark_sent(store, cause, incidents, wanted, job.now())
        except TotelakeError as failure:
            failures.append(failure)
            # what happened later to the same table must not be told before it
            untold |= {about} if about and not isinstance(failure, DamagedError) else set()
            continue
        job.log.info("sent: %s", wanted.subject)
        messages.append(wanted)
    for later in failures[1:]:
        job.log.error("%s", later)
    if failures:
        raise failures[0]
    return messages


def _is_sent_by_another(store: ObjectStore, cause: str, incidents: list[str]) -> bool:
    """Whether nothing of what was listed is due any more: the watch of another source sent it meanwhile."""
    return all(store.size(_due_key(cause, incident)) is None for incident in incidents)


def sent_messages(store: ObjectStore, limit: int) -> list[Mapping[str, Any]]:
    """The newest messages that were sent, the newest first: `at`, `cause`, `incidents` and the message's own fields."""
    listed = (item.key for item in store.list(_MESSAGES))
    keys = sorted((key for key in listed if _MESSAGE_NAME.fullmatch(key[len(_MESSAGES) :])), reverse=True)
    return [_read(store, key) for key in keys[:limit]]


def _newest(store: ObjectStore, cause: str, incidents: Mapping[str, datetime]) -> NewestIncident:
    """The newest of a cause's incidents; one that cannot be read is about nothing, and told when it is sent."""
    newest = oldest_first(incidents)[-1]
    noted = incidents[newest].isoformat()
    try:
        found = _read(store, _due_key(cause, newest))
    except TotelakeError:
        return NewestIncident(noted)
    return NewestIncident(str(found.get("at", noted)), str(found.get("about", "")))


def _message(store: ObjectStore, cause: str, incidents: list[str]) -> Message:
    """The message for incidents of one cause, the oldest first."""
    first, newest = (_read(store, _due_key(cause, incidents[at])) for at in (0, -1))
    with reading(f"{_DUE}{cause}/", "alert"):
        return message(newest["subject"], newest["body"], len(incidents), first["at"])


def _publish(sns: SNSClient, topic: str, wanted: Message) -> None:
    try:
        sns.publish(TopicArn=topic, Subject=wanted.subject, Message=wanted.text)
    except ClientError as error:
        known = translation_of(error)
        if isinstance(known, RetriableError):
            raise known from error
        reason = error.response["Error"].get("Message", error)
        raise ConfigurationError(
            f"the topic {topic} takes no alert ({reason}): {wanted.subject}; correct --alert_topic or the role of "
            "watch, the next look sends it"
        ) from error


def _mark_sent(store: ObjectStore, cause: str, incidents: list[str], wanted: Message, now: datetime) -> None:
    time = now.strftime(_TIME)
    document = {"at": now.isoformat(), "cause": cause, "incidents": incidents, **wanted.document}
    store.create(f"{_MESSAGES}{time}-{cause}{_JSON}", _body(document))
    store.delete([_due_key(cause, incident) for incident in incidents])


def _name(alert: Alert) -> str:
    return f"{alert.cause_id}/{alert.id}{_JSON}"


def _due_key(cause: str, incident: str) -> str:
    return f"{_DUE}{cause}/{incident}{_JSON}"


def _noted(store: ObjectStore) -> dict[str, dict[str, datetime]]:
    """By cause, the incidents that are due and when they were noted."""
    found: dict[str, dict[str, datetime]] = {}
    for item in store.list(_DUE):
        name = _DUE_NAME.fullmatch(item.key[len(_DUE) :])
        if name:
            found.setdefault(name[1], {})[name[2]] = item.modified
    return found


def _lately_sent(store: ObjectStore, now: datetime) -> dict[str, datetime]:
    """By cause, when the newest message of the last hour was sent."""
    found: dict[str, datetime] = {}
    for item in store.list(_MESSAGES, f"{_MESSAGES}{(now - QUIET).strftime(_TIME)}"):
        name = _MESSAGE_NAME.fullmatch(item.key[len(_MESSAGES) :])
        at = _time(name[1]) if name else None
        if name and at:
            found[name[2]] = at
    return found


def _time(text: str) -> datetime | None:
    """The moment in a message's name; None for digits that are none."""
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _body(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1).encode()


def _read(store: ObjectStore, key: str) -> Mapping[str, Any]:
    """A stored incident or message: JSON of strings, numbers and lists."""
    return object_at(store, key, "alert")
