"""load_warehouse: everything pending of one source, staged by COPY and published in one transaction."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from totelake.contracts import load_contracts
from totelake.contracts.identifiers import sql_text
from totelake.contracts.model import Table, inputs_of
from totelake.errors import DamagedError, StarTableError, raise_common
from totelake.lake.commits import CommitLog
from totelake.lake.records.holds import BUILD, LOAD, Hold, Holds, waiting
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.marks import LOADED, remember_load
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, HeldEvents, Verdict, held_for
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import LoadArguments
from totelake.runtime.spark import open_jvm
from totelake.star.batches import JudgedBatches
from totelake.star.holding import Failure, record_holds
from totelake.warehouse import migrate, publish
from totelake.warehouse.jdbc import Connection, JdbcAddress, connect
from totelake.warehouse.plan import Applied, TableLoad, plan, put_off
from totelake.warehouse.stage import Stage, refusing

_TABLES_AT_ONCE = 4


def load_warehouse(job: Job[LoadArguments]) -> None:
    """Apply all that the star logs of the source hold beyond `etl.batch`: whole batches of all tables or nothing.

    A table that the warehouse refuses is held, with all its pending batches; what refers to a row of it waits.
    """
    name = job.arguments.warehouse_secret
    address = JdbcAddress(job.database(name, "the warehouse"))
    load = _Load(job, address, open_jvm())
    while True:
        loads = load.plan()
        if not loads:
            job.log.info("nothing to load")
            break
        if load.take(loads):
            break
        job.log.info("another load was faster; looking again")
    load.remember()


class _Load:
    """One run: the warehouse, the processed bucket and the run's staging tables."""

    def __init__(self, job: Job[LoadArguments], address: JdbcAddress, jvm: Any) -> None:
        self._job, self._address, self._jvm = job, address, jvm
        self._source = job.arguments.source
        self._contracts = load_contracts()
        self._tables = self._contracts.star_tables(self._source)
        self._name = re.sub(r"[^a-z0-9]", "", job.arguments.run.id.lower())[-24:]
        self._run, self._takes = "", 0
        self._judged = JudgedBatches(CommitLog(job.ingestion, LOG), self._source)
        self._applied: dict[str, Applied] = {}
        self._found: dict[str, int] = {}
        self._failures: dict[str, Failure] = {}
        self._damaged: dict[str, DamagedError] = {}
        self._known: Collection[str] = ()

    def plan(self) -> list[TableLoad]:
        """What is due now; brings the warehouse's tables to the contracts first, where they are behind."""
        with connect(self._jvm, self._address) as connection:
            connection.check_session()
            self._address = connection.address
            self._migrate(connection)
            found = _applied(connection, self._source)
        self._failures, self._damaged = {}, {}
        holds = Holds.of(CommitLog(self._job.processed, HOLDS).newest())
        self._known, unbuilt = holds.of_step(LOAD), holds.of_step(BUILD)
        self._applied = applied = {table.name: found.get(table.name, Applied()) for table in self._tables}
        with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
            since = pool.map(self._since, self._tables, [applied[table.name] for table in self._tables])
            commits = {name: items for name, items in zip(applied, since) if items is not None}
        raise_common(self._damaged, len(self._tables), self._known)
        self._found = {name: items[-1].number if items else applied[name].commit for name, items in commits.items()}
        whole = [table for table in self._tables if table.name in commits]
        return plan(whole, applied, commits, self._held(unbuilt), unbuilt)

    def _migrate(self, connection: Connection) -> None:
        """Do what a load cannot do without. What is refused is somebody's to decide: a table that cannot be loaded for
        it is held, and the others are loaded."""
        found = migrate.migration(connection, self._contracts)
        if found.needed:
            publish.take_turn(connection)
            # another load or a deployment may have done it meanwhile
            found = migrate.migration(connection, self._contracts)
            migrate.perform(connection, found.needed)
            connection.commit()
            for step in found.needed:
                self._job.log.info("the warehouse follows the contracts: %s", step.words)
        for refusal in found.refusals:
            self._job.log.warning("the warehouse does not follow the contracts: %s", refusal)

    def _held(self, unbuilt: Mapping[str, Hold]) -> dict[str, list[HeldEvents]]:
        """The batches that wait, by star table: for a verdict, or because the table could not be built."""
        verdict = Verdict.of(CommitLog(self._job.ingestion, LOG).newest())
        found = {}
        for table in self._tables:
            held = {item.batch: item for item in held_for(verdict, inputs_of(table))}
            held.update(unbuilt[table.name].batches if table.name in unbuilt else {})
            found[table.name] = [held[number] for number in sorted(held)]
        return found

    def _since(self, table: Table, applied: Applied) -> list[StarCommit] | None:
        """The commits beyond what is applied, their objects at their final keys even if their builder died.

        None for a table of which one is damaged: it is held.
        """
        log = CommitLog(self._job.processed, table.name)
        found = []
        try:
            for manifest in list(log.since(applied.commit)):
                log.finish(manifest)
                found.append(StarCommit.of(table, manifest))
        except DamagedError as error:
            self._damaged[table.name] = error
            self._failures[table.name] = Failure(table, applied.batch, str(error), self._judged.since(0))
            return None
        return found

    def remember(self) -> None:
        """Record what is held, and how far the other tables are loaded; `watch` and maintenance read it."""
        record_holds(self._job, LOAD, self._tables, self._failures.values())
        found = {name: number for name, number in self._found.items() if name not in self._failures}
        log = CommitLog(self._job.processed, LOADED)
        remember_load(log, found, self._job.arguments.run.id, self._job.now())

    def take(self, loads: Sequence[TableLoad]) -> bool:
        """Stage and publish; False when another load has applied something meanwhile."""
        # new names each time: what somebody keeps, as a backup, is left where it is
        self._takes += 1
        self._run = f"{self._takes}_{self._name}"
        staged = [load for load in loads if load.has_rows or load.quarantine]
        staging = Stage(self._job, self._address, self._jvm, self._run)
        try:
            failed = staging.fill(staged) if staged else {}
            with connect(self._jvm, self._address) as connection:
                return self._publish(connection, loads, failed)
        finally:
            staging.drop(staged)

    def _publish(
        self, connection: Connection, loads: Sequence[TableLoad], failed: Mapping[str, StarTableError]
    ) -> bool:
        publish.take_turn(connection)
        applied = _applied(connection, self._source)
        if any(applied.get(load.table.name, Applied()).batch != load.after for load in loads):
            connection.rollback()
            return False
        failures = {**failed, **self._refused(connection, [load for load in loads if load.table.name not in failed])}
        raise_common(failures, len(loads), self._known)
        for load in loads:
            if load.table.name in failures:
                self._put_off(connection, load, failures[load.table.name])
        self._settle_others(connection)
        connection.commit()
        for load in loads:
            if load.table.name not in failures:
                self._report(load)
        rows = sum(load.expected or 0 for load in loads if load.table.name not in failures)
        self._job.log.info("the warehouse is at batch %d of %s", loads[0].through, self._source)
        self._job.metric("RowsLoaded", rows, "Count", Source=self._source)
        return True

    def _refused(self, connection: Connection, loads: Sequence[TableLoad]) -> dict[str, StarTableError]:
        """Apply tables, each whole or not at all; why not, by those that were not."""
        failures = {}
        for load in loads:
            try:
                with connection.undoing(), refusing(load.table):
                    publish.apply(connection, self._run, load)
            except StarTableError as error:
                failures[load.table.name] = error
        return failures

    def _put_off(self, connection: Connection, load: TableLoad, error: StarTableError) -> None:
        """Let a table's batches wait: recorded in the warehouse with their events, and remembered for the alert."""
        table, commit = load.table, self._applied[load.table.name].commit
        built = StarCommit.of(table, CommitLog(self._job.processed, table.name).get(commit) if commit else None)
        batches = self._judged.since(built.verdict)
        publish.record(connection, table, put_off(load, waiting(table, batches, load.after).values()).batches)
        self._failures[table.name] = Failure(table, load.after, str(error), batches)

    def _settle_others(self, connection: Connection) -> None:
        """Release what waits in facts of other sources for a row of this one's dimensions."""
        for table in self._contracts.star_tables():
            if table.source == self._source:
                continue
            try:
                with connection.undoing(), refusing(table):
                    publish.settle(connection, table)
            except StarTableError as error:
                self._job.log.error("what waits in %s waits until its own next load: %s", table.name, error)

    def _report(self, load: TableLoad) -> None:
        log, name = self._job.log, load.table.name
        held = [entry for entry in load.batches if entry.held]
        through = held[0].batch - 1 if held else load.through
        anew = ", built anew" if load.replaces else ""
        log.info("%s: batches %d to %d, %s rows%s", name, load.beyond + 1, through, load.expected, anew)
        if held:
            events = sum(entry.held for entry in held)
            log.warning("%s: %d events are held, from batch %d on", name, events, held[0].batch)


def _applied(connection: Connection, source: str) -> dict[str, Applied]:
    """How far the star tables of a source are in the warehouse.

    `etl.replay` names no source, because a star table has exactly one.
    """
    query = f"""
SELECT target_table, max(batch), max(commit_number) FROM (
    SELECT target_table, batch, commit_number FROM etl.batch WHERE source = {sql_text(source)} AND held = 0
    UNION ALL SELECT target_table, NULL, commit_number FROM etl.replay) AS applied
 GROUP BY target_table"""
    return {str(row[0]): Applied(int(row[1] or 0), int(row[2] or 0)) for row in connection.rows(query)}
