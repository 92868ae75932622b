"""Which tables of a database a person means: by schema and by patterns of their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from totelake.capture.postgres.session import Session
from totelake.errors import ConfigurationError
from totelake.schemas.described import DescribedTable

_SCHEMAS = """
SELECT DISTINCT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1
"""


@dataclass(frozen=True)
class Selection:
    """The schemas, and the patterns (`*`, `?`) of tables to take and to leave; without `include` all are taken.

    Without `schemas` they are those that the source has tables of, for a new one public.

    A pattern with a dot is of schema and name, any other of the name.
    """

    schemas: Sequence[str]
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


def select(session: Session, found: Sequence[DescribedTable], wanted: Selection) -> list[DescribedTable]:
    """The tables that are meant. Raises ConfigurationError for a schema without any, a pattern without a match, and
    for two tables of one name."""
    there = [table for table in found if table.schema in wanted.schemas]
    for schema in wanted.schemas:
        if schema not in {table.schema for table in there}:
            others = ", ".join(str(row[0]) for row in session.rows(_SCHEMAS)) or "none"
            raise ConfigurationError(
                f"the database has no table in the schema {schema}; schemas with tables: {others}; name one with "
                "--schema"
            )
    for option, patterns in (("--include", wanted.include), ("--exclude", wanted.exclude)):
        for pattern in patterns:
            if not any(_matches(table, pattern) for table in there):
                raise ConfigurationError(f"{option} '{pattern}' matches no table; there are {_names(there)}")
    chosen = [
        table
        for table in there
        if (not wanted.include or any(_matches(table, pattern) for pattern in wanted.include))
        and not any(_matches(table, pattern) for pattern in wanted.exclude)
    ]
    if not chosen:
        raise ConfigurationError(f"--exclude leaves no table; there are {_names(there)}")
    return chosen


def check_one_of_each_name(tables: Sequence[tuple[str, str]]) -> None:
    """Raises ConfigurationError for two tables, as (schema, name), that the lake would have under one name."""
    schemas: dict[str, list[str]] = defaultdict(list)
    for schema, name in tables:
        schemas[name].append(schema)
    for name, owners in schemas.items():
        if len(owners) > 1:
            both = " and ".join(f"{schema}.{name}" for schema in owners)
            raise ConfigurationError(
                f"{both} have one name, and a source has one table of a name; take one of the schemas with --schema, "
                f"or leave a table out with --exclude {owners[-1]}.{name}"
            )


def _matches(table: DescribedTable, pattern: str) -> bool:
    return fnmatchcase(f"{table.schema}.{table.name}" if "." in pattern else table.name, pattern)


def _names(tables: Sequence[DescribedTable]) -> str:
    return ", ".join(table.name for table in tables)
