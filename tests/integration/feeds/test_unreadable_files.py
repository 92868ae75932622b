"""Files that cannot be read as they are: they stop no other file, table or run, and are told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.feeds.conftest import SOURCE, TABLE, Files, target
from totelake.alerts.model import Alert
from totelake.contracts import load_contracts
from totelake.contracts.model import Dataset, Table
from totelake.errors import LakeError, RetriableError, SourceError
from totelake.feeds import batch as batch_module
from totelake.feeds.files import ingest as module
from totelake.feeds.files import look as look_module
from totelake.feeds.files.bucket import SourceBucket
from totelake.lake.records.batch import Bookmark
from totelake.ports.s3 import S3Store
from totelake.runtime import moments

ARCHIVED, DENIED = "InvalidObjectState", "AccessDenied"


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """By the end of a file's name the code that S3 answers for it; '' of a code that is none of a file."""
    codes: dict[str, str] = {}
    read = SourceBucket._chunks

    def chunks(self: SourceBucket, item: Any, start: int) -> Any:
        code = next((code for end, code in codes.items() if item.key.endswith(end)), "")
        if code:
            raise self._refused(ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject"), item)
        yield from read(self, item, start)

    monkeypatch.setattr(SourceBucket, "_chunks", chunks)
    yield codes


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    """The alerts that were noted, each once."""
    found: list[Alert] = []
    monkeypatch.setattr(
        module, "note", lambda _, alert: None if alert.id in {a.id for a in found} else found.append(alert)
    )
    return found


def two_tables(monkeypatch: pytest.MonkeyPatch, first: str = "first_target", own: Table | None = None) -> None:
    """Give the source another table before its own, or before another contract of that."""
    contracts = load_contracts()
    (known,) = contracts.source_tables(SOURCE)
    other = replace(known, name=first, dataset=replace(known.dataset or Dataset("", "json"), prefix=f"{first}/"))
    tables = {first: other, TABLE: own or known}

    class Contracts:
        def source(self, name: str) -> Any:
            return contracts.source(name)

        def source_tables(self, _: str) -> list[Table]:
            return list(tables.values())

        def table(self, wanted: Any) -> Table:
            return tables[wanted.name]

        def star_tables(self, name: str) -> tuple[Table, ...]:
            return contracts.star_tables(name)

    for place in (module, batch_module):
        monkeypatch.setattr(place, "load_contracts", Contracts)


def put_first(files: Files, name: str) -> None:
    """Write a file of the other table."""
    files.s3.put_object(Bucket=files.bucket, Key=f"first_target/{name}", Body=b"[]")


def test_an_archived_file_fails_no_later_run_and_holds_back_no_other_table(
    files: Files, bad: dict[str, str], alerts: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_tables(monkeypatch)
    bad["old.json"] = ARCHIVED
    put_first(files, "old.json")
    for month in range(1, 6):
        files.put(f"{month}.json", [target(month)])
    assert len(files.amounts(files.run())) == 5
    assert files.run() is None and files.run() is None
    files.put("6.json", [target(6)])
    assert files.amounts(files.run()) == {6: ("I", "100.00")}
    assert len(alerts) == 1 and "first_target/old.json is archived" in alerts[0].body
    bad.clear()
    found = files.run()
    assert found is not None and Bookmark.of(found).position["tables"]["first_target"]["rows"] == 1  # type: ignore[index]
    assert "unread" not in Bookmark.of(found).position  # type: ignore[operator]


def test_a_file_alone_that_cannot_be_read_is_told_and_fails_nothing(
    files: Files, bad: dict[str, str], alerts: list[Alert]
) -> None:
    bad[".json"] = ARCHIVED
    files.put("a.json", [target()])
    first = files.run()
    assert first is not None and files.run() is None and len(alerts) == 1
    files.put("a.json", [target(2)])
    assert files.run() is not None and len(alerts) == 2


def test_a_file_that_cannot_be_read_is_reason_for_a_run_once_a_day(
    files: Files, bad: dict[str, str], alerts: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad["a.json"] = ARCHIVED
    for name in ("a.json", "b.json"):
        files.put(name, [target()])
    files.run()
    hour = moments.now().hour
    for at, news in ((hour, True), ((hour + 12) % 24, False)):
        monkeypatch.setattr(look_module, "_AGAIN_HOUR", at)
        look = files.look()
        assert look.taken == "1 files" and look.waits == "1 files cannot be read as they are: sales_target/a.json"
        assert look.news == (look.waits if news else "")


def test_many_files_that_cannot_be_read_keep_no_good_one_from_being_taken(
    files: Files, bad: dict[str, str], alerts: list[Alert]
) -> None:
    bad[".old.json"] = ARCHIVED
    for number in range(25):
        files.put(f"{number:02d}.old.json", [target()])
    for month in range(1, 4):
        files.put(f"x{month}.json", [target(month)])
    assert len(files.amounts(files.run())) == 3
    assert [alert.subject for alert in alerts] == ["25 files of targets.sales_target cannot be read"]
    assert "00.old.json" in alerts[0].body and "... and 15 more" in alerts[0].body


def test_a_second_file_of_another_reason_is_told_too(files: Files, bad: dict[str, str], alerts: list[Alert]) -> None:
    files.put("a.json", [target()])
    files.put("b.json", [target()])
    bad["b.json"] = ARCHIVED
    files.run()
    files.put("c.json", [target()])
    bad["c.json"] = DENIED
    assert files.run() is not None
    assert ["b.json" in alert.body for alert in alerts] == [True, False] and "c.json" in alerts[1].body
    assert files.run() is None and len(alerts) == 2


def test_a_backfill_keeps_what_was_taken_and_cannot_be_read_now(
    files: Files, bad: dict[str, str], alerts: list[Alert]
) -> None:
    for month in (1, 2, 3):
        files.put(f"{month}.json", [target(month)])
    files.run()
    bad["1.json"] = ARCHIVED
    assert files.run(bookmark="disable") is None
    assert files.look().news == "" and len(alerts) == 1
    bad["2.json"] = "SlowDown"
    files.run(bookmark="disable")
    assert "2.json" in files.look().news and "1.json" not in files.look().news


@pytest.mark.parametrize(("code", "error"), [(DENIED, SourceError), ("SlowDown", RetriableError)])
def test_what_keeps_the_whole_source_from_giving_anything_fails_the_run(
    files: Files, bad: dict[str, str], alerts: list[Alert], code: str, error: type[Exception]
) -> None:
    bad[".json"] = code
    for month in range(1, 4):
        files.put(f"{month}.json", [target(month)])
    for _ in range(2):
        with pytest.raises(error):
            files.run()
    assert alerts == []


def test_a_table_that_cannot_be_listed_holds_back_no_other(
    files: Files, alerts: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_tables(monkeypatch)
    put_first(files, "a.json")
    first = files.run()
    listed = S3Store.list

    def refused(self: S3Store, prefix: str, after: str = "") -> Any:
        if prefix.startswith("first_target"):
            raise LakeError("ListObjectsV2 failed with AccessDenied")
        return listed(self, prefix, after)

    monkeypatch.setattr(S3Store, "list", refused)
    files.put("a.json", [target()])
    second = files.run()
    assert files.amounts(second) == {1: ("I", "100.00")}
    assert first is not None and second is not None
    before, after = (Bookmark.of(found).position["tables"]["first_target"] for found in (first, second))  # type: ignore[index]
    assert before == after and ["cannot be listed" in alert.subject for alert in alerts] == [True]
    with pytest.raises(SourceError, match="cannot be listed"):
        files.run()
