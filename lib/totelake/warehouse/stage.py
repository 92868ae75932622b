"""The staging tables of one load: made, filled from the lake's objects by COPY, and dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from totelake.contracts.model import Table
from totelake.errors import RetriableError, StarTableError
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import LoadArguments
from totelake.warehouse import publish
from totelake.warehouse.driver_errors import RefusedError
from totelake.warehouse.jdbc import JdbcAddress, connect
from totelake.warehouse.lake_rows import LakeRows, columns_of, csv_files, folder_of_load, quarantine_columns
from totelake.warehouse.plan import TableLoad
from totelake.warehouse.session import TABLES_AT_ONCE
from totelake.warehouse.staging import drop_left_over, note
from totelake.warehouse.statistics import analyse


class Stage:
    """The staging tables whose names end with `run`; `jvm` is the driver's Java machine."""

    def __init__(self, job: Job[LoadArguments], address: JdbcAddress, jvm: Any, run: str) -> None:
        self._job, self._address, self._jvm, self._run = job, address, jvm, run

    def fill(self, loads: Sequence[TableLoad]) -> dict[str, StarTableError]:
        """Make the tables, copy the rows that are due into them, and analyse them.

        By star table, why that could not be.
        """
        self._create(loads)
        failed: dict[str, StarTableError] = {}
        with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
            for load, done in [(load, pool.submit(self._write, load)) for load in loads]:
                try:
                    done.result()
                except StarTableError as error:
                    failed[load.table.name] = error
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

    def _write(self, load: TableLoad) -> None:
        """Fill the staging tables of one load."""
        columns = columns_of(load.table)
        again = [key for replay in load.replays for key in replay.keys]
        name = load.table.name
        sums = load.checksums
        parts = [
            LakeRows(name, load.keys, columns, load.beyond, load.through, sums),
            LakeRows(name, again, columns, checksums=sums),
        ]
        self._copy(load, publish.staging_name(self._run, load.table), parts)
        if load.quarantine:
            target = publish.quarantine_name(self._run, load.table)
            self._copy(load, target, [LakeRows(name, load.quarantine, quarantine_columns(), checksums=sums)])

    def _copy(self, load: TableLoad, target: str, parts: Sequence[LakeRows]) -> None:
        """Put rows into a staging table that is new: all of them in one transaction, or none.

        No statement of it waits for whoever reads the table, as a backup does.
        """
        with connect(self._jvm, self._address) as connection, folder_of_load() as folder, refusing(load.table):
            # that of a changed secret, which the next connection needs, too
            self._address = connection.address
            for rows in parts:
                for path in csv_files(self._job.processed, rows, folder):
                    connection.copy(rows.copy_into(target), path)
            analyse(connection, target)
            connection.commit()


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
