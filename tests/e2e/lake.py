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
    columns_of = f'SELECT {columns} FROM "{view}"'
    return ask(glue, s3, columns_of, scratch, database)


def ask(glue: Any, s3: Any, sql: str, scratch: Path, database: str = PROCESSED) -> list[tuple[Any, ...]]:
    """The rows of a query in Athena's SQL over views of the catalogue, whose texts are resolved as Athena does."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f'CREATE SCHEMA "{database}"')
        connection.execute(f'SET schema = "{database}"')
        made = set[str]()

        def make(name: str) -> None:
            """A view over a log, or over other views, which are made first."""
            if name in made:
                return
            made.add(name)
            table = glue.get_table(DatabaseName=database, Name=name)["Table"]
            if table["TableType"] != "VIRTUAL_VIEW":
                connection.execute(f'CREATE VIEW "{name}" AS {_relation(glue, s3, name, scratch, database)}')
                return
            text = sqlglot.parse_one(view_sql(table), read="athena")
            for other in sorted(_tables(text)):
                make(other)
            connection.execute(f'CREATE VIEW "{name}" AS {text.sql(dialect="duckdb")}')

        for view in sorted(_tables(sqlglot.parse_one(sql, read="athena"))):
            make(view)
        return connection.execute(sqlglot.transpile(sql, read="athena", write="duckdb")[0]).fetchall()


def _tables(parsed: Any) -> set[str]:
    """The tables and views that a query reads, without the names that it gives itself in WITH."""
    own = {found.alias for found in parsed.find_all(sqlglot.exp.CTE)}
    return {found.name for found in parsed.find_all(sqlglot.exp.Table)} - own


def _relation(glue: Any, s3: Any, name: str, scratch: Path, database: str) -> str:
    table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    registered = table["StorageDescriptor"]["Columns"]
    columns = ", ".join(_column(column) for column in registered)
    # a column that an object has not is NULL for Athena
    nothing = "SELECT " + ", ".join(f'NULL AS "{column["Name"]}"' for column in registered) + " WHERE false"
    keys = [key["Name"] for key in table.get("PartitionKeys", ())]
    if not keys:
        objects = _objects(s3, table["StorageDescriptor"]["Location"], scratch)
        if not objects:
            return f"SELECT {columns} FROM ({nothing})"
        return f"SELECT {columns} FROM ({nothing} UNION ALL BY NAME SELECT * FROM {objects})"
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
    parts = [
        f"SELECT {columns}, '{part['Values'][0]}' AS \"{keys[0]}\" FROM ({nothing} UNION ALL BY NAME "
        f"SELECT * FROM {_objects(s3, part['StorageDescriptor']['Location'], scratch)})"
        for page in pages
        for part in page["Partitions"]
    ]
    return " UNION ALL ".join(parts)


def _column(column: Any) -> str:
    """A column; a moment has no zone for Athena, whatever the parquet file says."""
    name = f'"{column["Name"]}"'
    return f"CAST({name} AS timestamp) AS {name}" if column["Type"] == "timestamp" else name


def _objects(s3: Any, location: str, scratch: Path) -> str:
    """The objects under a location, as DuckDB reads them; '' when there is none."""
    bucket, prefix = location.removeprefix("s3://").split("/", 1)
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            path = scratch / item["Key"]
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, item["Key"], str(path))
            found.append(f"'{path}'")
    if not found:
        return ""
    return f"read_parquet([{', '.join(found)}], union_by_name = true, hive_partitioning = false)"
