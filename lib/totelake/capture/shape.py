"""The shape of the source's tables as they are now: columns, key, a fingerprint of everything that holds content."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from psycopg2 import sql

from totelake.capture.session import Session
from totelake.contracts.model import Table
from totelake.contracts.types import UnknownTypeError, arrow_type
from totelake.errors import SourceError

XID = "_xid"
METADATA = ("_op", "_batch", "_captured_at", XID)
_KEY_TYPES = ("smallint", "integer", "bigint")

_RELATIONS = """
SELECT n.nspname::text, c.relname::text, c.oid::bigint, c.relkind::text, c.relpersistence::text,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
       coalesce((SELECT array_agg(k.attnum::int) FROM pg_index i, unnest(i.indkey) AS k(attnum)
                 WHERE i.indrelid = c.oid AND i.indisprimary), '{}'::int[]),
       EXISTS (SELECT FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent OR p.oid = h.inhrelid
               WHERE (h.inhparent = c.oid OR h.inhrelid = c.oid) AND p.relkind NOT IN ('p', 'I') AND c.relkind = 'r'),
       c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE') AND (
           SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT'))
           FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname::text, c.relname::text) IN %s AND c.relkind NOT IN ('i', 'I', 'S', 't', 'c')
"""

_COLUMNS = """
SELECT a.attrelid::bigint, a.attnum::int, a.attname::text,
       CASE b.typtype WHEN 'e' THEN '"' || b.typname || '"'
            ELSE format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) END,
       a.attnotnull OR t.typnotnull, a.atttypid::bigint, a.atttypmod::int, a.attmissingval::text,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid)
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_DESCENDANTS = """
WITH RECURSIVE tree(root, child) AS (
    SELECT i.inhparent, i.inhrelid FROM pg_inherits i WHERE i.inhparent = ANY(%s::oid[])
    UNION ALL SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.child)
SELECT tree.root::bigint, c.oid::bigint, c.relkind::text, c.relpersistence::text, pg_get_expr(c.relpartbound, c.oid)
FROM tree JOIN pg_class c ON c.oid = tree.child ORDER BY tree.root, c.oid
"""


@dataclass(frozen=True)
class SourceColumn:
    """One column as the source has it; `type` as format_type() writes it, an enum's in double quotes.

    `default` is what rows have that were written before the column was added; None when it was there from the start.
    """

    name: str
    type: str
    required: bool
    enum: tuple[str, ...] = ()
    default: str | None = None

    @property
    def arrow(self) -> pa.DataType:
        """Its type in the lake."""
        return pa.string() if self.enum else arrow_type(self.type)

    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        plain: dict[str, Any] = {"name": self.name, "type": self.type, "required": self.required}
        plain.update({"enum": list(self.enum)} if self.enum else {})
        return {**plain, "default": self.default} if self.default is not None else plain


@dataclass(frozen=True)
class Shape:
    """A table as it is now; `fingerprint` changes with anything that could change content without a new row version.

    `has_xmin` is False where the role may read columns only.
    """

    schema: str
    table: str
    columns: tuple[SourceColumn, ...]
    key: str
    fingerprint: str
    has_xmin: bool = True

    @property
    def name(self) -> sql.Identifier:
        """The quoted, qualified name."""
        return sql.Identifier(self.schema, self.table)

    @property
    def document(self) -> list[dict[str, Any]]:
        """The columns in physical order, for a manifest."""
        return [column.document() for column in self.columns]

    @property
    def schema_fingerprint(self) -> str:
        """What tells one schema of the table's objects from another: names, types, required, enum labels, order."""
        return _digest([{name: column[name] for name in column if name != "default"} for column in self.document])

    @property
    def arrow(self) -> pa.Schema:
        """The columns' exact types in the lake."""
        return pa.schema([pa.field(column.name, column.arrow) for column in self.columns])


def read_shapes(session: Session, tables: Sequence[Table]) -> dict[str, Shape]:
    """The shape of every contract table. Raises SourceError for what is missing, not granted or cannot be captured."""
    check_presence(session, tables)
    relations = {(row[0], row[1]): row for row in _relations(session, tables)}
    oids = [row[2] for row in relations.values()]
    columns = _grouped(session.rows(_COLUMNS, (oids,)))
    descendants = _grouped(session.rows(_DESCENDANTS, (oids,)))
    found = {}
    for table in tables:
        relation = relations[table.schema, table.name]
        found[table.name] = _shape(table, relation, columns[relation[2]], descendants[relation[2]])
    return found


