"""What the warehouse has: its tables and views with their columns, keys and readers, as its system catalogue says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from totelake.contracts.model import Reference
from totelake.warehouse.ddl import ETL, SCHEMAS, STAR

_TABLE_KINDS = ("r", "p")
_VIEW = "v"
_SCHEMAS = f"n.nspname IN ('{STAR}', '{ETL}')"
# one JSON document for each relation, as one driver has every value as text and the other does not
_RELATIONS = f"""
SELECT json_build_object('name', n.nspname || '.' || c.relname, 'kind', c.relkind, 'comment',
       obj_description(c.oid, 'pg_class'), 'columns', ARRAY(
           SELECT json_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'required', attnotnull,
                  'has_default', atthasdef OR attidentity <> '')
             FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
       'key', ARRAY(SELECT json_build_object('constraint', p.conname, 'column', a.attname) FROM pg_constraint AS p,
           unnest(p.conkey) WITH ORDINALITY AS k (number, place), pg_attribute AS a
            WHERE p.conrelid = c.oid AND p.contype = 'p' AND a.attrelid = c.oid AND a.attnum = k.number ORDER BY place),
       'references', ARRAY(SELECT json_build_object('constraint', f.conname, 'column', a.attname, 'table', t.relname,
           'target', b.attname) FROM pg_constraint AS f JOIN pg_class AS t ON t.oid = f.confrelid
             JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
             JOIN pg_attribute AS b ON b.attrelid = t.oid AND b.attnum = f.confkey[1]
            WHERE f.conrelid = c.oid AND f.contype = 'f' AND cardinality(f.conkey) = 1
              AND t.relnamespace = '{STAR}'::regnamespace))::text
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE {_SCHEMAS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"""
_READERS = f"""
SELECT DISTINCT n.nspname || '.' || c.relname, a.attname::text, m.nspname || '.' || v.relname
  FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS v ON v.oid = r.ev_class
  JOIN pg_namespace AS m ON m.oid = v.relnamespace JOIN pg_class AS c ON c.oid = d.refobjid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND {_SCHEMAS} AND v.oid <> c.oid
 ORDER BY 1, 2, 3"""
_SCHEMA_NAMES = f"SELECT nspname::text FROM pg_namespace WHERE nspname IN {SCHEMAS!r}"
_LOADED = f"SELECT DISTINCT '{STAR}.' || target_table FROM {ETL}.batch WHERE held = 0"


class Reading(Protocol):
    """A connection to the warehouse, by whichever driver."""

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """All rows of a query."""


class Session(Reading, Protocol):
    """A transaction in the warehouse, by whichever driver."""

    def run(self, statement: str) -> object:
        """Execute a statement."""


@dataclass(frozen=True)
class PresentColumn:
    """A column of a table or view; `type` as format_type() writes it. `has_default`: an INSERT may leave it out."""

    name: str
    type: str
    required: bool = False
    has_default: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of one column that refers to a table of the schema star."""

    constraint: str
    column: str
    reference: Reference


@dataclass(frozen=True)
class Reader:
    """A view, by its name with its schema, that reads a column, or the whole row when `column` is None."""

    view: str
    column: str | None


@dataclass(frozen=True)
class Relation:
    """A table or view, its name with its schema; `key` are the primary key's columns, `constraint` its name."""

    name: str
    kind: str
    columns: tuple[PresentColumn, ...]
    key: tuple[str, ...] = ()
    constraint: str = ""
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str | None = None
    readers: tuple[Reader, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether it is a table that rows can be written to."""
        return self.kind in _TABLE_KINDS

    @property
    def is_view(self) -> bool:
        """Whether it is a view that is computed whenever it is read."""
        return self.kind == _VIEW

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns, in their order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Present:
    """What there is: schemas by their names, tables and views by their names with their schema."""

    schemas: frozenset[str]
    relations: Mapping[str, Relation]


class Rows:
    """Which tables have rows, and which were given rows; asked for only when something hangs on it."""

    def __init__(self, session: Reading) -> None:
        self._session = session

    def is_filled(self, quoted: str) -> bool:
        """Whether a table, by its quoted name, has rows."""
        return bool(self._session.rows(f"SELECT 1 FROM {quoted} LIMIT 1"))

    def loaded(self) -> frozenset[str]:
        """The star tables, by their names with their schema, to which loads have applied batches."""
        return frozenset(str(name) for (name,) in self._session.rows(_LOADED))


def read(session: Reading) -> Present:
    """What the schemas star, etl and staging have."""
    schemas = frozenset(str(name) for (name,) in session.rows(_SCHEMA_NAMES))
    if STAR not in schemas:
        return Present(schemas, {})
    readers: dict[str, list[Reader]] = {}
    for name, column, view in session.rows(_READERS):
        readers.setdefault(str(name), []).append(Reader(str(view), column))
    documents = [json.loads(str(text)) for (text,) in session.rows(_RELATIONS)]
    return Present(schemas, {item["name"]: _relation(item, readers.get(item["name"], ())) for item in documents})


def _relation(item: Mapping[str, Any], readers: Iterable[Reader]) -> Relation:
    return Relation(
        name=item["name"],
        kind=item["kind"],
        columns=tuple(PresentColumn(**column) for column in item["columns"]),
        key=tuple(entry["column"] for entry in item["key"]),
        constraint=item["key"][0]["constraint"] if item["key"] else "",
        foreign_keys=tuple(
            ForeignKey(entry["constraint"], entry["column"], Reference(entry["table"], entry["target"]))
            for entry in item["references"]
        ),
        comment=item["comment"],
        readers=tuple(readers),
    )
