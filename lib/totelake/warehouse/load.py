"""load_warehouse: everything pending of one source, staged by Spark and published in one transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from totelake.contracts import load_contracts
from totelake.contracts.model import Table, inputs_of
from totelake.lake.commits import CommitLog
from totelake.lake.records.marks import LOADED, remember_load
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import LOG, HeldEvents, Verdict, held_for
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import LoadArguments
from totelake.runtime.spark import open_jvm
from totelake.warehouse import publish
from totelake.warehouse.ddl import literal, statements
from totelake.warehouse.jdbc import Connection, JdbcAddress, connect
from totelake.warehouse.plan import Applied, TableLoad, plan
from totelake.warehouse.stage import Stage

_TABLES_AT_ONCE = 4


def load_warehouse(job: Job[LoadArguments]) -> None:
    """Apply all that the star logs of the source hold beyond `etl.batch`: whole batches of all tables or nothing."""
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
        self._run = re.sub(r"[^a-z0-9]", "", job.arguments.run.id.lower())[-24:]
        self._staging = Stage(job, address, jvm, self._run)
        self._found: dict[str, int] = {}

    def plan(self) -> list[TableLoad]:
        """What is due now; makes the warehouse's tables when there are none."""
        with connect(self._jvm, self._address) as connection:
            connection.check_session()
            if connection.rows("SELECT to_regclass('etl.quarantine')::text")[0][0] is None:
                connection.run(publish.LOCK)
                for statement in statements(self._contracts):
                    connection.run(statement)
                connection.commit()
            found = _applied(connection, self._source)
        applied = {table.name: found.get(table.name, Applied()) for table in self._tables}
        with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
            since = pool.map(self._since, self._tables, [applied[table.name] for table in self._tables])
            commits = dict(zip(applied, since))
        self._found = {name: items[-1].number if items else applied[name].commit for name, items in commits.items()}
        return plan(self._tables, applied, commits, self._held())

    def _held(self) -> dict[str, list[HeldEvents]]:
        """The batches that wait, by star table."""
        verdict = Verdict.of(CommitLog(self._job.ingestion, LOG).newest())
        return {table.name: held_for(verdict, inputs_of(table)) for table in self._tables}

    def _since(self, table: Table, applied: Applied) -> list[StarCommit]:
        """The commits beyond what is applied, their objects at their final keys even if their builder died."""
        log = CommitLog(self._job.processed, table.name)
        found = []
        for manifest in list(log.since(applied.commit)):
            log.finish(manifest)
            found.append(StarCommit.of(table, manifest))
        return found

    def remember(self) -> None:
        """Note what the last plan found, of which nothing is due any more; `watch` and maintenance read it."""
        log = CommitLog(self._job.processed, LOADED)
        remember_load(log, self._found, self._job.arguments.run.id, self._job.now())

    def take(self, loads: Sequence[TableLoad]) -> bool:
        """Stage and publish; False when another load has applied something meanwhile."""
        staged = [load for load in loads if load.has_rows or load.quarantine]
        try:
            if staged:
                self._staging.fill(staged)
            with connect(self._jvm, self._address) as connection:
                return self._publish(connection, loads)
        finally:
            self._staging.drop(staged)

    def _publish(self, connection: Connection, loads: Sequence[TableLoad]) -> bool:
        connection.run(publish.LOCK)
        applied = _applied(connection, self._source)
        if any(applied.get(load.table.name, Applied()).batch != load.after for load in loads):
            connection.rollback()
            return False
        for load in loads:
            publish.apply(connection, self._run, load)
        publish.settle(connection, self._contracts.star_tables(), loads)
        connection.commit()
        for load in loads:
            self._report(load)
        rows = sum(load.expected or 0 for load in loads)
        self._job.log.info("the warehouse is at batch %d of %s", loads[0].through, self._source)
        self._job.metric("RowsLoaded", rows, "Count", Source=self._source)
        return True

    def _report(self, load: TableLoad) -> None:
        log, name = self._job.log, load.table.name
        held = [entry for entry in load.batches if entry.held]
        through = held[0].batch - 1 if held else load.through
        log.info("%s: batches %d to %d, %s rows", name, load.after + 1, through, load.expected)
        if held:
            events = sum(entry.held for entry in held)
            log.warning("%s: %d events are held, from batch %d on", name, events, held[0].batch)


def _applied(connection: Connection, source: str) -> dict[str, Applied]:
    """How far the star tables of a source are in the warehouse.

    `etl.replay` names no source, because a star table has exactly one.
    """
    query = f"""
SELECT target_table, max(batch), max(commit_number) FROM (
    SELECT target_table, batch, commit_number FROM etl.batch WHERE source = {literal(source)} AND held = 0
    UNION ALL SELECT target_table, NULL, commit_number FROM etl.replay) AS applied
 GROUP BY target_table"""
    return {str(row[0]): Applied(int(row[1] or 0), int(row[2] or 0)) for row in connection.rows(query)}