def check_presence(session: Session, tables: Sequence[Table]) -> None:
    """Raises SourceError that names every contract table that is missing or may not be read."""
    database, role = session.row("SELECT current_database()::text, current_user::text")
    readable = {(row[0], row[1]): row[5] or row[8] for row in _relations(session, tables)}
    names = [(table.schema, table.name) for table in tables]
    missing = [f"{schema}.{name}" for schema, name in names if (schema, name) not in readable]
    if len(missing) == len(names):
        raise SourceError(
            f"the database {database} has none of the {len(names)} tables: it is empty, or not the source; on one "
            "machine run `totelake seed`, else correct dbname in the secret"
        )
    if missing:
        raise SourceError(
            f"the database {database} has no {', '.join(missing)}; create what is missing, "
            "or take its contract out of catalog/sources/"
        )
    closed = [f"{schema}.{name}" for schema, name in names if not readable[schema, name]]
    if closed:
        raise SourceError(
            f"the role {role} may not read {', '.join(closed)} of the database {database}; "
            f"GRANT SELECT ON {', '.join(closed)} TO {role} (whole tables, and USAGE on their schema)"
        )


def _relations(session: Session, tables: Sequence[Table]) -> list[tuple[Any, ...]]:
    return session.rows(_RELATIONS, (tuple((table.schema, table.name) for table in tables),))


def _grouped(rows: Sequence[tuple[Any, ...]]) -> Mapping[int, list[tuple[Any, ...]]]:
    groups: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row[1:])
    return groups


def _shape(
    table: Table, relation: tuple[Any, ...], rows: list[tuple[Any, ...]], descendants: list[tuple[Any, ...]]
) -> Shape:
    schema, name, oid, relkind, _, has_xmin, key, _, _ = relation
    where = f"{schema}.{name}"
    columns = tuple(SourceColumn(row[1], row[2], row[3], tuple(row[8] or ()), _default(row[6])) for row in rows)
    _refuse(where, relation, descendants)
    _refuse_columns(where, columns)
    key_columns = [column for row, column in zip(rows, columns) if row[0] in key]
    if len(key_columns) != 1 or key_columns[0].type not in _KEY_TYPES:
        has = ", ".join(f"{column.name} {column.type}" for column in key_columns) or "none"
        raise SourceError(f"{where} needs a primary key of one integer column, it has {has}; give it one")
    if key_columns[0].name != table.key_name:
        raise SourceError(
            f"the primary key of {where} is {key_columns[0].name}, its contract and all that was captured say "
            f"{table.key_name}; make {table.key_name} the primary key again"
        )
    fingerprint = _digest([oid, relkind, sorted(key), rows, descendants])
    return Shape(schema, name, columns, key_columns[0].name, fingerprint, bool(has_xmin))


def _default(missing: str | None) -> str | None:
    """A missing value, which the catalogue keeps as an array of one element."""
    return None if missing is None else missing[1:-1]


def _refuse(where: str, relation: tuple[Any, ...], descendants: list[tuple[Any, ...]]) -> None:
    relkind, persistence, inherits = relation[3], relation[4], relation[7]
    kinds = {relkind} | {row[1] for row in descendants}
    if not kinds <= {"r", "p"}:
        raise SourceError(f"{where} is no plain or partitioned table; name the table below it in the contract")
    if {persistence} | {row[2] for row in descendants} != {"p"}:
        raise SourceError(f"{where} is not logged: a crash empties it; ALTER TABLE {where} SET LOGGED")
    if inherits:
        raise SourceError(f"{where} takes part in inheritance, whose keys need not be unique; use partitions")


def _refuse_columns(where: str, columns: Sequence[SourceColumn]) -> None:
    for column in columns:
        if column.name in METADATA:
            raise SourceError(f"{where} has a column {column.name}, a name the lake keeps for itself; rename it")
        try:
            column.arrow  # noqa: B018
        except UnknownTypeError as error:
            raise SourceError(f"{where}.{column.name}: {error}") from None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()[:32]
