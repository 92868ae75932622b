"""What a look decides by: which runs did not succeed, and which commits of a source the next step has not taken."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import NOON, OTHER, OTHER_STAR, ZONES, MemoryJob, node, run, two_sources
from totelake.contracts import Contracts, TableId, load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.records.holds import BUILD, LOAD, Hold, Holds
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.marks import LOADED, remember_load
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, HeldEvents, SourceVerdict, TableStanding, Verdict
from totelake.operate import watch as watching
from totelake.operate.watch import describe, pending_commits
from totelake.runtime.fingerprint import fingerprint_of
from totelake.runtime.job_arguments import WatchArguments
from totelake.runtime.run_reports import report
from totelake.schemas.changes import COLUMN_REMOVED, Change
from totelake.schemas.columns import Columns, SourceColumn

LOST = "localglue was ended during this run; resume it, or start the workflow again"
ARGUMENTS = WatchArguments(source=SOURCE, source_secret="secret", prefix="shop", **ZONES)
WORKFLOW = f"shop-refresh-{SOURCE}"


@pytest.mark.parametrize(
    ("described", "problems"),
    [
        (run("COMPLETED", node("a", "SUCCEEDED"), node("b", "SUCCEEDED")), []),
        (run("COMPLETED", node("a", "FAILED", "SUCCEEDED")), []),
        (run("RUNNING", node("a", "FAILED"), node("b")), []),
        (run("COMPLETED", node("a", "FAILED"), node("b")), ["a FAILED: it broke"]),
        (run("COMPLETED", node("a", "SUCCEEDED", "TIMEOUT")), ["a TIMEOUT: it broke"]),
        (run("COMPLETED", node("a", "SUCCEEDED"), node("b")), ["COMPLETED, b did not run"]),
        (run("COMPLETED", node("a", "SUCCEEDED"), node("b"), ErrorMessage=LOST), ["COMPLETED, b did not run", LOST]),
        (run("COMPLETED", node("a", "SUCCEEDED"), ErrorMessage=LOST), ["COMPLETED", LOST]),
        (run("STOPPED", node("a", "SUCCEEDED")), ["STOPPED"]),
        (run("ERROR"), ["ERROR"]),
    ],
)
def test_what_did_not_succeed_in_a_run(described: dict[str, Any], problems: list[str]) -> None:
    assert list(report(described).problems) == problems


class Lake:
    """Both buckets as the logs see them."""

    def __init__(self, contracts: Contracts | None = None) -> None:
        self.job = MemoryJob(ARGUMENTS)
        self.contracts = contracts or load_contracts()

    def judge(self, through: int, source: str = SOURCE, **standings: TableStanding) -> None:
        """A verdict up to a batch of a source."""
        log = CommitLog(self.job.ingestion, LOG)
        newest = log.newest()
        sources = {name: item.carried() for name, item in Verdict.of(newest).sources.items()}
        verdict = Verdict(sources={**sources, source: SourceVerdict(through, standings)})
        assert log.commit(verdict.manifest(log.attempt(newest, "jr"), NOON))

    def build(self, name: str, through: int) -> None:
        """A commit of a star table that takes its source to a batch."""
        log, table = CommitLog(self.job.processed, name), self.contracts.star(name)
        newest = log.newest()
        commit = replace(StarCommit.of(table, newest), through=through)
        assert log.commit(commit.manifest(log.attempt(newest, "jr"), NOON))

    def build_all(self, through: int, source: str = SOURCE) -> None:
        """A commit of every star table of a source."""
        for table in self.contracts.star_tables(source):
            self.build(table.name, through)

    def load(self, number: int, source: str = SOURCE) -> None:
        """What a load of every table's commits up to a number notes."""
        commits = {table.name: number for table in self.contracts.star_tables(source)}
        remember_load(CommitLog(self.job.processed, LOADED), commits, "jr", NOON)

    def pending(self, newest: int, source: str = SOURCE) -> list[str]:
        """What a look at a source finds when its newest batch is this."""
        job = MemoryJob(replace(ARGUMENTS, source=source))
        job.ingestion, job.processed = self.job.ingestion, self.job.processed
        return pending_commits(job, newest)


@pytest.fixture
def lake() -> Lake:
    """One batch, judged, built and loaded."""
    found = Lake()
    found.judge(1)
    found.build_all(1)
    found.load(1)
    return found


def test_an_empty_lake_has_nothing_pending() -> None:
    assert Lake().pending(0) == []


def test_a_loaded_batch_is_not_pending(lake: Lake) -> None:
    assert lake.pending(1) == []


def test_a_batch_without_verdict_is_pending(lake: Lake) -> None:
    assert lake.pending(3) == ["batches 2 to 3 await their verdict"]


def test_a_verdict_that_is_not_built_is_pending(lake: Lake) -> None:
    lake.judge(2)
    names = [table.name for table in load_contracts().star_tables()]
    assert lake.pending(2) == [f"{name} is built to batch 1 of 2" for name in names]


