"""load_warehouse: everything pending, staged by Spark's JDBC writer and published in one transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from totelake.contracts import catalog
from totelake.contracts.model import inputs_of
from totelake.contracts.types import spark_type
from totelake.errors import LakeError
from totelake.lake import loaded
from totelake.lake.commits import CommitLog
from totelake.lake.quarantine import SPARK_SCHEMA
from totelake.lake.verdicts import LOG, SOURCE, HeldBatch, held_of
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime
from totelake.runtime.spark import open_jvm, open_spark
from totelake.warehouse import publish
from totelake.warehouse.ddl import statements
from totelake.warehouse.jdbc import DRIVER, Address, Connection, connect, explained
from totelake.warehouse.plan import Applied, TableLoad, plan
from totelake.warehouse.staging import drop_left_over, note

_TABLES_AT_ONCE = 4
_ROWS_PER_WRITER = 250_000
_MOST_WRITERS = 4
_GONE = ("FileNotFoundException", "PATH_NOT_FOUND")
_METADATA = "_op string, _batch bigint, _captured_at timestamp"


def load_warehouse(runtime: Runtime, arguments: JobArguments) -> None:
    """Apply all that the star logs hold beyond `etl.batch`, whole batches of all tables or nothing."""
    address = Address(runtime.secret(arguments.warehouse_secret), arguments.warehouse_secret)
    load = _Load(runtime, arguments, address, open_jvm())
    while True:
        loads = load.plan()
        if not loads:
            runtime.log.info("nothing to load")
            break
        if load.take(loads):
            break
        runtime.log.info("another load was faster; looking again")
    load.remember()


class _Load:
    """One run: the warehouse, the processed bucket and the run's staging tables."""

    def __init__(self, runtime: Runtime, arguments: JobArguments, address: Address, jvm: Any) -> None:
        self._runtime, self._arguments, self._address, self._jvm = runtime, arguments, address, jvm
        self._s3 = runtime.clients.s3
        self._bucket = arguments.processed_bucket
        self._run = re.sub(r"[^a-z0-9]", "", arguments.job_run_id.lower())[-24:]
        self._tables = catalog().warehouse_tables()
        self._found: dict[str, int] = {}

    def plan(self) -> list[TableLoad]:
        """What is due now; makes the warehouse's tables when there are none."""
        with connect(self._jvm, self._address) as connection:
            if connection.rows("SELECT to_regclass('etl.quarantine')::text")[0][0] is None:
                for statement in statements(catalog()):
                    connection.run(statement)
                connection.commit()
            applied = _applied(connection)
        bookmarks = {table.name: applied.get(table.name, Applied()) for table in self._tables}
        with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
            found = pool.map(self._since, self._tables, [bookmarks[table.name] for table in self._tables])
            manifests = dict(zip(bookmarks, found))
        self._found = {
            name: commits[-1].number if commits else bookmarks[name].commit for name, commits in manifests.items()
        }
        return plan(self._tables, bookmarks, manifests, self._held())

    def _held(self) -> dict[str, list[HeldBatch]]:
        """The batches that wait, by star table."""
        verdict = CommitLog(self._s3, self._arguments.ingestion_bucket, LOG).newest()
        return {table.name: held_of(verdict, SOURCE, inputs_of(table)) for table in self._tables}

    def _since(self, table: Any, applied: Applied) -> list[Any]:
        """The commits beyond what is applied, their objects at their final keys even if their builder died."""
        log = CommitLog(self._s3, self._bucket, table.name)
        found = list(log.since(applied.commit))
        for manifest in found:
            log.finish(manifest)
        return found

    def remember(self) -> None:
        """Let `watch` know that nothing is due of the commits which the last plan found."""
        log = CommitLog(self._s3, self._bucket, loaded.LOG)
        loaded.remember(log, self._found, self._arguments.job_run_id, self._runtime.now())

    def take(self, loads: Sequence[TableLoad]) -> bool:
        """Stage and publish; False when another load changed the bookmark meanwhile."""
        staged = [load for load in loads if load.has_rows or load.quarantine]
        try:
            if staged:
                self._stage(staged)
            with connect(self._jvm, self._address) as connection:
                return self._publish(connection, loads)
        finally:
            self._drop(staged)

    def _stage(self, loads: Sequence[TableLoad]) -> None:
        spark = open_spark(self._arguments.job_name)
        now = self._runtime.now()
        with connect(self._jvm, self._address) as connection:
            for name in drop_left_over(connection, now):
                self._runtime.log.warning("%s was left by a load that was killed, and is dropped", name)
            for load in loads:
                connection.run(publish.create_staging(self._run, load.table))
                connection.run(note(publish.staging_name(self._run, load.table), now))
                if load.quarantine:
                    connection.run(publish.create_quarantine(self._run, load.table))
                    connection.run(note(publish.quarantine_name(self._run, load.table), now))
            connection.commit()
        with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
            writes = [pool.submit(self._write, spark, load) for load in loads if load.has_rows]
            writes += [pool.submit(self._write_quarantine, spark, load) for load in loads if load.quarantine]
            for done in writes:
                done.result()

    def _write(self, spark: SparkSession, load: TableLoad) -> None:
        types = [f"`{column.name}` {spark_type(column.type)}" for column in load.table.lake_columns]
        target = publish.staging_name(self._run, load.table)
        schema = ", ".join([*types, _METADATA])
        is_due = (F.col("_batch") > load.after) & (F.col("_batch") <= load.through)
        if load.keys:
            self._copy(spark, load, load.keys, schema, target, is_due)
        again = [key for replay in load.replays for key in replay.keys]
        if again:
            self._copy(spark, load, again, schema, target, F.lit(True))

    def _write_quarantine(self, spark: SparkSession, load: TableLoad) -> None:
        target = publish.quarantine_name(self._run, load.table)
        self._copy(spark, load, load.quarantine, SPARK_SCHEMA, target, F.lit(True))

    def _copy(
        self, spark: SparkSession, load: TableLoad, keys: Sequence[str], schema: str, target: str, is_due: Column
    ) -> None:
        paths = [f"s3://{self._bucket}/{key}" for key in keys]
        writers = min(_MOST_WRITERS, 1 + (load.expected or 0) // _ROWS_PER_WRITER)
        try:
            rows = spark.read.schema(schema).parquet(*paths)
            due = rows.where(is_due)
            due.coalesce(writers).write.format("jdbc").options(
                url=self._address.url, dbtable=target, driver=DRIVER, batchsize=10_000, **self._address.spread(spark)
            ).mode("append").save()
        except (Py4JJavaError, PySparkException) as error:
            if any(word in str(error) for word in _GONE):
                raise LakeError(
                    f"an object of {load.table.name} that its log names is gone; restore it from the version history "
                    f"of s3://{self._bucket}"
                ) from error
            if isinstance(error, Py4JJavaError):
                raise explained(self._address, error.java_exception) from error
            raise

    def _publish(self, connection: Connection, loads: Sequence[TableLoad]) -> bool:
        connection.run(publish.LOCK)
        applied = _applied(connection)
        if any(applied.get(load.table.name, Applied()).batch != load.after for load in loads):
            connection.rollback()
            return False
        for load in loads:
            publish.apply(connection, self._run, load)
        publish.settle(connection, self._tables, loads)
        connection.commit()
        for load in loads:
            self._say(load)
        rows = sum(load.expected or 0 for load in loads)
        self._runtime.log.info("the warehouse is at batch %d", loads[0].through)
        self._runtime.metric("RowsLoaded", rows, "Count", Source=SOURCE)
        return True

    def _say(self, load: TableLoad) -> None:
        held = [entry for entry in load.batches if entry.held]
        through = held[0].batch - 1 if held else load.through
        self._runtime.log.info("%s: batches %d to %d, %s rows", load.table.name, load.after + 1, through, load.expected)
        if held:
            events = sum(entry.held for entry in held)
            self._runtime.log.warning(
                "%s: %d events are held, from batch %d on", load.table.name, events, held[0].batch
            )

    def _drop(self, loads: Sequence[TableLoad]) -> None:
        if not loads:
            return
        with connect(self._jvm, self._address) as connection:
            for load in loads:
                for name in (publish.staging_name, publish.quarantine_name):
                    connection.run(f"DROP TABLE IF EXISTS {name(self._run, load.table)}")
            connection.commit()


def _applied(connection: Connection) -> dict[str, Applied]:
    query = f"""
SELECT target_table, max(batch), max(commit_number) FROM (
    SELECT target_table, batch, commit_number FROM etl.batch WHERE source = '{SOURCE}' AND held = 0
    UNION ALL SELECT target_table, NULL, commit_number FROM etl.replay) AS applied
 GROUP BY target_table"""
    return {str(row[0]): Applied(int(row[1] or 0), int(row[2] or 0)) for row in connection.rows(query)}
