"""The SQL of a table that was built anew: what the warehouse has of it goes in the transaction that brings the new
rows, so readers see the former ones until it commits."""

from __future__ import annotations

from totelake.contracts.identifiers import sql_quoted, sql_text
from totelake.contracts.model import FACT, Table
from totelake.warehouse.ddl import qualified
from totelake.warehouse.jdbc import Connection

_OF_FACTS = ("fact_version", "deletion")
_OF_DIMENSIONS = ("dimension_version",)
_OF_ALL = ("quarantine", "batch", "replay")


def forget(connection: Connection, table: Table) -> None:
    """Delete what the warehouse knows of a star table, and the rows of a fact.

    A dimension's rows stay, because facts refer to them: the new versions replace them.
    """
    is_fact = table.kind == FACT
    if is_fact:
        connection.run(f"DELETE FROM {qualified(table)}")
        connection.run(_number_anew(table))
    for name in (*(_OF_FACTS if is_fact else _OF_DIMENSIONS), *_OF_ALL):
        connection.run(f"DELETE FROM etl.{name} WHERE target_table = {sql_text(table.name)}")


def _number_anew(fact: Table) -> str:
    """Let the serial numbers of an empty fact begin anew, else every rebuild would use up as many as there are rows.

    PostgreSQL undoes it with the transaction, as it would not undo setval().
    """
    column = sql_text(fact.key[0].name)
    return f"""DO $$ DECLARE numbers text := pg_get_serial_sequence({sql_text(qualified(fact))}, {column});
        BEGIN IF numbers IS NOT NULL AND NOT EXISTS (SELECT FROM {qualified(fact)}) THEN
            EXECUTE 'ALTER SEQUENCE ' || numbers || ' RESTART'; END IF; END $$"""


def delete_left_over(connection: Connection, dimension: Table) -> None:
    """Delete the rows of a dimension that it has no version of any more; one that a fact refers to is refused."""
    connection.run(
        f"DELETE FROM {qualified(dimension)} AS d WHERE NOT EXISTS (SELECT FROM etl.dimension_version AS v "
        f"WHERE v.target_table = {sql_text(dimension.name)} "
        f"AND v.dimension_key = d.{sql_quoted(dimension.key_name)}::text)"
    )
