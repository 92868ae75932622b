"""The source's tables as they are now, for people and for new contracts. Nothing is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from totelake.capture.postgres.session import Session
from totelake.contracts.model import Reference

_TABLES = """
SELECT n.nspname::text, c.relname::text, c.oid::bigint, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text IN %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1, 2
"""
_COLUMNS = """
SELECT a.attrelid::bigint, a.attname::text,
       CASE b.typtype WHEN 'e' THEN '"' || b.typname || '"'
            ELSE format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) END,
       a.attnotnull OR t.typnotnull,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid),
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       col_description(a.attrelid, a.attnum),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND NOT i.indisprimary
               AND i.indpred IS NULL AND i.indnatts = 1 AND i.indkey[0] = a.attnum),
       (SELECT f.confrelid::regclass::text || ' ' || g.attname FROM pg_constraint f
        JOIN pg_attribute g ON g.attrelid = f.confrelid AND g.attnum = f.confkey[1]
        WHERE f.contype = 'f' AND f.conrelid = a.attrelid AND f.conkey = ARRAY[a.attnum] ORDER BY f.oid LIMIT 1)
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""


@dataclass(frozen=True)
class DescribedColumn:
    """One column; `type` as format_type() writes it, an enum's in double quotes; `default` an SQL expression."""

    name: str
    type: str
    required: bool
    enum: tuple[str, ...] = ()
    default: str | None = None
    comment: str | None = None
    primary_key: bool = False
    unique: bool = False
    foreign_key: Reference | None = None


@dataclass(frozen=True)
class DescribedTable:
    """One table or partitioned table."""

    schema: str
    name: str
    columns: tuple[DescribedColumn, ...]
    comment: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key's columns in the order of the table."""
        return tuple(column.name for column in self.columns if column.primary_key)


def describe(session: Session, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas, by schema and name; of partitioned ones the whole, not the parts."""
    tables = session.rows(_TABLES, (tuple(schemas),))
    columns: dict[int, list[DescribedColumn]] = defaultdict(list)
    for oid, *row in session.rows(_COLUMNS, ([table[2] for table in tables],)):
        columns[oid].append(_column(*row))
    return tuple(DescribedTable(schema, name, tuple(columns[oid]), comment) for schema, name, oid, comment in tables)


def _column(
    name: str, kind: str, required: bool, enum: Any, default: Any, comment: Any, key: bool, unique: bool, refers: Any
) -> DescribedColumn:
    # a name's schema and quotes are left out: contracts name tables by their plain names
    table, column = refers.rsplit(" ", 1) if refers else ("", "")
    reference = Reference(table.rsplit(".", 1)[-1].strip('"'), column) if refers else None
    return DescribedColumn(name, kind, required, tuple(enum or ()), default, comment, key, unique, reference)
