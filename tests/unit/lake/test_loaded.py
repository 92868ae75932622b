"""The note of what loads have taken: it only grows, whoever writes it, however late."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.unit.lake.test_commits import FakeS3
from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.loaded import LOG, remember, taken

NOW = datetime(2026, 11, 24, 6, tzinfo=timezone.utc)


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def log(s3: FakeS3) -> CommitLog:
    return CommitLog(s3, "processed", LOG, sleep=lambda _: None)


def test_before_the_first_load_nothing_is_taken(log: CommitLog) -> None:
    assert taken(log) == {}


def test_a_note_is_made_once_however_often_it_is_repeated(log: CommitLog) -> None:
    for _ in range(2):
        remember(log, {"fact_payment": 3, "dim_staff": 1}, "jr", NOW)
    assert (taken(log), log.newest_number()) == ({"fact_payment": 3, "dim_staff": 1}, 1)


@pytest.mark.parametrize(
    ("later", "commits", "number"),
    [
        ({"fact_payment": 2}, {"fact_payment": 3, "dim_staff": 1}, 1),
        ({"fact_payment": 2, "dim_staff": 2}, {"fact_payment": 3, "dim_staff": 2}, 2),
        ({"fact_sales_order": 1}, {"fact_payment": 3, "dim_staff": 1, "fact_sales_order": 1}, 2),
    ],
    ids=["a late writer", "one behind and one ahead", "a new table"],
)
def test_a_note_only_grows(log: CommitLog, later: dict[str, int], commits: dict[str, int], number: int) -> None:
    remember(log, {"fact_payment": 3, "dim_staff": 1}, "jr", NOW)
    remember(log, later, "jr", NOW)
    assert (taken(log), log.newest_number()) == (commits, number)


def test_a_load_that_loses_the_number_to_a_newer_one_takes_nothing_back(s3: FakeS3, log: CommitLog) -> None:
    s3.faults.append(lambda key, body: remember(log, {"fact_payment": 7}, "jr_newer", NOW))
    remember(log, {"fact_payment": 6}, "jr_older", NOW)
    assert (taken(log), log.newest_number()) == ({"fact_payment": 7}, 1)


def test_a_load_that_is_always_overtaken_says_so(log: CommitLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CommitLog, "commit", lambda *_: False)
    with pytest.raises(RetriableError, match="other loads committed 5 times to the log warehouse first; run the job"):
        remember(log, {"fact_payment": 6}, "jr", NOW)
