"""Whether the rows that a load has written are there: triggers, rules and policies drop some and say nothing."""

from __future__ import annotations

from totelake.contracts.identifiers import sql_quoted, sql_text
from totelake.contracts.model import Table
from totelake.errors import StarTableError
from totelake.warehouse.ddl import qualified
from totelake.warehouse.jdbc import Connection


def check_written(table: Table, due: int, found: int) -> None:
    """Raises StarTableError when fewer rows than are due were written, or are there afterwards."""
    if found != due:
        raise StarTableError(
            f"{table.name}: {found} of {due} rows are in {qualified(table)} after they were written; nothing was "
            "applied: one of the table's triggers, rules or row-level security policies drops rows, correct or drop it"
        )


def newest_record(connection: Connection, fact: Table) -> int:
    """The highest number that a row of a fact has so far; 0 when there is none."""
    query = f"SELECT coalesce(max(record_id), 0) FROM etl.fact_version WHERE target_table = {sql_text(fact.name)}"
    return int(connection.rows(query)[0][0] or 0)


def check_fact(connection: Connection, fact: Table, newest: int) -> None:
    """Raises StarTableError when a version with a higher number than `newest` has no row in the star table."""
    key = sql_quoted(fact.key[0].name)
    _check(
        connection,
        fact,
        f"SELECT count(*), count(f.{key}) FROM etl.fact_version AS v LEFT JOIN {qualified(fact)} AS f "
        f"ON f.{key} = v.record_id WHERE v.target_table = {sql_text(fact.name)} AND v.record_id > {newest}",
    )


def is_empty(connection: Connection, dimension: Table) -> bool:
    """Whether a dimension has no row, and `etl` no version of one."""
    versions = f"SELECT FROM etl.dimension_version WHERE target_table = {sql_text(dimension.name)}"
    query = f"SELECT NOT EXISTS (SELECT FROM {qualified(dimension)}) AND NOT EXISTS ({versions})"
    return connection.rows(query) == [("t",)]


def count(connection: Connection, due: str) -> int:
    """How many rows a part of a query from FROM on has."""
    return int(connection.rows(f"SELECT count(*) {due}")[0][0] or 0)


def check_dimension(connection: Connection, dimension: Table, due: str) -> None:
    """Raises StarTableError when one of the rows that are due, the part of a query from FROM on, is not there."""
    key = sql_quoted(dimension.key_name)
    _check(
        connection,
        dimension,
        f"SELECT count(*), count(d.{key}) FROM (SELECT s.{key} {due}) AS s "
        f"LEFT JOIN {qualified(dimension)} AS d ON d.{key} = s.{key}",
    )


def _check(connection: Connection, table: Table, query: str) -> None:
    due, found = (int(value or 0) for value in connection.rows(query)[0])
    check_written(table, due, found)
