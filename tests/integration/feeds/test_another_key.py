"""A dataset whose contract gets another key is blocked until the key is as before; the others go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.integration.feeds.conftest import SOURCE, TABLE, Files, target
from tests.integration.feeds.test_unreadable_files import two_tables
from totelake.capture.detect import moves
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.lake.records.batch import Bookmark
from totelake.runtime import moments


def keyed(names: Sequence[str]) -> Table:
    """The dataset's contract with a key of these columns; without any, its own, of one number."""
    (table,) = load_contracts().source_tables(SOURCE)
    if not names:
        return table
    columns = [
        replace(item, primary_key=item.name in names, key_position=[*names, item.name].index(item.name) + 1)
        for item in table.columns
        if not item.number_of
    ]
    return replace(table, columns=tuple(columns))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], ["month", "department", "currency"]),
        (["month", "department", "currency"], []),
        (["department", "month"], ["month", "department"]),
        (["department"], ["currency"]),
        (["department"], ["department", "currency"]),
    ],
)
def test_a_dataset_of_another_key_is_blocked_and_the_others_go_on(
    files: Files, monkeypatch: pytest.MonkeyPatch, before: list[str], after: list[str]
) -> None:
    two_tables(monkeypatch, own=keyed(before))
    files.put("a.json", [target()])
    assert len(files.rows(files.run())) == 1
    two_tables(monkeypatch, own=keyed(after))
    files.put("b.json", [target(2, department="HR", currency="USD")])
    files.s3.put_object(Bucket=files.bucket, Key="first_target/a.json", Body=b"[]")
    assert "was taken under the key" in files.look(keyed(after)).news
    found = files.run()
    assert found is not None and not found.tables
    bookmark = Bookmark.of(found)
    assert "cannot be matched to the new one" in bookmark.blocked[TABLE].why
    assert bookmark.position["tables"]["first_target"]["rows"] == 1  # type: ignore[index]
    assert files.run() is None and files.look(keyed(after)).news == ""
    assert files.look(keyed(after)).waits == bookmark.blocked[TABLE].why
    two_tables(monkeypatch, own=keyed(before))
    assert "b.json" in files.look(keyed(before)).news
    assert [(row["_op"], row["month"].month) for row in files.rows(files.run())] == [("I", 2)]
    assert Bookmark.of(files.log.newest()).blocked == {}


def test_a_backfill_of_a_blocked_dataset_is_done_when_its_key_is_back(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.put("a.json", [target()])
    files.run()
    two_tables(monkeypatch, own=keyed(["department", "currency"]))
    moves.reset(files.log, "by-hand", moments.now())
    files.run()
    assert files.run() is None
    two_tables(monkeypatch)
    assert "a.json" in files.look().news and files.run() is not None
    assert files.look().news == "" and Bookmark.of(files.log.newest()).blocked == {}
