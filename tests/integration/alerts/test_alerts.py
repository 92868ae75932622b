"""Alerts over the real protocols: noted in S3 once, sent by SNS once."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from localgate.keys import Keys
from tests.conftest import SOURCE
from tests.noted import noted_incidents
from tests.unit.ports.answers import client_error
from totelake.alerts.model import Alert, Message
from totelake.alerts.store import note, send_due, sent_messages
from totelake.errors import ConfigurationError, RetriableError
from totelake.ports.s3 import S3Store
from totelake.runtime.clients import Clients
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import JobRun, WatchArguments
from totelake.stack import outbox

pytestmark = pytest.mark.integration


class Desk:
    """A bucket, a topic, and a queue that gets what is published; the clock is the test's."""

    def __init__(self) -> None:
        name = uuid.uuid4().hex[:12]
        clients = Clients.from_environment()
        self._sqs = clients.client("sqs")
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        topic = clients.sns.create_topic(Name=name)["TopicArn"]
        clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
        clients.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        arguments = WatchArguments(
            ingestion_bucket=name,
            source=SOURCE,
            prefix="lake",
            alert_topic=topic,
            run=JobRun(job=f"lake-watch-{SOURCE}"),
        )
        self.job = Job(arguments, clients, logging.getLogger("alerts"))
        self.later(0)

    def later(self, minutes: int) -> None:
        """Set the clock so long after now."""
        moment = datetime.now(timezone.utc) + timedelta(minutes=minutes)
        self.job.now = lambda: moment  # type: ignore[method-assign]

    def note(self, key: str, subject: str = "it broke") -> bool:
        return note(self.job, Alert("job", subject, f"body of {key}", key))

    def send(self) -> list[Message]:
        return send_due(self.job)

    def mail(self) -> list[tuple[str, str]]:
        """Subjects and texts that arrived since the last call."""
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        found = []
        for item in answer.get("Messages", ()):
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=item["ReceiptHandle"])
            body = json.loads(item["Body"])
            found.append((body["Subject"], body["Message"]))
        return found


@pytest.fixture
def desk(aws: str) -> Desk:
    return Desk()


def test_an_incident_is_sent_once_however_often_it_is_noted_and_looked_at(desk: Desk) -> None:
    assert [desk.note("1"), desk.note("1")] == [True, False]
    desk.send()
    desk.later(90)
    assert not desk.note("1")
    desk.send()
    assert desk.mail() == [("it broke", "it broke\n\nbody of 1")]


def test_a_storm_is_one_message_at_once_and_one_with_a_count_after_an_hour(desk: Desk) -> None:
    desk.note("1")
    desk.send()
    for minute in (10, 20, 30):
        desk.later(minute)
        desk.note(str(minute))
        assert desk.send() == []
    desk.later(61)
    desk.send()
    first, second = desk.mail()
    assert (first[0], second[0]) == ("it broke", "3 x it broke")
    assert second[1].startswith("it broke\nIt happened 3 times since ")
    sent = sent_messages(desk.job.ingestion, 10)
    assert [(item["subject"], item["count"]) for item in sent] == [("3 x it broke", 3), ("it broke", 1)]


def test_what_was_sent_is_listed_no_more_and_an_incident_stays_known(desk: Desk) -> None:
    for key in range(3):
        desk.note(str(key), f"it broke in {'abc'[key]}")
    desk.send()
    store = desk.job.ingestion
    assert len(desk.mail()) == 3 and list(store.list("_alerts/due/")) == []
    assert noted_incidents(store) == {Alert("job", "it broke", "", str(key)).id for key in range(3)}


def test_an_alert_whose_run_died_before_it_was_noted_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    create = S3Store.create

    def dying(store: S3Store, key: str, body: bytes) -> bool:
        if key.startswith("_alerts/incidents/"):
            raise KeyboardInterrupt
        return create(store, key, body)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(S3Store, "create", dying)
        desk.note("1")
    assert desk.note("1")
    desk.send()
    assert desk.mail() == [("it broke", "it broke\n\nbody of 1")]


def test_what_sns_may_take_later_is_no_fault_of_the_topic(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.note("1")

    def busy(**_: Any) -> None:
        raise client_error("Throttling", 400, "Publish")

    with monkeypatch.context() as patched, pytest.raises(RetriableError, match="Publish failed with Throttling"):
        patched.setattr(desk.job.clients.sns, "publish", busy)
        send_due(desk.job)
    desk.send()
    assert [subject for subject, _ in desk.mail()] == ["it broke"]


def test_what_sns_did_not_take_is_sent_by_a_later_look(desk: Desk) -> None:
    desk.note("1")
    arguments = replace(desk.job.arguments, alert_topic=f"{desk.job.arguments.alert_topic}-gone")
    gone = Job(arguments, desk.job.clients, desk.job.log)
    with pytest.raises(ConfigurationError, match="-gone takes no alert .*: it broke; correct --alert_topic"):
        send_due(gone)
    desk.send()
    assert [subject for subject, _ in desk.mail()] == ["it broke"]


def test_a_notification_becomes_a_mail_that_any_reader_opens(tmp_path: Path) -> None:
    taken: list[str] = []

    def rest(request: Any, start: Callable[..., Any]) -> list[bytes]:
        taken.append(request["PATH_INFO"])
        return []

    keys = Keys.random()
    application = outbox.receiving(rest, tmp_path / "outbox", keys)
    body = {"Subject": "it broke", "Message": "größe\n\nb", "MessageId": "m", "Timestamp": "2026-11-24T12:00:00.000Z"}
    content = json.dumps(body).encode()
    environ = {"PATH_INFO": outbox.path_of(keys), "CONTENT_LENGTH": str(len(content)), "wsgi.input": _Input(content)}
    assert application(environ, lambda *_: None) == [b""]
    application({"PATH_INFO": "/bucket"}, lambda *_: None)
    (file,) = (tmp_path / "outbox").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (file.name, mail["Subject"], mail["Date"]) == (
        "20261124T120000-m.eml", "it broke", "Tue, 24 Nov 2026 12:00:00 +0000",
    )  # fmt: skip
    assert mail.get_content() == "größe\n\nb\n"
    assert taken == ["/bucket"]


class _Input:
    def __init__(self, content: bytes) -> None:
        self.read = lambda size: content[:size]
