"""Ledgers written anew over night: the same keys and hashes, and the next run compares everything."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import Source, insert_designs
from totelake.capture.ledger.ledger import Ledger
from totelake.capture.ledger.merge import OrderedReader
from totelake.contracts.model import TableId
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.lake.records.batch import Bookmark, TableState
from totelake.operate.maintain.job import Report, maintain_lake
from totelake.operate.maintain.ledgers import NIGHTLY
from totelake.runtime import open_job
from totelake.runtime.job_arguments import MaintainArguments, parse_arguments

pytestmark = pytest.mark.integration
DESIGN = TableId(SOURCE, "design")


def night(source: Source, **more: str) -> Report:
    given = {
        "ingestion_bucket": source.bucket,
        "processed_bucket": source.bucket,
        "ingestion_database": "i",
        "processed_database": "p",
        "crawlers": "c",
        **more,
    }
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    with open_job(parse_arguments(["script", *words], MaintainArguments)) as job:
        return maintain_lake(job)


def ledgers(source: Source) -> dict[str, tuple[list[int], list[int]]]:
    """What every table's ledger in the newest commit holds."""
    found = {}
    for name, state in Bookmark.of(source.log().newest()).tables.items():
        keys, hashes = OrderedReader(Ledger(source.store, state.ledger).chunks()).take()
        found[name] = (keys.tolist(), hashes.tolist())
        assert len(keys) == state.keys
    return found


@pytest.fixture
def grown(filled: Source) -> Source:
    """A source whose ledger of designs has three deltas: insertions, an edit, a deletion."""
    for statement in (
        insert_designs(201, 210),
        "UPDATE design SET file_name = 'changed' WHERE design_id = 7",
        "DELETE FROM design WHERE design_id = 8",
    ):
        filled.sql(statement)
        filled.run()
    assert len(newest_state(filled).ledger.deltas) == 3
    return filled


def newest_state(source: Source) -> TableState:
    return source.bookmark().tables["design"]


def test_a_folded_ledger_holds_what_base_and_deltas_held(grown: Source) -> None:
    before, number = ledgers(grown), grown.log().newest_number()
    report = night(grown)
    newest = grown.log().newest()
    assert newest is not None
    assert (newest.number, newest.kind, dict(newest.tables)) == ((number or 0) + 1, BOOKMARK, {})
    assert (newest_state(grown).ledger.deltas, report.folded) == ((), {DESIGN: 3})
    assert ledgers(grown) == before
    assert len(before["design"][0]) == 209


def test_the_next_run_compares_every_table_and_the_one_after_none(grown: Source) -> None:
    night(grown)
    manifest = grown.run()
    assert manifest is not None and manifest.kind == BOOKMARK
    assert {(state.search, state.why) for state in Bookmark.of(manifest).tables.values()} == {("whole", NIGHTLY)}
    assert grown.run() is None


def test_changes_after_the_fold_are_captured_once(grown: Source) -> None:
    night(grown)
    grown.sql("UPDATE design SET file_name = 'again' WHERE design_id = 7", "DELETE FROM design WHERE design_id = 9")
    assert grown.changes(grown.run(), "design") == [("U", 7), ("D", 9)]
    assert grown.replayed("design") == grown.content("design")
    assert grown.run() is None


def test_a_second_run_in_the_same_night_commits_nothing(grown: Source) -> None:
    night(grown)
    number = grown.log().newest_number()
    grown.run()
    assert night(grown).folded == {}
    assert grown.log().newest_number() == (number or 0) + 1


def test_a_dry_run_says_what_would_be_folded_and_writes_nothing(grown: Source) -> None:
    keys = grown.s3.list_objects_v2(Bucket=grown.bucket)["KeyCount"]
    assert night(grown, dry_run="true").folded == {DESIGN: 3}
    assert grown.s3.list_objects_v2(Bucket=grown.bucket)["KeyCount"] == keys


def test_a_run_that_commits_meanwhile_is_not_lost(grown: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, met = CommitLog.commit, list[int]()

    def overtaken(log: CommitLog, manifest: Manifest) -> bool:
        is_fold = log.log == SOURCE and manifest.kind == BOOKMARK
        if is_fold and not met:
            met.append(manifest.number)
            grown.sql(insert_designs(300, 303))
            grown.run()
        return commit(log, manifest)

    monkeypatch.setattr(CommitLog, "commit", overtaken)
    night(grown)
    assert met and grown.log().newest_number() == met[0] + 1
    assert 303 in ledgers(grown)["design"][0]
    assert newest_state(grown).ledger.deltas == ()
    grown.run()
    assert grown.replayed("design") == grown.content("design")


def test_a_fold_that_is_always_overtaken_gives_up_and_says_so(grown: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = CommitLog.commit
    monkeypatch.setattr(CommitLog, "commit", lambda log, manifest: log.log != SOURCE and commit(log, manifest))
    with pytest.raises(
        SystemExit, match=r"RetriableError: other runs committed to the log totesys first, 5 times; run the job"
    ):
        night(grown)


def test_a_ledger_with_other_keys_than_its_bookmark_counts_is_left_alone(
    grown: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, chunks = grown.log().newest_number(), Ledger.chunks
    monkeypatch.setattr(Ledger, "chunks", lambda self: ((keys[1:], hashes[1:]) for keys, hashes in chunks(self)))
    with pytest.raises(SystemExit, match=r"LakeError: the ledger of totesys.design has 208 keys where .* counts 209;"):
        night(grown)
    assert grown.log().newest_number() == number


def test_deletions_that_wait_stay_known_through_the_fold(grown: Source) -> None:
    grown.sql("DELETE FROM design WHERE design_id < 190")
    grown.run()
    before = ledgers(grown)
    night(grown)
    assert ledgers(grown) == before
    assert newest_state(grown).deferred > 100
    manifest = grown.run(allow_deletes="design")
    assert len(grown.events(manifest, "design")) == 188
    assert grown.replayed("design") == grown.content("design")
