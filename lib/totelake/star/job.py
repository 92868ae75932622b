"""build_dimensions and build_facts: what is pending becomes rows, a commit, partitions and views of each table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from totelake.alerts.messages import quarantined
from totelake.alerts.store import alert
from totelake.contracts import catalog
from totelake.contracts.model import Table, inputs_of
from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout
from totelake.lake.manifest import DATA, REPLAY, Manifest, TableCommit
from totelake.lake.processed import ProcessedZone
from totelake.lake.verdicts import BUILD_TO, LOG, REPLAY_PROPERTY, SOURCE, pending_batches
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime
from totelake.star.compact import Compactor
from totelake.star.plan import Unit, Written, plan

if TYPE_CHECKING:
    from totelake.star.replay import Replay
    from totelake.star.write import UnitWriter

_TABLES_AT_ONCE = 4
_TRIES = 3
Item = TypeVar("Item")
Result = TypeVar("Result")


def build_dimensions(runtime: Runtime, arguments: JobArguments) -> None:
    """Bring the dimensions to the batch that check_schemas fixed."""
    _build(runtime, arguments, catalog().dimensions())


def build_facts(runtime: Runtime, arguments: JobArguments) -> None:
    """Bring the facts to the batch that check_schemas fixed."""
    _build(runtime, arguments, catalog().facts())


def build_star(runtime: Runtime, arguments: JobArguments) -> None:
    """Bring all star tables to the batch that check_schemas fixed."""
    _build(runtime, arguments, catalog().warehouse_tables())


def _build(runtime: Runtime, arguments: JobArguments, tables: Sequence[Table]) -> None:
    """One unit of every table; where another run was faster, what that one left."""
    run = _Build(runtime, arguments)
    limit = runtime.run_property(BUILD_TO.format(source=SOURCE))
    build_to = int(limit) if limit else None
    due = tables
    for _ in range(_TRIES):
        due = run.build(due, build_to)
        if not due:
            if runtime.run_property(REPLAY_PROPERTY):
                run.replay(tables)
            return
        runtime.log.info("another run was faster with %s; looking again", ", ".join(table.name for table in due))
    raise RetriableError(
        f"other runs committed {', '.join(table.name for table in due)} first, {_TRIES} times; "
        "run the job again when they have ended"
    )


class _Build:
    """One run: what is pending, and the zone that it is written to."""

    def __init__(self, runtime: Runtime, arguments: JobArguments) -> None:
        self._runtime, self._arguments = runtime, arguments
        self._s3: Any = runtime.clients.s3
        bucket, database = arguments.processed_bucket, arguments.processed_database
        self._zone = ProcessedZone(self._s3, runtime.clients.glue, bucket, database, runtime.now)
        self._compactor = Compactor(runtime, self._zone, arguments.job_run_id, arguments.compact_objects)
        self._opening = Lock()
        self._open = lru_cache(maxsize=1)(self._open_writer)

    def build(self, tables: Sequence[Table], build_to: int | None) -> list[Table]:
        """Build what is pending of these tables; those whose commit another run was faster with."""
        newest = dict(zip(tables, self._each(self._recovered, tables)))
        after = min(int(manifest.state["verdict"]) if manifest else 0 for manifest in newest.values())
        verdicts = CommitLog(self._s3, self._arguments.ingestion_bucket, LOG)
        batches = pending_batches(verdicts, after, SOURCE, None)
        planned = [plan(table, newest[table], batches, self._arguments.row_limit, build_to) for table in tables]
        units = [unit for unit in planned if unit is not None]
        if not units:
            self._runtime.log.info("nothing to build")
        taken = self._each(self._take, units)
        return [unit.table for unit, is_taken in zip(units, taken) if not is_taken]

    def replay(self, tables: Sequence[Table]) -> None:
        """Try again what is in quarantine; what fits now is committed with its own batches."""
        self._each(self._replay, [table for table in tables if len(inputs_of(table)) < 2 or table.source is None])

    def _replay(self, table: Table) -> None:
        log = list(self._zone.log(table).since(0))
        if not log:
            return
        attempt = Attempt.new(table.name, log[-1].number + 1, self._arguments.job_run_id)
        if table.source is None:
            facts = {fact.name: list(self._zone.log(fact).since(0)) for fact in catalog().facts()}
            written = self._replayer().dates(table, log[-1], facts, attempt)
        else:
            written = self._replayer().rows(table, log, attempt)
        if written is None or not written.commit.objects:
            self._runtime.log.info("%s: nothing in quarantine fits", table.name)
            return
        layout = Layout.of(log[-1].state)
        commit = layout.placed(table.name, written.commit)
        carried = {name: value for name, value in log[-1].state.items() if name not in ("batches", "replayed")}
        manifest = Manifest(
            log=table.name,
            number=attempt.number,
            attempt=attempt.id,
            kind=REPLAY,
            committed_at=self._runtime.now().isoformat(),
            tables={table.name: commit},
            state={
                **carried,
                **layout.grown(commit.objects).state(),
                "batches": {},
                "replayed": {str(batch): rows for batch, rows in written.quarantined.items()},
                **written.state,
            },
        )
        if not self._zone.log(table).commit(manifest):
            raise RetriableError(f"another run committed to {table.name} meanwhile; replay again")
        self._zone.finish(table, manifest)
        self._runtime.log.info("%s: %d rows left the quarantine", table.name, written.commit.rows)

    def _recovered(self, table: Table) -> Manifest | None:
        """The table's newest commit, with everything done that a crash may have left undone after it."""
        newest = self._zone.log(table).newest()
        if newest is not None:
            self._zone.finish(table, newest)
            self._tell(newest)
        return newest

    def _take(self, unit: Unit) -> bool:
        """Build, commit and publish one unit; False when another run committed its number first."""
        name = unit.table.name
        attempt = Attempt.new(name, unit.number, self._arguments.job_run_id)
        is_nothing = not unit.sources and not unit.unreadable
        written = Written(TableCommit(), unit.carried, {}) if is_nothing else self._writer().write(unit, attempt)
        layout = Layout.of(unit.state)
        commit = layout.placed(name, written.commit)
        manifest = Manifest(
            log=name,
            number=unit.number,
            attempt=attempt.id,
            kind=DATA,
            committed_at=self._runtime.now().isoformat(),
            tables={name: commit} if commit.objects or commit.quarantine else {},
            state={
                "through": {SOURCE: unit.through},
                "verdict": unit.verdict,
                "batches": unit.batch_documents(written.quarantined),
                **layout.grown(commit.objects).state(),
                **written.state,
            },
        )
        if not self._zone.log(unit.table).commit(manifest):
            return False
        self._zone.finish(unit.table, manifest)
        self._runtime.log.info("%s: batches %d to %d, %d rows", name, unit.batches[0].batch, unit.through, commit.rows)
        if commit.quarantined:
            self._runtime.log.warning("%s: %d rows do not fit and are in quarantine", name, commit.quarantined)
            self._runtime.metric("RowsQuarantined", commit.quarantined, "Count", Table=name)
        self._tell(manifest)
        self._compactor.compact(unit.table, manifest, self._writer)
        return True

    def _tell(self, manifest: Manifest) -> None:
        """Alert of the rows that a commit has set apart; whoever recovers it repeats that, and it is noted once."""
        for name, commit in manifest.tables.items() if manifest.kind == DATA else ():
            if commit.quarantined:
                alert(self._runtime, self._arguments, quarantined(name, commit.quarantined, manifest.number))

    def _writer(self) -> UnitWriter:
        """Spark is opened once, and only when there are events to build from."""
        with self._opening:
            return self._open()

    def _open_writer(self) -> UnitWriter:
        from totelake.runtime.spark import open_spark
        from totelake.star.build import Builder
        from totelake.star.events import EventReader
        from totelake.star.write import UnitWriter

        spark = open_spark(self._arguments.job_name)
        reader = EventReader(spark, self._s3, self._arguments.ingestion_bucket)
        return UnitWriter(self._s3, self._zone.bucket, Builder(spark, reader, self._zone.bucket))

    def _replayer(self) -> Replay:
        from totelake.runtime.spark import open_spark
        from totelake.star.replay import Replay

        with self._opening:
            return Replay(open_spark(self._arguments.job_name), self._zone.bucket, self._open())

    def _each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the work for several at once, all of them even when one fails; then the first failure is raised."""
        with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
            futures = [pool.submit(work, item) for item in items]
        failures = [failure for failure in (future.exception() for future in futures) if failure is not None]
        for failure in failures[1:]:
            self._runtime.log.error("%s", failure)
        if failures:
            raise failures[0]
        return [future.result() for future in futures]
