"""`python -m tests.benchmarks.bench.peers.ingest NAME WORK.json`: copy every table of a database into parquet files.

Runs in an environment of its own, without totelake. WORK has `dsn`, `tables` (name: key), `folder` and, of what writes
to S3 only, `bucket`. Table by table, as their documentation shows it, with their own defaults.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def _dlt(work: dict[str, Any]) -> None:
    """Its backend connectorx, to parquet files in a folder."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt
    from dlt.sources.sql_database import sql_database

    source = sql_database(
        work["dsn"].replace("postgresql://", "postgresql+psycopg2://"),
        table_names=list(work["tables"]),
        backend="connectorx",
        reflection_level="full_with_precision",
        backend_kwargs={"return_type": "arrow", "conn": work["dsn"]},
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=f"{work['folder']}/_pipelines",
        destination=dlt.destinations.filesystem(bucket_url=f"file://{work['folder']}"),
        dataset_name="copy",
    )
    pipeline.run(source, loader_file_format="parquet", write_disposition="replace").raise_on_failed_jobs()


def _awswrangler(work: dict[str, Any]) -> None:
    """By pg8000, into S3: it writes nowhere else."""
    import awswrangler as wr

    with _pg8000_connection(work["dsn"]) as connection:
        for table in work["tables"]:
            frame = wr.postgresql.read_sql_table(table=table, con=connection, schema="public")
            wr.s3.to_parquet(frame, path=f"s3://{work['bucket']}/{table}/0.parquet")


def _pg8000(work: dict[str, Any]) -> None:
    """A frame of each table, written by pyarrow."""
    import pandas as pd

    with _pg8000_connection(work["dsn"]) as connection:
        for table in work["tables"]:
            cursor = connection.cursor()
            cursor.execute(f'SELECT * FROM "{table}"')
            frame = pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])
            frame.to_parquet(_file(work, table))


def _polars(work: dict[str, Any]) -> None:
    """By connectorx, over as many connections as there are cores."""
    import polars

    cores = os.cpu_count() or 1
    for table, key in work["tables"].items():
        frame = polars.read_database_uri(
            f'SELECT * FROM "{table}"', work["dsn"], partition_on=key, partition_num=cores, engine="connectorx"
        )
        frame.write_parquet(_file(work, table))


def _pg8000_connection(dsn: str) -> Any:
    import pg8000

    at = urlsplit(dsn)
    return closing(
        pg8000.connect(
            user=at.username, password=at.password, host=at.hostname, port=at.port, database=at.path.lstrip("/")
        )
    )


def _file(work: dict[str, Any], table: str) -> Path:
    folder = Path(work["folder"], table)
    folder.mkdir()
    return folder / "0.parquet"


WAYS = {"dlt": _dlt, "awswrangler": _awswrangler, "pg8000": _pg8000, "polars": _polars}

if __name__ == "__main__":
    WAYS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
