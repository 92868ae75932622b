"""Tables of databases, read and written by Spark with the driver that the job brings in `--extra-jars`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from awsglue.expressions import partition_value, quoted, text
from awsglue.gluetypes import Field
from awsglue.missing import NotThere
from awsglue.utils import DISABLE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from awsglue.bookmarks import Bookmark

_DRIVERS = {
    "postgresql": "org.postgresql.Driver",
    "mysql": "com.mysql.cj.jdbc.Driver",
    "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
    "oracle": "oracle.jdbc.OracleDriver",
    "redshift": "com.amazon.redshift.jdbc42.Driver",
    "jdbc": "",
    "custom.jdbc": "",
}
_OWN = ("url", "dbtable", "user", "password", "database", "redshiftTmpDir", "query", "className", "connectionName")
_NOT_THERE = ("hashfield", "hashexpression", "preactions", "postactions", "customJdbcDriverS3Path", "sampleQuery")


def is_database(connection_type: str) -> bool:
    """Whether the connection type is one of a database."""
    return connection_type in _DRIVERS


def refuse_bookmark(bookmark: Bookmark, context: str) -> None:
    """Raises NotImplementedError for a source that the job's bookmark would follow."""
    if context and bookmark.option != DISABLE:
        raise NotThere(
            "a bookmark for a source of a database", "run the job with job-bookmark-disable, or without a ctx"
        )


def _options(kind: str, given: Mapping[str, Any]) -> dict[str, str]:
    """What Spark needs. Raises ValueError for an address or table that is missing, and NotImplementedError."""
    refused = [name for name in _NOT_THERE if given.get(name)]
    if refused:
        raise NotThere(f"the option {refused[0]} of a database")
    if not given.get("url") or not (given.get("dbtable") or given.get("query")):
        raise ValueError(f"a connection of the type {kind} needs url and dbtable in its connection options")
    names = ("dbtable",) if given.get("dbtable") else ("query",)
    made = {name: str(given[name]) for name in ("url", *names, "user", "password") if given.get(name)}
    driver = str(given.get("className") or _DRIVERS[kind])
    more = {name: str(value) for name, value in given.items() if name not in _OWN}
    return {**more, **made, **({"driver": driver} if driver else {})}


def read(session: SparkSession, kind: str, given: Mapping[str, Any]) -> DataFrame:
    """The rows of a table or query."""
    return session.read.format("jdbc").options(**_options(kind, given)).load()


def write(frame: DataFrame, kind: str, given: Mapping[str, Any]) -> None:
    """Append the rows to a table; it is created when it does not exist."""
    frame.write.format("jdbc").mode("append").options(**_options(kind, given)).save()


def options_of(connection: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The connection options of a connection of the Data Catalog; `database` names another one of its server."""
    database = given.get("database")
    url = f"{connection['url']}/{database}" if database else connection["fullUrl"]
    return {"url": url, "user": connection["user"], "password": connection["password"], **given}


def literal(key: Field, value: str) -> str:
    """A partition's value as a column."""
    return f"{partition_value(text(value), key.dataType)} AS {quoted(key.name)}"
