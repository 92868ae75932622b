"""What PostgreSQL lets an owner do to a table: drawn by hypothesis, tried on a real server, and taken back.

Types are those of the server's own catalogue and of a few that are made here; names are any that PostgreSQL takes.
What the server refuses is no sample.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import psycopg2
from hypothesis import strategies as st
from psycopg2 import sql

from tests.unit.contracts.test_identifiers import KEPT, NAMES, UNUSABLE
from totelake.contracts import load_contracts
from totelake.contracts.identifiers import RESERVED, sql_quoted
from totelake.contracts.model import Table

MADE = (
    "CREATE DOMAIN small AS integer CHECK (VALUE < 100)",
    "CREATE DOMAIN \"Odd `text`\" AS text NOT NULL DEFAULT 'x'",
    "CREATE TYPE mood AS ENUM ('ok', 'it''s', '')",
    'CREATE TYPE "a pair" AS (a integer, "B" text)',
    "CREATE TYPE span AS RANGE (subtype = numeric)",
    "CREATE SCHEMA apart CREATE TABLE box (id integer)",
)
_KINDS = "b", "c", "d", "e", "r", "m"
_TYPES = """
SELECT format_type(t.oid, NULL) FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
 WHERE t.typisdefined AND t.typtype = ANY (%s) AND coalesce(c.relkind, 'c') = 'c' ORDER BY t.typtype DESC, t.oid"""
# one of these is a value of nearly every type
_VALUES = (
    "1", "0.5", "t", "2024-08-30", "09:30", "x", "ok", "{}", "[1,2)", "(1,2)", "(1,2),(3,4)", "<(1,2),3>", "1 day",
    "10.0.0.1", "08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05", "101", "6f1d0d0a-0000-4000-8000-000000000000", "<a/>",
    "pg_class", "0/1", "{1,2,3}", "1:2:", "$.a", "(1,x)", "{[1,2)}",
)  # fmt: skip
PARAMETRISED = st.one_of(
    st.tuples(st.integers(1, 1000), st.integers(-1000, 1000)).map(lambda at: f"numeric({at[0]},{at[1]})"),
    st.tuples(st.integers(1, 40), st.integers(0, 40)).map(lambda at: f"numeric({at[0]},{at[1]})"),
    st.integers(1, 10_485_760).map("varchar({})".format),
    st.integers(1, 300).map("char({})".format),
    st.integers(1, 64).map("bit({})".format),
    st.tuples(st.integers(0, 6), st.sampled_from(("", " with time zone"))).map(lambda at: f"timestamp({at[0]}){at[1]}"),
    st.sampled_from(("interval day to second(3)", "integer[][]", 'text COLLATE "C"', "numeric", "bigint", "text")),
)
ODD_NAMES = st.one_of(st.sampled_from((*KEPT, *UNUSABLE, *sorted(RESERVED), "Created_At", "user")), NAMES)
# what a new column has beside its type; {key} is the table's key, {value} a literal of the type
EXTRAS = ("", "", "DEFAULT {value}", "NOT NULL DEFAULT {value}", "GENERATED ALWAYS AS ({key}) STORED", "UNIQUE")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@dataclass(frozen=True)
class Definition:
    """A column to add to a table, or one of `OTHERS` in its place; `kind` is a type or a place in the server's list."""

    name: str
    kind: str | int
    extra: str
    comment: str
    other: str = ""


