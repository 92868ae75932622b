"""`python -m tests.benchmarks.bench.peers.duckdb_build WORK.json`: star tables from parquet files, as parquet files.

WORK has `sources` (source table: what DuckDB reads it by), `stars` (star table: query), `partitions` (star table:
column by whose month its files are parted) and `folder`. Writes the seconds, without the start of the program, to
`folder/seconds`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb


def build(work: dict[str, Any]) -> float:
    """Make all tables; the seconds."""
    folder = Path(work["folder"])
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        begun = time.perf_counter()
        for table, relation in work["sources"].items():
            connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM {relation}')
        for table, query in work["stars"].items():
            column = work["partitions"].get(table)
            options, wanted = "FORMAT parquet, COMPRESSION zstd", query
            if column:
                options += ", PARTITION_BY (_month)"
                wanted = f"SELECT *, strftime(\"{column}\", '%Y-%m') AS _month FROM ({query})"
            place = folder / table if column else folder / f"{table}.parquet"
            connection.execute(f"COPY ({wanted}) TO '{place}' ({options})")
        return time.perf_counter() - begun


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(given["folder"], "seconds").write_text(str(build(given)), encoding="utf-8")
