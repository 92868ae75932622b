"""build_dimensions and build_facts: what is pending of each table becomes rows, a commit, partitions and views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Callable, TypeVar

from totelake.alerts.catalog_messages import converted_alert
from totelake.alerts.messages import not_compacted, quarantined
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import DamagedError, LakeError, StarTableError, TotelakeError, raise_common
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import DATA, Manifest
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.holds import BUILD, Holds
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildArguments
from totelake.runtime.run_properties import BUILD_TO, REBUILD, REPLAY
from totelake.star.batches import JudgedBatches
from totelake.star.compact import Compactor
from totelake.star.failures import explaining
from totelake.star.holding import Failure, record_holds
from totelake.star.plan import Unit, plan
from totelake.star.rebuild import Rebuild
from totelake.star.replay import Replay
from totelake.star.session import StarSession

_TABLES_AT_ONCE = 4
_TRIES = 3
Item = TypeVar("Item")
Result = TypeVar("Result")


def build_dimensions(job: Job[BuildArguments]) -> None:
    """Bring the source's dimensions to the batch that check_schemas fixed."""
    build_tables(job, load_contracts().dimensions(job.arguments.source))


def build_facts(job: Job[BuildArguments]) -> None:
    """Bring the source's facts to the batch that check_schemas fixed."""
    build_tables(job, load_contracts().facts(job.arguments.source))


def build_star(job: Job[BuildArguments]) -> None:
    """Bring all star tables of the source to the batch that check_schemas fixed."""
    build_tables(job, load_contracts().star_tables(job.arguments.source))


def build_tables(job: Job[BuildArguments], tables: Sequence[Table]) -> None:
    """Build one unit of every table, then build anew or replay their quarantine where the workflow run asks for it.

    A table that fails keeps no other from being built. What is wrong with it alone holds it; any other failure is
    raised, the first of them, and so is what keeps every one of several tables from being built.
    """
    limit = job.run_property(BUILD_TO.format(source=job.arguments.source))
    session, zone = StarSession(job), ProcessedZone(job.processed, job.processed_tables, job.now)
    build = _Build(job, zone, session, int(limit) if limit else None)
    outcomes = _each(job, build.attempt, tables)
    known = Holds.of(CommitLog(job.processed, HOLDS).newest()).of_step(BUILD)
    raise_common(build.errors, sum(map(bool, outcomes)), known)
    failures = [item for item in outcomes if isinstance(item, Failure)]
    record_holds(job, BUILD, tables, failures)
    if not any(outcomes):
        job.log.info("nothing to build")
    for view, why in zone.refused.items():
        job.log.error("the view %s is not as it is to be: %s", view, why)
        note(job, converted_alert(view, why))
    wanted = (job.run_property(REBUILD) or "").split(",")
    rebuild = Rebuild(job, zone, session, build.batches)
    _each(job, rebuild.rebuild, [table for table in tables if table.name in wanted])
    if job.run_property(REPLAY):
        held = {failure.table.name for failure in failures}
        _each(job, Replay(job, zone, session).replay, [table for table in tables if table.name not in held])


class _Build:
    """One run: what is pending, and the zone that it is written to."""

    def __init__(self, job: Job[BuildArguments], zone: ProcessedZone, session: StarSession, build_to: int | None):
        self._job, self._zone, self._session, self._build_to = job, zone, session, build_to
        self.batches = JudgedBatches(CommitLog(job.ingestion, LOG), job.arguments.source)
        self._compactor = Compactor(job, zone, session)
        self._before: dict[str, StarCommit] = {}
        self.errors: dict[str, TotelakeError] = {}

    def attempt(self, table: Table) -> bool | Failure:
        """Build what is pending of a table; whether there was anything, or why it is held."""
        try:
            return self.build(table)
        except (StarTableError, DamagedError) as error:
            self.errors[table.name] = error
            before = self._before.get(table.name, StarCommit(table.name, table.source))
            return Failure(table, before.through, str(error), self.batches.since(before.verdict))

    def build(self, table: Table) -> bool:
        """Build, commit and publish what is pending of a table; whether there was anything.

        Where another run commits first, what that one left. Raises RetriableError when others always do.
        """
        log, looks = self._zone.log(table), count()

        def decide(newest: Manifest | None) -> Manifest | None:
            if next(looks):
                self._job.log.info("another run was faster with %s; looking again", table.name)
            before = self._recovered(table, newest)
            unit = self._planned(table, before)
            if unit is None:
                return None
            attempt = log.attempt(newest, self._job.arguments.run.id)
            self.batches.check(unit.keys)
            written = unit.unchanged() if unit.is_empty else self._session.writer().write(unit, attempt)
            return unit.commit(written).manifest(attempt, self._job.now())

        manifest = log.append(decide, _TRIES)
        if manifest is None:
            return False
        self._finish(table, manifest)
        self._committed(table, StarCommit.of(table, manifest))
        return True

    def _recovered(self, table: Table, newest: Manifest | None) -> StarCommit:
        """The table's newest commit, with everything done that a crash may have left undone after it."""
        commit = self._before[table.name] = StarCommit.of(table, newest)
        if newest is not None:
            self._finish(table, newest)
            self._alert(commit)
        return commit

    def _finish(self, table: Table, manifest: Manifest) -> None:
        """Copy, register and publish a commit.

        Raises StarTableError for what somebody changed or the Data Catalog refuses: it is the table's own matter.
        """
        self._before[table.name] = StarCommit.of(table, manifest)
        try:
            with explaining(table):
                self._zone.finish(table, manifest)
        except LakeError as error:
            raise StarTableError(str(error)) from error

    def _planned(self, table: Table, before: StarCommit) -> Unit | None:
        batches = self.batches.pending(table, before)
        return plan(table, before, batches, self._job.arguments.row_limit, self._build_to)

    def _committed(self, table: Table, found: StarCommit) -> None:
        """Report a commit that is published, and compact what has become due with it."""
        commit, log = found.commit, self._job.log
        log.info("%s: batches %d to %d, %d rows", table.name, min(found.batches), found.through, commit.rows)
        if commit.quarantined:
            log.warning("%s: %d rows do not fit and are in quarantine", table.name, commit.quarantined)
            self._job.metric("RowsQuarantined", commit.quarantined, "Count", Source=table.source, Table=table.name)
        self._alert(found)
        self._compact(table, found)

    def _compact(self, table: Table, found: StarCommit) -> None:
        """Compact a table; one that cannot be compacted is whole and stays as it is, which is told once."""
        try:
            self._compactor.compact(table, found)
        except (StarTableError, DamagedError) as error:
            self._job.log.error("%s could not be compacted: %s", table.name, error)
            note(self._job, not_compacted(table.name, str(error)))

    def _alert(self, found: StarCommit) -> None:
        """Alert of the rows that a commit has quarantined; whoever recovers it repeats that, and it is noted once."""
        if (found.kind == DATA or found.is_rebuild) and found.commit.quarantined:
            note(self._job, quarantined(found.table, found.commit.quarantined, found.number))


def _each(job: Job[BuildArguments], work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the work for several at once, all of them even when one fails; then the first failure is raised."""
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        futures = [pool.submit(work, item) for item in items]
    failures = [failure for failure in (future.exception() for future in futures) if failure is not None]
    for failure in failures[1:]:
        job.log.error("%s", failure)
    if failures:
        raise failures[0]
    return [future.result() for future in futures]
