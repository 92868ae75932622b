"""What somebody else puts among the alerts, and what is damaged of them, silences no other."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import NOON, ZONES, MemoryJob
from tests.unit.ports.answers import client_error
from totelake.alerts import store
from totelake.alerts.model import Alert
from totelake.alerts.store import note, send_due, sent_messages
from totelake.errors import ConfigurationError, DamagedError
from totelake.runtime.job_arguments import WatchArguments

ARGUMENTS = WatchArguments(source=SOURCE, source_secret="secret", prefix="shop", alert_topic="topic", **ZONES)
BROKEN = Alert("job", "it broke", "body", "1")
LATER = f"{NOON:%Y%m%d}T995959.000000Z"


@pytest.fixture
def job() -> MemoryJob[WatchArguments]:
    return MemoryJob(ARGUMENTS)


@pytest.fixture
def refused() -> list[str]:
    """Subjects that the topic does not take."""
    return []


@pytest.fixture
def sent(job: MemoryJob[WatchArguments], refused: list[str]) -> list[str]:
    """The subjects that SNS took."""
    found: list[str] = []

    def publish(Subject: str, **_: Any) -> None:  # noqa: N803
        if Subject in refused:
            raise client_error("InvalidParameter", 400, "Publish")
        found.append(Subject)

    job.clients = SimpleNamespace(sns=SimpleNamespace(publish=publish))  # type: ignore[assignment]
    return found


@pytest.mark.parametrize(
    "stray",
    [
        "due/",
        "due/notes.txt",
        "due/README.json",
        f"due/{BROKEN.cause_id}/",
        f"due/{BROKEN.cause_id}/copy of it.json",
        f"due/{BROKEN.cause_id}/{BROKEN.id}.json.bak",
        f"due/old/{BROKEN.cause_id}/{BROKEN.id}.json",
        "messages/zzz",
        f"messages/{LATER}-{BROKEN.cause_id}.json",
        f"messages/{LATER}.json",
        f"messages/{NOON:%Y%m%dT%H%M%S}.000000Z-{BROKEN.cause_id}.json.bak",
    ],
)
def test_an_object_of_another_name_among_the_alerts_is_passed_over(
    job: MemoryJob[WatchArguments], sent: list[str], stray: str
) -> None:
    job.ingestion.create(f"_alerts/{stray}", b"not ours")
    note(job, BROKEN)
    send_due(job)
    assert sent == ["it broke"]
    if LATER not in stray:
        assert [item["subject"] for item in sent_messages(job.ingestion, 10)] == ["it broke"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"at": 1, "subject": 2, "body": 3}'])
def test_a_damaged_incident_silences_no_other_cause_and_is_told_at_the_end(
    job: MemoryJob[WatchArguments], sent: list[str], body: bytes
) -> None:
    alerts = [Alert("job", f"{word} broke", "body", word) for word in ("one", "two", "three")]
    damaged = sorted(alerts, key=lambda alert: alert.cause_id)[0]
    for alert in alerts:
        note(job, alert)
    key = f"_alerts/due/{damaged.cause_id}/{damaged.id}.json"
    job.ingestion.delete([key])
    job.ingestion.create(key, body)
    with pytest.raises(DamagedError, match="is no readable alert"):
        send_due(job)
    assert sorted(sent) == sorted(alert.subject for alert in alerts if alert != damaged)
    with pytest.raises(DamagedError):
        send_due(job)
    assert len(sent) == 2


def test_a_message_that_the_topic_refuses_keeps_no_other_back(
    job: MemoryJob[WatchArguments], sent: list[str], refused: list[str]
) -> None:
    alerts = sorted((Alert("job", f"{word} broke", "b", word) for word in ("one", "two")), key=lambda a: a.cause_id)
    refused.append(alerts[0].subject)
    for alert in alerts:
        note(job, alert)
    with pytest.raises(ConfigurationError, match=f"the topic topic takes no alert .*: {alerts[0].subject}"):
        send_due(job)
    assert sent == [alerts[1].subject]


def test_what_happened_to_a_table_is_told_in_its_order_though_a_cause_has_to_wait(
    job: MemoryJob[WatchArguments], sent: list[str]
) -> None:
    def happens(minute: int, what: str, table: str = "shop.a") -> None:
        job.at = NOON + timedelta(minutes=minute)
        note(job, Alert("schema", f"{table} {what}", "body", f"{table}/{minute}", about=table))

    happens(0, "blocked")
    send_due(job)
    happens(20, "blocked")
    happens(21, "blocked", "shop.b")
    happens(22, "released")
    happens(23, "blocked", "shop.c")
    send_due(job)
    happens(30, "blocked")
    send_due(job)
    assert sent == ["shop.a blocked", "shop.a blocked", "shop.b blocked", "shop.a released", "shop.c blocked"]
    job.at = NOON + timedelta(minutes=84)
    send_due(job)
    assert sent[-1] == "shop.a blocked" and len(sent) == 6


def test_what_happens_at_once_is_told_in_its_order(job: MemoryJob[WatchArguments], sent: list[str]) -> None:
    for number in range(20):
        job.at = NOON + timedelta(milliseconds=number)
        note(job, Alert("schema", f"a {'x' * (number + 1)}", "body", str(number), about="shop.a"))
    send_due(job)
    assert sent == [f"a {'x' * (number + 1)}" for number in range(20)]


def test_what_happened_later_to_a_table_waits_for_a_message_that_was_not_taken(
    job: MemoryJob[WatchArguments], sent: list[str], refused: list[str]
) -> None:
    blocked = Alert("schema", "blocked", "b", "1", about="shop.staff")
    other = Alert("schema", "another table", "b", "2", about="shop.design")
    released = Alert("schema", "released", "b", "3", about="shop.staff")
    for alert in (blocked, other, released):
        note(job, alert)
        job.at += timedelta(minutes=1)
    refused.append("blocked")
    with pytest.raises(ConfigurationError, match="blocked"):
        send_due(job)
    assert sent == ["another table"]
    refused.clear()
    send_due(job)
    assert sent == ["another table", "blocked", "released"]


def test_what_another_watch_sends_meanwhile_is_not_sent_again(
    job: MemoryJob[WatchArguments], sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, subject in enumerate(("blocked", "released")):
        note(job, Alert("schema", subject, "b", str(number), about="shop.staff"))
        job.at += timedelta(minutes=1)
    listed, is_first = store._noted, iter([True])

    def listing(found: Any) -> Any:
        due = listed(found)
        if next(is_first, False):
            send_due(job)  # another watch is faster
        return due

    monkeypatch.setattr(store, "_noted", listing)
    send_due(job)
    assert sent == ["blocked", "released"]
