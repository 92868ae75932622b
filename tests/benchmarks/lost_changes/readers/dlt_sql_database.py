"""dlt's `sql_database` source, set up as its documentation recommends, into DuckDB. Needs dlt.

An incremental cursor on `last_updated` for each table and the write disposition `merge` on the reflected primary key.
The range is closed, its default, which re-reads the last millisecond and drops what was loaded;
`on_cursor_value_missing="include"`, so that rows without a timestamp are read instead of ending the run; the `pyarrow`
backend, recommended for speed and exact decimals; full reflection, so that naive timestamps stay naive.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
from datetime import timezone
from pathlib import Path
from typing import Any

from tests.benchmarks.lost_changes.totesys import TABLES
from tests.benchmarks.lost_changes.verdict import Replica
from totelake.contracts.model import Table

LAG = 3600


def version() -> str | None:
    """dlt's version; None when it is not installed."""
    try:
        return importlib.metadata.version("dlt")
    except importlib.metadata.PackageNotFoundError:
        return None


class Dlt:
    """One dlt pipeline; with `lag` each look reads again that many seconds before the cursor."""

    def __init__(self, dsn: str, folder: Path, lag: float | None = None) -> None:
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        # here and not in a look, whose time counts
        import dlt
        from dlt.sources.sql_database import sql_database

        self._sql_database, self._incremental = sql_database, dlt.sources.incremental
        self.name = "dlt" if lag is None else f"dlt, lag {lag / 3600:g} h"
        self._dsn, self._lag = dsn.replace("postgresql://", "postgresql+psycopg2://"), lag
        home = folder / f"dlt-{lag or 0:g}"
        home.mkdir()
        self._database = home / "copy.duckdb"
        self._pipeline = dlt.pipeline(
            pipeline_name="lost_changes",
            pipelines_dir=str(home / "pipelines"),
            destination=dlt.destinations.duckdb(str(self._database)),
            dataset_name="totesys",
        )
        logging.getLogger("dlt").setLevel(logging.ERROR)

    def look(self) -> int:
        """One run of the pipeline; the rows that it loaded."""
        names = [table.name for table in TABLES]
        source = self._sql_database(self._dsn, table_names=names, backend="pyarrow", reflection_level="full")
        for name in names:
            cursor = self._incremental("last_updated", on_cursor_value_missing="include", lag=self._lag)
            source.resources[name].apply_hints(incremental=cursor)
        self._pipeline.run(source, write_disposition="merge").raise_on_failed_jobs()
        counts = self._pipeline.last_trace.last_normalize_info.row_counts
        return sum(counts.get(name, 0) for name in names)

    def replica(self) -> Replica:
        """The tables of the destination."""
        import duckdb

        content: dict[str, dict[int, tuple[Any, ...]]] = {}
        doubled = 0
        with duckdb.connect(str(self._database), read_only=True) as connection:
            for table in TABLES:
                rows = connection.execute(f"SELECT {', '.join(table.column_names)} FROM totesys.{table.name}")
                found = [_plain(row) for row in rows.fetchall()]
                content[table.name] = _by_key(table, found)
                doubled += len(found) - len(content[table.name])
        return Replica(content, doubled)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Timestamps without zone, as the source has them."""
    return tuple(
        value.astimezone(timezone.utc).replace(tzinfo=None) if getattr(value, "tzinfo", None) else value
        for value in row
    )


def _by_key(table: Table, rows: list[tuple[Any, ...]]) -> dict[int, tuple[Any, ...]]:
    position = table.column_names.index(table.key_name)
    return {row[position]: row for row in rows}
