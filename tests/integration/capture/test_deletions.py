"""The circuit breaker: deletions of many rows at once wait until somebody allows them, and those beside them too."""

from __future__ import annotations

import pytest

from tests.integration.capture.conftest import Source, insert_designs, state_of

pytestmark = pytest.mark.integration


def test_many_deletions_at_once_wait_until_they_are_allowed(filled: Source) -> None:
    filled.sql("DELETE FROM design WHERE design_id > 50")
    manifest = filled.run()
    assert filled.changes(manifest, "design") == []
    assert state_of(manifest).deferred == 150
    assert filled.run() is None
    filled.sql("UPDATE design SET design_name = 'B' WHERE design_id = 1")
    assert filled.changes(filled.run(), "design") == [("U", 1)]
    allowed = filled.run(allow_deletes="design")
    assert allowed is not None and allowed.tables["design"].deletes == 150
    assert filled.replayed("design") == filled.content("design")


@pytest.mark.parametrize("bookmark", ["enable", "disable"])
def test_deletions_that_wait_do_not_pass_because_the_table_grew(filled: Source, bookmark: str) -> None:
    filled.sql("DELETE FROM design WHERE design_id <= 150")
    filled.run()
    for last in (3000, 4000):
        filled.sql(insert_designs(last - 999, last))
        manifest = filled.run(bookmark=bookmark)
        assert state_of(manifest).deferred == 150
        assert {operation for operation, _ in filled.changes(manifest, "design")} == {"I"}
    allowed = filled.run(allow_deletes="design")
    assert allowed is not None and allowed.tables["design"].deletes == 150
    assert filled.replayed("design") == filled.content("design")


@pytest.mark.parametrize("bookmark", ["enable", "disable"])
def test_a_deletion_beside_some_that_wait_waits_with_them_and_the_log_says_so(
    filled: Source, bookmark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.sql("DELETE FROM design WHERE design_id <= 150")
    filled.run()
    filled.sql(insert_designs(2001, 4000), "DELETE FROM design WHERE design_id = 200")
    manifest = filled.run(bookmark=bookmark)
    assert manifest is not None and (manifest.tables["design"].inserts, manifest.tables["design"].deletes) == (2000, 0)
    said = capsys.readouterr()
    assert "design: 151 deletions are held back, too many at once or beside others" in said.out + said.err
    remedy = (
        "`totelake run --allow-deletes totesys.design` (the job's argument --allow_deletes) then lets all of them pass"
    )
    assert remedy in said.out + said.err
    allowed = filled.run(allow_deletes="totesys.design")
    assert allowed is not None and allowed.tables["design"].deletes == 151
    filled.sql("DELETE FROM design WHERE design_id = 199")
    assert filled.changes(filled.run(), "design") == [("D", 199)]
    assert filled.replayed("design") == filled.content("design")


@pytest.mark.parametrize("bookmark", ["enable", "disable"])
def test_rows_that_come_in_the_same_run_do_not_hide_that_all_others_are_gone(source: Source, bookmark: str) -> None:
    source.sql(insert_designs(1, 50))
    source.run()
    source.sql("TRUNCATE design", insert_designs(101, 150))
    manifest = source.run(bookmark=bookmark)
    assert {operation for operation, _ in source.changes(manifest, "design")} == {"I"}
    assert state_of(manifest).deferred == 50


def test_deletions_that_wait_are_forgotten_when_their_rows_are_back(filled: Source) -> None:
    filled.sql("CREATE TABLE kept AS TABLE design", "DELETE FROM design WHERE design_id <= 150")
    filled.run()
    filled.sql("INSERT INTO design SELECT * FROM kept WHERE design_id <= 150")
    assert filled.changes(filled.run(), "design") == []
    filled.sql("DELETE FROM design WHERE design_id = 7")
    assert filled.changes(filled.run(), "design") == [("D", 7)]


def test_a_table_that_is_emptied_is_no_deletion_until_it_is_allowed(filled: Source) -> None:
    filled.sql("TRUNCATE design")
    assert filled.changes(filled.run(), "design") == []
    filled.sql(insert_designs(1, 200))
    assert filled.changes(filled.run(), "design") == []
    assert filled.run() is None
