"""Where every step of a source stands, from the logs alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.batches import IDENTITY, bookmark, captured
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import TableCommit
from totelake.lake.records.batch import Batch, BlockedTable
from totelake.lake.records.holds import BUILD, Hold, Holds
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, HeldEvents, SourceVerdict, TableStanding, Verdict
from totelake.operate.held import HeldTable
from totelake.operate.positions import Positions, SourceTable, read
from totelake.operate.reconcile.finding import EQUAL, HELD, IN_PROGRESS
from totelake.operate.reconcile.position import compare_position
from totelake.ports.memory import MemoryStore
from totelake.schemas.changes import missing_table

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
NAMES = [table.name for table in load_contracts().star_tables()]


class Lake:
    """Both buckets in memory."""

    def __init__(self) -> None:
        self.ingestion, self.processed = MemoryStore("ingestion"), MemoryStore("processed")

    def positions(self, source: str = SOURCE) -> Positions:
        return read(self.ingestion, self.processed, load_contracts(), source, None)

    def judge(self, source: str, through: int) -> None:
        log = CommitLog(self.ingestion, LOG)
        newest = log.newest()
        sources = {**Verdict.of(newest).sources, source: SourceVerdict(through)}
        assert log.commit(Verdict(sources=sources).manifest(log.attempt(newest, "jr"), NOON))

    def build(self, name: str, through: int) -> None:
        commit = replace(StarCommit.of(load_contracts().star(name), None), through=through)
        assert CommitLog(self.processed, name).commit(commit.manifest(Attempt.new(name, 1, "jr"), NOON))


@pytest.fixture
def lake() -> Lake:
    """Two tables captured, one of them blocked since."""
    found = Lake()
    blocked = {
        "staff": BlockedTable(missing_table("staff"), "there is no table staff", 2),
        "currency": BlockedTable(missing_table("currency"), "there is no table currency", 1),
    }
    tables = {"design": captured(search="window", why="1 row"), "staff": captured(), "payment": captured()}
    batch = Batch(bookmark(3, tables, blocked=blocked), {"design": TableCommit(rows=7)})
    assert CommitLog(found.ingestion, SOURCE).commit(batch.manifest(Attempt.new(SOURCE, 3, "jr"), NOON))
    return found


def test_an_empty_lake_has_no_positions() -> None:
    empty = Positions(None, "", "", {}, (), None, dict.fromkeys(NAMES), None)
    assert Lake().positions() == empty


def test_the_newest_batch_says_how_each_table_was_searched_and_which_is_blocked(lake: Lake) -> None:
    found = lake.positions()
    assert (found.batch, found.captured_at, found.snapshot) == (3, "2026-11-24T05:00:00+00:00", "300:305:")
    assert found.identity == {
        "system": IDENTITY.system, "timeline": 2, "in_recovery": False, "lsn": 9, "version": 150018, "dbname": SOURCE,
        "started": "09:00",
    }  # fmt: skip
    assert found.tables == (
        SourceTable("design", 10, "window", "1 row", 7),
        SourceTable("payment", 10, "nothing", "", 0),
        SourceTable("staff", 10, "not captured", "since batch 2: there is no table staff", 0),
        SourceTable("currency", 0, "not captured", "since batch 1: there is no table currency", 0),
    )


def test_each_step_has_a_position_of_its_own(lake: Lake) -> None:
    lake.judge(SOURCE, 2)
    lake.build("fact_payment", 1)
    found = lake.positions()
    assert (found.judged, found.built) == (2, {**dict.fromkeys(NAMES), "fact_payment": 1})
    assert found.document()["judged"] == 2


def test_what_was_judged_of_another_source_is_no_position_of_this_one(lake: Lake) -> None:
    lake.judge("warehouse_feed", 9)
    assert lake.positions().judged is None
    lake.judge(SOURCE, 3)
    assert lake.positions().judged == 3


def test_what_holds_a_star_table_is_said_with_what_waits(lake: Lake) -> None:
    events = {2: HeldEvents(2, "t", 3), 3: HeldEvents(3, "t", 1)}
    log, verdicts = CommitLog(lake.processed, HOLDS), CommitLog(lake.ingestion, LOG)
    holds = Holds({BUILD: {"dim_design": Hold(2, "it broke", "code", "2026-11-24T10:05:00+00:00", events)}})
    assert log.commit(holds.manifest(log.attempt(None, "jr"), NOON))
    standings = {"payment": TableStanding(held={3: events[3]})}
    verdict = Verdict(sources={SOURCE: SourceVerdict(3, standings)})
    assert verdicts.commit(verdict.manifest(verdicts.attempt(None, "jr"), NOON))
    found = {(item.table, item.step): item for item in lake.positions().held}
    assert set(found) == {("dim_date", "verdict"), ("dim_design", BUILD), ("fact_payment", "verdict")}
    assert str(found["dim_design", BUILD]) == (
        "not built from batch 2 on (since 2026-11-24 10:05 UTC), 4 events wait: it broke"
    )
    said = str(found["fact_payment", "verdict"])
    assert said.startswith(
        f"not accepted from batch 3 on (since t UTC), 1 event waits: the schema of {SOURCE}.payment breaks its"
    )
    assert lake.positions().document()["held"][1] == {
        "table": "dim_design", "step": "build", "since": 2, "events": 4, "reason": "it broke",
        "at": "2026-11-24T10:05:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("built", "applied", "is_held", "outcome"),
    [(3, 3, False, EQUAL), (3, 2, False, IN_PROGRESS), (2, None, False, IN_PROGRESS), (2, 2, True, HELD)],
)
def test_a_reconciliation_says_which_star_table_is_behind(
    built: int, applied: int | None, is_held: bool, outcome: str
) -> None:
    held = (HeldTable("dim_design", BUILD, 3, 4, "it broke"),) if is_held else ()
    design, staff = load_contracts().star("dim_design"), load_contracts().star("dim_staff")
    loaded = None if applied is None else {"dim_design": applied, "dim_staff": 3}
    positions = replace(Lake().positions(), built={"dim_design": built, "dim_staff": 3}, applied=loaded, held=held)
    found = compare_position(design, 3, positions)
    assert (found.outcome, "it broke" in found.detail) == (outcome, is_held)
    assert compare_position(staff, 3, positions).outcome == EQUAL
