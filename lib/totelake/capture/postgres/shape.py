"""The shape of the source's tables as they are now: columns, key, a fingerprint of everything that holds content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg2
import pyarrow as pa
from psycopg2 import sql

from totelake.capture.blocked import BlockedError, not_capturable, together, undescribed
from totelake.capture.events import EventTable
from totelake.capture.ledger.keys import Key
from totelake.capture.postgres.key_checks import TablePlace, checked_key, identifying
from totelake.capture.postgres.lock_space import without_space
from totelake.capture.postgres.locks import ONCE
from totelake.capture.postgres.relations import ATTRIBUTES, TYPE, Relation, blocked_relations, obstacles, read_relations
from totelake.capture.postgres.session import Row, Session
from totelake.capture.postgres.snapshot import one_snapshot
from totelake.capture.postgres.unique_indexes import UNIQUE_INDEXES, unique_indexes
from totelake.contracts.model import Table
from totelake.errors import RetriableError
from totelake.lake.records.batch import BlockedTable
from totelake.ports.postgres_errors import is_of_locks, is_of_table, said
from totelake.schemas.changes import unusable
from totelake.schemas.columns import Columns, SourceColumn, TableSchema, digest

_COLUMNS = (
    f"""
SELECT a.attrelid::bigint, a.attnum::int, a.attname::text,
       {TYPE},
       a.attnotnull OR base.required, a.atttypid::bigint, a.atttypmod::int, a.attmissingval::text,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid)
"""
    + ATTRIBUTES
)

# enums and composite types within the columns' types: changed, they change the text of rows that nobody wrote
_PARTS = (
    """
WITH RECURSIVE parts(attrelid, attnum, typ) AS (
    SELECT * FROM (SELECT a.attrelid, a.attnum, CASE WHEN b.typtype <> 'e' THEN b.oid END AS typ
"""
    + ATTRIBUTES
    + """) AS columns WHERE typ >= 16384
    UNION SELECT parts.attrelid, parts.attnum, n.typ FROM parts JOIN pg_type t ON t.oid = parts.typ
    CROSS JOIN LATERAL (
        SELECT unnest(ARRAY[t.typelem, t.typbasetype]) UNION SELECT c.atttypid FROM pg_attribute c
        WHERE t.typrelid <> 0 AND c.attrelid = t.typrelid AND c.attnum > 0 AND NOT c.attisdropped
        UNION SELECT unnest(ARRAY[r.rngtypid, r.rngsubtype]) FROM pg_range r
        WHERE t.oid IN (r.rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid)) AS n(typ))
SELECT DISTINCT parts.attrelid::bigint, parts.attnum::int, t.oid::bigint,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
       (SELECT array_agg(c.attnum::int ORDER BY c.attnum) FROM pg_attribute c
        WHERE t.typrelid <> 0 AND c.attrelid = t.typrelid AND c.attnum > 0 AND NOT c.attisdropped)
FROM parts JOIN pg_type t ON t.oid = parts.typ WHERE t.typtype IN ('c', 'e') ORDER BY 1, 2, 3
"""
)

_DESCENDANTS = """
WITH RECURSIVE tree(root, child) AS (
    SELECT i.inhparent, i.inhrelid FROM pg_inherits i WHERE i.inhparent = ANY(%s::oid[])
    UNION ALL SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.child)
SELECT tree.root::bigint, c.oid::bigint, c.relkind::text, c.relpersistence::text, pg_get_expr(c.relpartbound, c.oid)
FROM tree JOIN pg_class c ON c.oid = tree.child ORDER BY tree.root, c.oid
"""


@dataclass(frozen=True)
class Shape:
    """A table as it is now; `fingerprint` changes with anything that could change content without a new row version.

    `has_xmin` is False where the role may read columns only; `encoding` is the database's.
    """

    schema: str
    table: str
    columns: Columns
    key: Key
    fingerprint: str
    has_xmin: bool = True
    encoding: str = "UTF8"

    @property
    def name(self) -> sql.Identifier:
        """The quoted, qualified name."""
        return sql.Identifier(self.schema, self.table)

    @property
    def key_columns(self) -> Columns:
        """The key's columns in its order."""
        columns = {column.name: column for column in self.columns}
        return tuple(columns[name] for name in self.key.names)

    @property
    def lake_schema(self) -> TableSchema:
        """The schema of its objects in the lake."""
        return TableSchema.made_of(self.columns)

    @property
    def events(self) -> EventTable:
        """The table as its events have it."""
        return EventTable(self.table, self.key, self.arrow)

    @property
    def arrow(self) -> pa.Schema:
        """The columns' exact types in the lake."""
        return pa.schema([pa.field(column.name, column.arrow) for column in self.columns])


