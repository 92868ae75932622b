"""A night over several sources: each has ledgers and verdicts of its own, and one that fails keeps no other waiting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.conftest import SOURCE
from tests.unit.operate.batches import bookmark, captured
from tests.unit.operate.jobs import OTHER, two_sources
from tests.unit.operate.maintain.nights import INGESTION, NIGHT, Buckets, night
from totelake.capture.ledger.files import BaseWriter, Entries, write_delta
from totelake.capture.ledger.ledger import Ledger
from totelake.contracts import TableId
from totelake.errors import LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.objects import ObjectWriter
from totelake.lake.records.batch import Batch, Bookmark, LedgerFiles
from totelake.lake.records.marks import MAINTENANCE, MaintenanceMark
from totelake.lake.records.verdict import LOG, SourceVerdict, Verdict
from totelake.operate.maintain import job as maintaining
from totelake.operate.maintain import recover
from totelake.operate.maintain.ledgers import NIGHTLY
from totelake.ports.object_store import ObjectStore
from totelake.ports.schema_catalog import Document
from totelake.registry import finish

TODAY, TOMORROW = "2026-11-24", "2026-11-25"


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> Buckets:
    """Empty buckets, and contracts of two sources."""
    contracts = two_sources()
    for module in (maintaining, recover, finish):
        monkeypatch.setattr(module, "load_contracts", lambda: contracts)
    return Buckets()


def array(kind: Any, *values: int) -> np.ndarray:
    return np.array(values, dtype=kind)


def ledger(store: ObjectStore, attempt: Attempt) -> LedgerFiles:
    """The ledger of keys 1 and 3: a base of 1 and 2, a delta that adds 3 and takes 2 away."""
    base = BaseWriter(ObjectWriter(store, attempt.state_key(f"{attempt.log}/design", ".parquet")))
    base.write(array(np.int64, 1, 2), array(np.uint64, 10, 20))
    change = Entries.of(array(np.int64, 2, 3), array(np.uint64, 0, 30), array(np.int8, -1, 1))
    delta = ObjectWriter(store, attempt.state_key(f"{attempt.log}/design", "-delta.parquet"))
    return LedgerFiles(base.store(), (write_delta(delta, change),))


def capture(buckets: Buckets, source: str, keys: int = 2) -> None:
    """A first batch with a ledger; its state counts so many keys."""
    store, attempt = buckets.stores[INGESTION], Attempt.new(source, 1, "jr")
    state = captured(keys=keys, deferred=0, ledger=ledger(store, attempt))
    assert CommitLog(store, source).commit(Batch(bookmark(1, {"design": state})).manifest(attempt, NIGHT))


def newest(buckets: Buckets, source: str) -> Bookmark:
    return Bookmark.of(CommitLog(buckets.stores[INGESTION], source).newest())


def mark(buckets: Buckets) -> MaintenanceMark:
    return MaintenanceMark.of(CommitLog(buckets.stores[INGESTION], MAINTENANCE).newest())


def test_the_ledgers_of_each_source_are_written_anew_once_a_night(buckets: Buckets) -> None:
    for source in (SOURCE, OTHER):
        capture(buckets, source)
    folded = {TableId(source, "design"): 1 for source in (SOURCE, OTHER)}
    assert night(buckets, dry_run=True).folded == night(buckets).folded == folded
    for source in (SOURCE, OTHER):
        found = newest(buckets, source)
        state = found.tables["design"]
        assert (found.batch, found.compare, state.ledger.deltas) == (2, NIGHTLY, ())
        ((keys, hashes),) = Ledger(buckets.stores[INGESTION], state.ledger).chunks()
        assert (keys.tolist(), hashes.tolist()) == ([1, 3], [10, 30])
    assert mark(buckets).nights == {SOURCE: TODAY, OTHER: TODAY}
    assert night(buckets).folded == {}
    assert newest(buckets, SOURCE).batch == 2
    buckets.now += timedelta(days=1)
    night(buckets)
    assert newest(buckets, OTHER).batch == 3
    assert mark(buckets).nights == {SOURCE: TOMORROW, OTHER: TOMORROW}


def test_a_source_whose_ledger_is_damaged_fails_the_run_after_the_others_and_is_tried_again(buckets: Buckets) -> None:
    capture(buckets, SOURCE, keys=7)
    capture(buckets, OTHER)
    said = f"the ledger of {SOURCE}.design has 2 keys where its bookmark counts 7; nothing was changed, let the table"
    for _ in range(2):
        with pytest.raises(LakeError, match=said):
            night(buckets)
        assert (newest(buckets, SOURCE).batch, newest(buckets, OTHER).batch) == (1, 2)
        assert mark(buckets).nights == {OTHER: TODAY}


def test_a_source_that_has_no_batch_yet_needs_nothing(buckets: Buckets) -> None:
    capture(buckets, OTHER)
    night(buckets)
    assert (newest(buckets, SOURCE), newest(buckets, OTHER).batch) == (Bookmark(), 2)


def judge(buckets: Buckets, source: str) -> None:
    """A verdict that accepts one object, which is neither copied nor registered."""
    log = CommitLog(buckets.stores[INGESTION], LOG)
    before = log.newest()
    attempt = log.attempt(before, "jr")
    item = LakeObject(attempt.staged_key("design", "0.parquet"), f"{source}/design/1.parquet", 1, 1, "", {"day": "1"})
    buckets.store(INGESTION, item.staged, 0)
    carried = {name: said.carried() for name, said in Verdict.of(before).sources.items()}
    objects = {(source, 1, "design"): TableCommit((item,), 1)}
    verdict = Verdict(sources={**carried, source: SourceVerdict(1)}, objects=objects)
    assert log.commit(verdict.manifest(attempt, NIGHT))


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The verdicts that a night finished, and the crawlers that may register their tables."""
    found: list[tuple[int, str]] = []

    def finish_verdict(registration: Any, manifest: Any, crawler: Any) -> None:
        found.append((manifest.number, crawler.name))

    monkeypatch.setattr(finish.Registration, "finish_verdict", finish_verdict)
    return found


def test_the_verdicts_of_each_source_are_finished_with_its_crawler(
    buckets: Buckets, finished: list[tuple[int, str]]
) -> None:
    judge(buckets, SOURCE)
    judge(buckets, OTHER)
    lacks = {f"ingestion/{LOG}": {1: "1 objects, partitions of design", 2: f"1 objects, partitions of {OTHER}_design"}}
    assert (night(buckets, dry_run=True).recovered, finished) == (lacks, [])
    assert night(buckets).recovered == lacks
    assert finished == [(1, f"c-{SOURCE}"), (2, f"c-{OTHER}")]


def test_a_table_whose_partitions_nobody_may_read_keeps_no_other_verdict_from_being_finished(
    buckets: Buckets, finished: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(buckets, SOURCE)
    judge(buckets, OTHER)
    read = buckets.tables[0].partitions

    def partitions(name: str) -> Iterator[Document]:
        if name == "design":
            raise LakeError("GetPartitions failed with AccessDeniedException: no")
        return read(name)

    monkeypatch.setattr(buckets.tables[0], "partitions", partitions)
    night(buckets)
    assert finished == [(1, f"c-{SOURCE}"), (2, f"c-{OTHER}")]


def test_the_verdicts_of_a_source_without_contract_are_left_as_they_are(
    buckets: Buckets, finished: list[tuple[int, str]]
) -> None:
    judge(buckets, "former")
    judge(buckets, OTHER)
    assert list(night(buckets).recovered[f"ingestion/{LOG}"]) == [2]
    assert finished == [(2, f"c-{OTHER}")]
