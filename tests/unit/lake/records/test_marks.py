"""How far load, maintenance and audit have come: a mark only grows, whoever writes it, however late."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.faulty import FaultyStore
from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.records.marks import AUDIT, LOADED, MAINTENANCE, AuditMark, LoadMark, MaintenanceMark, remember_load

NOW = datetime(2026, 11, 24, 6, tzinfo=timezone.utc)


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore("processed")


@pytest.fixture
def log(store: FaultyStore) -> CommitLog:
    return CommitLog(store, LOADED, sleep=lambda _: None)


def loaded(log: CommitLog) -> dict[str, int]:
    return dict(LoadMark.of(log.newest()).commits)


def test_before_the_first_load_nothing_is_loaded(log: CommitLog) -> None:
    assert loaded(log) == {}


def test_a_load_is_noted_once_however_often_that_is_repeated(log: CommitLog) -> None:
    for _ in range(2):
        remember_load(log, {"fact_payment": 3, "dim_staff": 1}, "jr", NOW)
    assert (loaded(log), log.newest_number()) == ({"fact_payment": 3, "dim_staff": 1}, 1)


@pytest.mark.parametrize(
    ("later", "commits", "number"),
    [
        ({"fact_payment": 2}, {"fact_payment": 3, "dim_staff": 1}, 1),
        ({"fact_payment": 2, "dim_staff": 2}, {"fact_payment": 3, "dim_staff": 2}, 2),
        ({"fact_sales_order": 1}, {"fact_payment": 3, "dim_staff": 1, "fact_sales_order": 1}, 2),
    ],
    ids=["a late writer", "one behind and one ahead", "a new table"],
)
def test_the_mark_only_grows(log: CommitLog, later: dict[str, int], commits: dict[str, int], number: int) -> None:
    remember_load(log, {"fact_payment": 3, "dim_staff": 1}, "jr", NOW)
    remember_load(log, later, "jr", NOW)
    assert (loaded(log), log.newest_number()) == (commits, number)


def test_a_load_that_loses_the_number_to_a_newer_one_takes_nothing_back(store: FaultyStore, log: CommitLog) -> None:
    store.faults = [lambda key, body: remember_load(log, {"fact_payment": 7}, "jr_newer", NOW)]
    remember_load(log, {"fact_payment": 6}, "jr_older", NOW)
    assert (loaded(log), log.newest_number()) == ({"fact_payment": 7}, 1)


def test_loads_of_two_sources_keep_each_others_marks(store: FaultyStore, log: CommitLog) -> None:
    store.faults = [lambda key, body: remember_load(log, {"dim_contact": 2}, "jr_crm", NOW)]
    remember_load(log, {"fact_payment": 6}, "jr", NOW)
    assert (loaded(log), log.newest_number()) == ({"dim_contact": 2, "fact_payment": 6}, 2)


def test_a_load_that_is_always_overtaken_says_so(store: FaultyStore, log: CommitLog) -> None:
    def another(key: str, body: bytes) -> None:
        rest, store.faults = store.faults, []
        remember_load(log, {"dim_staff": 1 + (log.newest_number() or 0)}, "jr_other", NOW)
        store.faults = rest

    store.faults = [another] * 9
    with pytest.raises(RetriableError, match="other runs committed to the log warehouse first, 5 times; run the job"):
        remember_load(log, {"fact_payment": 6}, "jr", NOW)


def test_the_marks_of_the_night_are_the_same_after_they_were_written_and_read(store: FaultyStore) -> None:
    nightly = CommitLog(store, MAINTENANCE)
    mark = MaintenanceMark({"ingestion/verdicts": 7}, {"totesys": "2026-11-24"})
    assert MaintenanceMark.of(None) == MaintenanceMark()
    assert MaintenanceMark.of(mark.manifest(nightly.attempt(None, "jr"), NOW)) == mark
    audited = AuditMark(NOW.isoformat())
    assert AuditMark.of(audited.manifest(CommitLog(store, AUDIT).attempt(None, "jr"), NOW)) == audited


def test_before_the_first_audit_everything_is_to_be_looked_at() -> None:
    assert datetime.fromisoformat(AuditMark.of(None).through) == datetime(1970, 1, 1, tzinfo=timezone.utc)
