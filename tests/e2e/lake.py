"""The lake as Athena would see it: tables, partitions and views of the catalogue, their objects read by DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import sqlglot

from totelake.lake.views import view_sql

PROCESSED = "totelake_processed"


def select(
    glue: Any, s3: Any, view: str, columns: str, scratch: Path, database: str = PROCESSED
) -> list[tuple[Any, ...]]:
    """The rows of a view; only the objects under the locations that the catalogue names are read."""
    sql = view_sql(glue.get_table(DatabaseName=database, Name=view)["Table"])
    parsed = sqlglot.parse_one(sql, read="athena")
    with duckdb.connect() as connection:
        for name in {table.name for table in parsed.find_all(sqlglot.exp.Table)}:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{database}"')
            connection.execute(f'CREATE VIEW "{database}"."{name}" AS {_relation(glue, s3, name, scratch, database)}')
        return connection.execute(f"SELECT {columns} FROM ({parsed.sql(dialect='duckdb')})").fetchall()


def _relation(glue: Any, s3: Any, name: str, scratch: Path, database: str) -> str:
    table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    columns = ", ".join(f'"{column["Name"]}"' for column in table["StorageDescriptor"]["Columns"])
    keys = [key["Name"] for key in table.get("PartitionKeys", ())]
    if not keys:
        return f"SELECT {columns} FROM {_objects(s3, table['StorageDescriptor']['Location'], scratch)}"
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
    parts = [
        f"SELECT {columns}, '{part['Values'][0]}' AS \"{keys[0]}\" FROM "
        + _objects(s3, part["StorageDescriptor"]["Location"], scratch)
        for page in pages
        for part in page["Partitions"]
    ]
    return " UNION ALL ".join(parts)


def _objects(s3: Any, location: str, scratch: Path) -> str:
    """The objects under a location, as DuckDB reads them."""
    bucket, prefix = location.removeprefix("s3://").split("/", 1)
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            path = scratch / item["Key"]
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, item["Key"], str(path))
            found.append(f"'{path}'")
    return f"read_parquet([{', '.join(found)}], hive_partitioning = false)"
