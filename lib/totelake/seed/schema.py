"""The schema of totesys, generated from the contracts: enums, defaults, sequences, keys, and no other index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2

from totelake.contracts import load_contracts
from totelake.contracts.identifiers import sql_text
from totelake.contracts.model import Column, Table
from totelake.errors import SourceError
from totelake.ports.postgres import open_dsn

SOURCE = "totesys"
READER = "totelake_reader"


def tables() -> tuple[Table, ...]:
    """The source's tables, parents before children."""
    return load_contracts().source_tables(SOURCE)


@contextmanager
def transaction(dsn: str) -> Iterator[Any]:
    """A cursor in one transaction, which is committed at the end. Raises SourceError when the server refuses."""
    with open_dsn(dsn, SOURCE, SourceError, "run `totelake status`") as connection:
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            words = " ".join(str(error).split())
            raise SourceError(f"{SOURCE} refused: {words}; nothing was changed") from error


def create_schema(dsn: str) -> None:
    """Drop what is there of the 11 tables and create them empty."""
    with transaction(dsn) as cursor:
        create_tables(cursor)


def create_tables(cursor: Any, constrained: bool = True) -> None:
    """The same inside a transaction that goes on; keys can be left for `add_constraints`, once the rows are there."""
    for statement in statements(constrained):
        cursor.execute(statement)


def add_constraints(cursor: Any) -> None:
    """Add the keys to tables that have their rows: one check of all rows takes a fraction of one for each row."""
    for table in tables():
        # the check of foreign keys joins the tables, and would be planned for empty ones
        cursor.execute(f"ANALYZE {_name(table)}")
        _add(cursor, table, [_primary_key(table), *_unique(table)])
    for table in tables():
        _add(cursor, table, _foreign_keys(table))


def _add(cursor: Any, table: Table, constraints: Sequence[str]) -> None:
    if constraints:
        cursor.execute(f"ALTER TABLE {_name(table)} " + ", ".join(f"ADD {text}" for text in constraints))


def statements(constrained: bool = True) -> list[str]:
    """The SQL that drops and creates everything, with or without its keys."""
    found = [f"DROP TABLE IF EXISTS {_name(table)} CASCADE" for table in reversed(tables())]
    enums = {column.type: column.enum for table in tables() for column in table.columns if column.enum}
    for kind, labels in enums.items():
        found.append(f"DROP TYPE IF EXISTS {kind}")
        found.append(f"CREATE TYPE {kind} AS ENUM ({', '.join(sql_text(label) for label in labels)})")
    for table in tables():
        found += _create(table, constrained)
    names = ", ".join(_name(table) for table in tables())
    grant = f"GRANT SELECT ON {names} TO {READER}"
    found.append(f"DO $$ BEGIN IF to_regrole('{READER}') IS NOT NULL THEN {grant}; END IF; END $$")
    return found


def _name(table: Table) -> str:
    return f'{table.schema}."{table.name}"'


def sequence(table: Table) -> str:
    """The sequence of a table's key, by the name that a serial column would have."""
    return f'{table.schema}."{table.name}_{table.key_name}_seq"'


def _create(table: Table, constrained: bool) -> Iterator[str]:
    yield f"CREATE SEQUENCE {sequence(table)} AS integer"
    lines = [_definition(table, column) for column in table.columns]
    lines += [_primary_key(table), *_unique(table), *_foreign_keys(table)] if constrained else []
    yield f"CREATE TABLE {_name(table)} ({', '.join(lines)})"
    yield f'ALTER SEQUENCE {sequence(table)} OWNED BY {_name(table)}."{table.key_name}"'


def _primary_key(table: Table) -> str:
    return f'PRIMARY KEY ("{table.key_name}")'


def _unique(table: Table) -> list[str]:
    return [f'UNIQUE ("{column.name}")' for column in table.columns if column.unique]


def _foreign_keys(table: Table) -> list[str]:
    return [_foreign_key(column) for column in table.columns if column.foreign_key]


def _definition(table: Table, column: Column) -> str:
    default = f"nextval('{sequence(table)}'::regclass)" if column.primary_key else column.default
    required = " NOT NULL" if column.required else ""
    return f'"{column.name}" {column.type}{required}' + (f" DEFAULT {default}" if default else "")


def _foreign_key(column: Column) -> str:
    reference = column.foreign_key
    if reference is None:
        raise ValueError(f"{column.name} refers to nothing")
    return (
        f'FOREIGN KEY ("{column.name}") REFERENCES public."{reference.table}" ("{reference.column}") '
        f"ON UPDATE CASCADE ON DELETE {column.on_delete}"
    )


def set_sequences(cursor: Any) -> None:
    """Let every sequence go on after the highest key."""
    for table in tables():
        key = f'"{table.key_name}"'
        # from the key's index alone, however many rows there are
        highest = f"SELECT max({key}) AS key FROM {_name(table)}"
        cursor.execute(f"SELECT setval('{sequence(table)}', coalesce(key, 1), key IS NOT NULL) FROM ({highest}) AS m")
