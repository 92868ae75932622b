"""What names mean in a place of a statement: columns of relations, parameters of lambdas, and queries of WITH."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlglot import exp

from localathena.sql.casts import field as field_of
from localathena.sql.operators import Value
from localathena.sql.refusals import not_here, refuse
from localathena.sql.types import Type

# columns that every table of Athena has besides its own
_HIDDEN = ("$path", "$bucket", "$file_size", "$file_modified_time", "$partition")


@dataclass(frozen=True)
class Table:
    """A table of the catalogue: names and types of its columns, as written there, and DuckDB's name for it."""

    columns: tuple[tuple[str, str], ...]
    source: str


@dataclass(frozen=True)
class View:
    """A view of the catalogue: the names and types of its columns, its query, and the database that the query is of."""

    columns: tuple[tuple[str, str], ...]
    sql: str
    database: str


class Catalog(Protocol):
    """Where tables are described; names in small letters."""

    name: str
    database: str

    def relation(self, database: str, name: str) -> Table | View | None:
        """A table or view; None when there is none."""

    def databases(self) -> Sequence[str]:
        """The names of all databases."""

    def relations(self, database: str) -> Sequence[tuple[str, str]]:
        """The names of a database's tables and views, each with BASE TABLE or VIEW."""


@dataclass(frozen=True)
class Column:
    """A column that a name may mean."""

    qualifier: tuple[str, ...]
    name: str | None
    kind: Type
    sql: str
    shown: str | None = None

    def is_called(self, parts: Sequence[str]) -> bool:
        """Whether the parts of a name, in small letters, are this column's."""
        before = tuple(parts[:-1])
        return self.name == parts[-1] and (not before or self.qualifier[-len(before) :] == before)


@dataclass(frozen=True)
class Query:
    """A query as SQL; its columns are c0, c1 and so on there."""

    sql: str
    columns: tuple[tuple[str | None, Type], ...]
    # of a step of a recursive query: a last column says how deep a row is
    has_depth: bool = False


@dataclass
class Statement:
    """What a whole statement shares."""

    catalog: Catalog
    now: datetime
    query: Callable[[exp.Expr, Scope], Query]
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    views: list[tuple[str, str]] = field(default_factory=list)
    recursive: set[str] = field(default_factory=set)
    _count: int = 0

    def fresh(self, letter: str) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"{letter}{self._count}"


@dataclass
class Scope:
    """The columns in sight, nearest first, and what WITH names."""

    statement: Statement
    columns: list[Column] = field(default_factory=list)
    parent: Scope | None = None
    parameters: dict[str, Value] = field(default_factory=dict)
    queries: dict[str, tuple[str, Query]] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    database: str | None = None

    def inside(self, columns: Sequence[Column] = (), parameters: dict[str, Value] | None = None) -> Scope:
        """A scope in this one."""
        return Scope(self.statement, list(columns), self, parameters or {}, self.queries, self.windows, self.database)

    def _outwards(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def value(self, parts: Sequence[str]) -> Value:
        """What a name means. Raises Refused when it means nothing, or more than one thing."""
        small = [part.lower() for part in parts]
        for scope in self._outwards():
            for length in range(len(small), 0, -1):
                found = scope._found(small[:length])
                if found is not None:
                    return _deeper(found, small[length:])
        if small[-1] in _HIDDEN:
            not_here(f'the column "{small[-1]}"')
        refuse("COLUMN_NOT_FOUND", f"Column '{'.'.join(parts)}' cannot be resolved")

    def _found(self, parts: Sequence[str]) -> Value | None:
        if len(parts) == 1 and parts[0] in self.parameters:
            return self.parameters[parts[0]]
        found = [column for column in self.columns if column.is_called(parts)]
        if len(found) > 1:
            refuse("AMBIGUOUS_NAME", f"Column '{'.'.join(parts)}' is ambiguous")
        return Value(found[0].kind, found[0].sql) if found else None


def _deeper(value: Value, parts: Sequence[str]) -> Value:
    for part in parts:
        value = part_of(value, part)
    return value


def part_of(value: Value, name: str) -> Value:
    """A field of a row. Raises Refused when it has none of the name."""
    if value.kind.name == "row":
        for label, known, kind in zip(value.kind.fields, value.kind.field_names, value.kind.inner):
            if label and known == name.lower():
                return Value(kind, field_of(value.sql, known))
    refuse("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved: {value.kind} has no such field")
