"""The source's tables as they are now, for people and for new contracts. Nothing is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from totelake.capture.postgres.relations import ATTRIBUTES, TYPE
from totelake.capture.postgres.session import Session
from totelake.contracts.model import Reference
from totelake.schemas.described import DescribedColumn, DescribedTable

_TABLES = """
SELECT n.nspname::text, c.relname::text, c.oid::bigint, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text IN %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1, 2
"""
_COLUMNS = (
    f"""
SELECT a.attrelid::bigint, a.attname::text,
       {TYPE},
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
"""
    + ATTRIBUTES
)


def describe(session: Session, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas, by schema and name; of partitioned ones the whole, not the parts."""
    tables = session.rows(_TABLES, (tuple(schemas),))
    columns: dict[int, list[DescribedColumn]] = defaultdict(list)
    for oid, *row in session.rows(_COLUMNS, ([table[2] for table in tables],)):
        columns[oid].append(_column(*row))
    return tuple(DescribedTable(schema, name, tuple(columns[oid]), comment) for schema, name, oid, comment in tables)


def _column(
    name: str,
    kind: str,
    required: bool,
    enum: Sequence[str] | None,
    default: str | None,
    comment: str | None,
    key: bool,
    unique: bool,
    refers: str | None,
) -> DescribedColumn:
    # contracts name tables by their plain names, without schema and quotes
    table, column = refers.rsplit(" ", 1) if refers else ("", "")
    reference = Reference(table.rsplit(".", 1)[-1].strip('"'), column) if refers else None
    return DescribedColumn(name, kind, required, tuple(enum or ()), default, comment, key, unique, reference)