# what else may be done to a table, and how to take it back; {table} and {column} are filled in
OTHERS = {
    "child": ("CREATE TABLE odd_child () INHERITS ({table})", "DROP TABLE odd_child"),
    "renamed": ("ALTER TABLE {table} RENAME {column} TO odd_one", "ALTER TABLE {table} RENAME odd_one TO {column}"),
    "policy": ("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
    "index": ("CREATE INDEX odd_index ON {table} ({column})", "DROP INDEX odd_index"),
    "unlogged": ("ALTER TABLE {table} SET UNLOGGED", "ALTER TABLE {table} SET LOGGED"),
    "null": ("ALTER TABLE {table} ALTER {column} DROP NOT NULL", "ALTER TABLE {table} ALTER {column} SET NOT NULL"),
    "trigger": (
        "CREATE TRIGGER odd BEFORE UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP TRIGGER odd ON {table}",
    ),
}
DEFINITIONS = st.builds(
    Definition,
    ODD_NAMES,
    st.one_of(PARAMETRISED, st.integers(0, 10_000)),
    st.sampled_from(EXTRAS),
    TEXTS,
    st.sampled_from(("",) * 8 + tuple(OTHERS)),
)


class Owner:
    """The owner of the source's tables, who alters them and takes it back."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._undo: list[str] = []
        self.accepted: list[str] = []

    def make_types(self) -> list[str]:
        """Make types of all kinds; every type of the server."""
        with self._connection() as connection, connection, connection.cursor() as cursor:
            for statement in MADE:
                cursor.execute(statement)
            cursor.execute(_TYPES, (list(_KINDS),))
            return [row[0] for row in cursor.fetchall()]

    def alter(self, table: Table, definition: Definition, types: list[str]) -> bool:
        """Do it in a transaction of its own; whether PostgreSQL accepts it."""
        with self._connection() as connection:
            try:
                with connection, connection.cursor() as cursor:
                    if definition.other:
                        undo = self._other(cursor, table, definition.other)
                    else:
                        undo = self._column(cursor, table, definition, types)
            except psycopg2.Error:
                return False
        self._undo.append(undo)
        self.accepted.append(f"{table.name}: {definition}")
        return True

    def take_back(self) -> None:
        """Undo all of it, the last first."""
        with self._connection() as connection, connection, connection.cursor() as cursor:
            while self._undo:
                cursor.execute(self._undo.pop())

    def _connection(self) -> Any:
        return contextlib.closing(psycopg2.connect(self._dsn))

    def _other(self, cursor: Any, table: Table, other: str) -> str:
        column = next(item for item in table.columns if item.required and not item.primary_key)
        names = {"table": table.name, "column": column.name}
        do, undo = OTHERS[other]
        cursor.execute(do.format(**names))
        return undo.format(**names)

    def _column(self, cursor: Any, table: Table, definition: Definition, types: list[str]) -> str:
        name = sql_quoted(definition.name)
        kind = types[definition.kind % len(types)] if isinstance(definition.kind, int) else definition.kind
        value = _value_of(cursor, kind)
        extra = definition.extra.format(key=table.key_name, value=value)
        cursor.execute(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind} {extra}")
        place = sql.SQL("COMMENT ON COLUMN {} IS {}").format(
            sql.Identifier(table.name, definition.name), sql.Literal(definition.comment)
        )
        cursor.execute(place)
        if "GENERATED" not in extra:
            cursor.execute(
                f"UPDATE {table.name} SET {name} = {value} "
                f"WHERE {table.key_name} = (SELECT min({table.key_name}) FROM {table.name})"
            )
        return f"ALTER TABLE {table.name} DROP COLUMN {name}"


def _value_of(cursor: Any, kind: str) -> str:
    """A literal of a type; NULL where none of the usual ones is one."""
    plain = kind.split(" COLLATE")[0]
    for value in _VALUES:
        cursor.execute("SAVEPOINT trying")
        try:
            cursor.execute(f"SELECT '{value}'::{plain}")
        except psycopg2.Error:
            cursor.execute("ROLLBACK TO trying")
        else:
            return f"'{value}'::{plain}"
    return "NULL"


def touch(table: Table) -> str:
    """A statement that changes two rows of a source table, so that there are events of it whatever else happens."""
    keys = f"SELECT {table.key_name} FROM {table.name} ORDER BY 1 DESC LIMIT 2"
    return (
        f"UPDATE {table.name} SET last_updated = last_updated + interval '1 second' WHERE {table.key_name} IN ({keys})"
    )


def source_tables(source: str) -> list[Table]:
    """The tables that may be altered."""
    return list(load_contracts().source_tables(source))
