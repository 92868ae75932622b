"""The staging tables of one load: made, filled from the lake's objects by Spark's JDBC writer, and dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from totelake.contracts.model import Table
from totelake.errors import RetriableError, StarTableError, TotelakeError
from totelake.lake.quarantine import SPARK_SCHEMA
from totelake.runtime.java_exceptions import java_exception
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import LoadArguments
from totelake.runtime.spark import open_spark
from totelake.star.versions import read_versions
from totelake.warehouse import publish
from totelake.warehouse.driver_errors import RefusedError, explained, is_refused
from totelake.warehouse.jdbc import DRIVER, JdbcAddress, connect
from totelake.warehouse.plan import TableLoad
from totelake.warehouse.session import MOST_WRITERS, TABLES_AT_ONCE
from totelake.warehouse.staging import drop_left_over, note
from totelake.warehouse.statistics import analyse

_ROWS_PER_WRITER = 250_000
_GONE = ("FileNotFoundException", "PATH_NOT_FOUND")


class Stage:
    """The staging tables whose names end with `run`; `jvm` is the driver's Java machine."""

    def __init__(self, job: Job[LoadArguments], address: JdbcAddress, jvm: Any, run: str) -> None:
        self._job, self._address, self._jvm, self._run = job, address, jvm, run
        self._lock = Lock()

    def fill(self, loads: Sequence[TableLoad]) -> dict[str, StarTableError]:
        """Make the tables, write the rows that are due into them, and analyse them.

        By star table, why that could not be.
        """
        spark = open_spark(self._job.arguments.run.job)
        self._create(loads)
        failed: dict[str, StarTableError] = {}
        with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
            writes = [(load, pool.submit(self._write, spark, load)) for load in loads if load.has_rows]
            writes += [(load, pool.submit(self._write_quarantine, spark, load)) for load in loads if load.quarantine]
            for load, done in writes:
                try:
                    done.result()
                except StarTableError as error:
                    failed[load.table.name] = error
        with connect(self._jvm, self._address) as connection:
            for load in loads:
                for name in self._names(load):
                    analyse(connection, name)
            connection.commit()
        return failed

    def drop(self, loads: Sequence[TableLoad]) -> None:
        """Drop the tables that were made for these loads; those that somebody keeps are left to a later load."""
        if not loads:
            return
        try:
            with connect(self._jvm, self._address) as connection:
                for load in loads:
                    for name in self._names(load):
                        connection.run(f"DROP TABLE IF EXISTS {name}")
                connection.commit()
        except RetriableError as error:
            self._job.log.warning("the staging tables stay until a load of another day drops them: %s", error)

    def _names(self, load: TableLoad) -> list[str]:
        """The quoted names of a load's tables."""
        names = [publish.staging_name(self._run, load.table)]
        return names + ([publish.quarantine_name(self._run, load.table)] if load.quarantine else [])

    def _create(self, loads: Sequence[TableLoad]) -> None:
        now = self._job.now()
        with connect(self._jvm, self._address) as connection:
            for name in drop_left_over(connection, now):
                self._job.log.warning("%s was left by a load that was killed, and is dropped", name)
            for load in loads:
                connection.run(publish.create_staging(self._run, load.table))
                connection.run(note(publish.staging_name(self._run, load.table), now))
                if load.quarantine:
                    connection.run(publish.create_quarantine(self._run, load.table))
                    connection.run(note(publish.quarantine_name(self._run, load.table), now))
            connection.commit()

    def _write(self, spark: SparkSession, load: TableLoad) -> None:
        target, store = publish.staging_name(self._run, load.table), self._job.processed
        is_due = (F.col("_batch") > load.beyond) & (F.col("_batch") <= load.through)
        if load.keys:
            self._copy(load, lambda: read_versions(spark, store, load.table, load.keys).where(is_due), target)
        again = [key for replay in load.replays for key in replay.keys]
        if again:
            self._copy(load, lambda: read_versions(spark, store, load.table, again), target)

    def _write_quarantine(self, spark: SparkSession, load: TableLoad) -> None:
        paths = [self._job.processed.address(key) for key in load.quarantine]
        target = publish.quarantine_name(self._run, load.table)
        self._copy(load, lambda: spark.read.schema(SPARK_SCHEMA).parquet(*paths), target)

    def _copy(self, load: TableLoad, read: Callable[[], DataFrame], target: str) -> None:
        """Write what `read` gives into a staging table."""
        address = self._address
        writers = min(MOST_WRITERS, 1 + (load.expected or 0) // _ROWS_PER_WRITER)
        try:
            rows = read()
            rows.coalesce(writers).write.format("jdbc").options(
                url=address.url, dbtable=target, driver=DRIVER, batchsize=10_000, **address.spread(rows.sparkSession)
            ).mode("append").save()
        except (Py4JJavaError, PySparkException) as error:
            java = java_exception(error)
            if java is None or not (is_refused(java) and self._has_renewed(address)):
                raise self._explained(load, error) from error
        else:
            return
        self._copy(load, read, target)

    def _has_renewed(self, address: JdbcAddress) -> bool:
        """Whether the warehouse's address is another one by now; its secret is read once, whichever writer asks."""
        with self._lock:
            if self._address is address:
                self._address = address.newer() or address
            return self._address is not address

    def _explained(self, load: TableLoad, error: Exception) -> TotelakeError:
        if any(word in str(error) for word in _GONE):
            return StarTableError(
                f"an object of {load.table.name} that its log names is gone; restore it from the version history "
                f"of s3://{self._job.processed.bucket}"
            )
        java = java_exception(error)
        found = explained(self._address.database, java) if java is not None else RefusedError(str(error))
        return not_loaded(load.table, found) if isinstance(found, RefusedError) else found


def not_loaded(table: Table, refused: RefusedError) -> StarTableError:
    """Why a star table cannot be loaded, when the warehouse refuses a statement of it."""
    return StarTableError(f"{table.name} could not be loaded: {refused}")


@contextmanager
def refusing(table: Table) -> Iterator[None]:
    """Raises StarTableError when the warehouse refuses a statement inside the block, which is of that table."""
    try:
        yield
    except RefusedError as error:
        raise not_loaded(table, error) from error