def read_shapes(session: Session, tables: Sequence[Table]) -> tuple[dict[str, Shape], dict[str, BlockedTable]]:
    """The shapes of tables that are there and may be read, and what blocks the others.

    Raises RetriableError when one is not there any more: a table that is neither captured nor blocked is forgotten.
    """
    relations = read_relations(session, tables)
    oids = [relation.oid for relation in relations.values()]
    columns, no_text = by_table(session, _COLUMNS, oids)
    parts, no_labels = by_table(session, _PARTS, oids)
    descendants, no_bounds = by_table(session, _DESCENDANTS, oids)
    indexes, no_index = by_table(session, UNIQUE_INDEXES, [relations[name].oid for name in _indexed(tables, relations)])
    no_text.update({**no_labels, **no_bounds, **no_index})
    shapes: dict[str, Shape] = {}
    blocked = {
        name: undescribed(name, item.where, said(no_text[item.oid]))
        for name, item in relations.items()
        if item.oid in no_text
    }
    for table in tables:
        if (relation := relations.get(table.name)) is None:
            raise RetriableError(
                f"{table.schema}.{table.name} of the source was renamed as the run began; run it again"
            )
        if table.name in blocked:
            continue
        try:
            found = _Found(relation, *(rows[relation.oid] for rows in (columns, descendants, parts, indexes)))
            shapes[table.name] = _shape(table, found, session.encoding)
        except BlockedError as error:
            blocked[table.name] = error.blocked
    return shapes, blocked


def blocked_tables(session: Session, tables: Sequence[Table]) -> dict[str, BlockedTable]:
    """The tables that cannot be captured as they are now, by name: their locks are had for a moment and not waited
    for long. Raises SourceError when they are all missing or may not be read."""
    found = unlockable(session, tables, strict=False)
    with one_snapshot(session, [table for table in tables if table.name not in found], ONCE) as opened:
        return {**found, **opened.refused, **read_shapes(session, opened.tables)[1]}


def unlockable(session: Session, tables: Sequence[Table], strict: bool) -> dict[str, BlockedTable]:
    """The tables of which no lock may be tried: `blocked_relations`, and those for whose locks there is no room."""
    found = blocked_relations(session, tables, strict)
    return {
        **found,
        **without_space(session, [(table.schema, table.name) for table in tables if table.name not in found]),
    }


def by_table(session: Session, query: str, oids: Sequence[int]) -> tuple[Mapping[int, list[Row]], dict[int, Exception]]:
    """The rows of a query for the tables of these oids, by oid, and the errors of those that it cannot be asked for.

    A name or a label that is no text in UTF-8, which SQL_ASCII allows, would end the query for all tables, and so would
    a default or bound of a table that others lock, since to read it takes a lock; then each is asked for.
    """
    try:
        return _grouped(session.rows(query, (list(oids),))), {}
    except (psycopg2.Error, UnicodeDecodeError) as error:
        if not (is_of_table(error) or is_of_locks(error)):
            raise
        if len(oids) == 1:
            return _grouped([]), {oids[0]: error}
    rows: dict[int, list[Row]] = defaultdict(list)
    failed: dict[int, Exception] = {}
    for oid in oids:
        found, why = by_table(session, query, [oid])
        rows.update(found)
        failed.update(why)
    return rows, failed


def _grouped(rows: Sequence[Row]) -> Mapping[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row[1:])
    return groups


@dataclass(frozen=True)
class _Found:
    """What the system catalogue has of one table; `indexes` only where its contract names one."""

    relation: Relation
    columns: Sequence[Row]
    descendants: Sequence[Row]
    parts: Sequence[Row]
    indexes: Sequence[Row]


def _indexed(tables: Sequence[Table], relations: Mapping[str, Relation]) -> list[str]:
    """The tables whose contract names a unique index."""
    return [table.name for table in tables if table.unique_index is not None and table.name in relations]


def _shape(table: Table, found: _Found, encoding: str) -> Shape:
    relation = found.relation
    columns = tuple(
        SourceColumn.captured(row[1], row[2], row[3], tuple(row[8] or ()), _default(row[6])) for row in found.columns
    )
    blocked = [not_capturable(table.name, *item) for item in obstacles(relation, found.descendants)]
    blocked += [BlockedTable(change, f"{relation.where}.{why}") for change, why in unusable(table.name, columns)]
    attributes = {row[0]: column for row, column in zip(found.columns, columns)}
    place = TablePlace(table, relation.where, attributes)
    try:
        numbers, key = _key(place, found)
    except BlockedError as error:
        raise BlockedError(together([*blocked, error.blocked])) from error
    if blocked:
        raise BlockedError(together(blocked))
    stored = [[column.name, column.stored] for column in columns if column.stored]
    # without such columns it is what earlier releases made of the table
    more = [stored, list(found.parts)] if stored or found.parts else []
    facts = [relation.oid, relation.kind, sorted(numbers), list(found.columns), list(found.descendants)]
    fingerprint = digest([*facts, *more])
    return Shape(relation.schema, relation.name, columns, key, fingerprint, relation.is_readable, encoding)


def _key(place: TablePlace, found: _Found) -> tuple[Sequence[int], Key]:
    """The attributes that identify a row, and the key that they make. Raises BlockedError where none does."""
    index = place.table.unique_index
    numbers = found.relation.key if index is None else identifying(place, index, unique_indexes(found.indexes))
    return numbers, checked_key(place, numbers)


def _default(missing: str | None) -> str | None:
    """A missing value, which the system catalogue keeps as an array of one element."""
    return None if missing is None else missing[1:-1]