def test_star_commits_that_no_load_has_taken_are_pending_until_one_has(lake: Lake) -> None:
    lake.judge(2)
    lake.build_all(2)
    names = [table.name for table in load_contracts().star_tables()]
    assert lake.pending(2) == [f"{name} is loaded to commit 1 of 2" for name in names]
    lake.load(2)
    assert lake.pending(2) == []


def test_rows_that_left_the_quarantine_are_pending_until_a_load_has_taken_them(lake: Lake) -> None:
    lake.build("fact_payment", 1)
    assert lake.pending(1) == ["fact_payment is loaded to commit 1 of 2"]


# what the table was held for, as its verdict says
CHANGE = Change("design", "file_name", COLUMN_REMOVED, "text", "")


def columns_of(table: str) -> Columns:
    """A source table's columns as its contract states them."""
    columns = load_contracts().table(TableId(SOURCE, table)).columns
    return tuple(SourceColumn(item.name, item.type, item.required, item.enum) for item in columns)


@pytest.mark.parametrize(
    ("schema", "pending"),
    [(columns_of("design"), ["design fits its contract again, 2 held batches wait"]), (columns_of("design")[:-1], [])],
    ids=["the contract was corrected", "it still breaks it"],
)
def test_what_a_table_holds_is_pending_only_once_it_is_released(
    lake: Lake, schema: Columns, pending: list[str]
) -> None:
    held = {number: HeldEvents(number, NOON.isoformat(), 3) for number in (2, 3)}
    standing = TableStanding(schema=schema, changes=(CHANGE,), held=held)
    lake.judge(3, design=standing, gone=standing)
    lake.build_all(3)
    lake.load(2)
    assert lake.pending(3) == pending


def test_a_star_table_is_due_up_to_the_batch_before_the_first_that_is_held(lake: Lake) -> None:
    held = {3: HeldEvents(3, NOON.isoformat(), 1)}
    lake.judge(3, design=TableStanding(schema=columns_of("staff"), changes=(CHANGE,), held=held))
    assert "dim_design is built to batch 1 of 2" in lake.pending(3)
    assert "dim_staff is built to batch 1 of 3" in lake.pending(3)


@pytest.mark.parametrize("step", [BUILD, LOAD])
@pytest.mark.parametrize("is_same", [True, False], ids=["as it failed", "code or contract changed"])
def test_a_star_table_that_failed_is_a_reason_to_start_a_run_only_when_code_or_contract_has_changed(
    lake: Lake, step: str, is_same: bool
) -> None:
    lake.judge(2)
    lake.build_all(2)
    lake.load(2)
    lake.judge(3)
    for table in lake.contracts.star_tables(SOURCE):
        if table.name != "dim_design" or step == LOAD:
            lake.build(table.name, 3)
        if table.name != "dim_design":
            remember_load(CommitLog(lake.job.processed, LOADED), {table.name: 3}, "jr", NOON)
    design = lake.contracts.star("dim_design")
    print_of_then = fingerprint_of(design, lake.contracts) if is_same else "another release"
    log = CommitLog(lake.job.processed, HOLDS)
    holds = Holds({step: {"dim_design": Hold(3, "it broke", print_of_then, NOON.isoformat())}})
    assert log.commit(holds.manifest(log.attempt(None, "jr"), NOON))
    words = {BUILD: "dim_design is built to batch 2 of 3", LOAD: "dim_design is loaded to commit 2 of 3"}
    assert lake.pending(3) == ([] if is_same else [words[step]])


def test_work_of_one_source_is_not_pending_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = two_sources()
    monkeypatch.setattr(watching, "load_contracts", lambda: contracts)
    lake = Lake(contracts)
    lake.judge(1)
    lake.build_all(1)
    lake.load(1)
    assert (lake.pending(1), lake.pending(4, OTHER)) == ([], ["batches 1 to 4 await their verdict"])
    lake.judge(4, OTHER)
    assert (lake.pending(1), lake.pending(4, OTHER)) == ([], [f"{OTHER_STAR} is built to batch 0 of 4"])
    lake.build(OTHER_STAR, 4)
    assert (lake.pending(1), lake.pending(4, OTHER)) == ([], [f"{OTHER_STAR} is loaded to commit 0 of 1"])
    lake.load(1, OTHER)
    assert (lake.pending(1), lake.pending(4, OTHER)) == ([], [])
    lake.judge(2)
    assert lake.pending(4, OTHER) == [] and len(lake.pending(2)) == len(contracts.star_tables(SOURCE))


def test_what_a_look_found_is_named_with_its_reason() -> None:
    searches = {
        "staff": SimpleNamespace(kind="window", why="2 row versions"),
        "design": SimpleNamespace(kind="nothing", why=""),
    }
    blocked = {name: SimpleNamespace(why=f"no grant on {name}") for name in ("payment", "currency")}
    seen: Any = SimpleNamespace(searches=searches, blocked=blocked, newly_blocked=("payment",))
    assert describe(seen) == ["staff: 2 row versions", "payment cannot be captured: no grant on payment"]
