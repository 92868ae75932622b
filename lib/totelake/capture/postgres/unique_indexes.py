"""Unique indexes of the source's tables, and which of them identify rows as a primary key does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from totelake.capture.postgres.session import Row

# for `by_table`: the key's columns in their order, without those that an index only includes
UNIQUE_INDEXES = """
SELECT i.indrelid::bigint, c.relname::text, i.indisprimary,
       i.indpred IS NULL, i.indexprs IS NULL, i.indimmediate, i.indisvalid AND i.indisready,
       coalesce((SELECT bool_and(a.attnotnull) FROM pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1])), false),
       (SELECT array_agg(k.attnum::int ORDER BY k.place)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) WHERE k.place <= i.indnkeyatts)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique AND i.indrelid = ANY(%s::oid[]) ORDER BY i.indrelid, c.relname
"""


@dataclass(frozen=True)
class UniqueIndex:
    """A unique index: its key's attributes in their order, and why it does not identify rows; '' where it does."""

    name: str
    is_primary: bool
    attributes: Sequence[int]
    problem: str = ""


def unique_indexes(rows: Sequence[Row]) -> Mapping[str, UniqueIndex]:
    """A table's unique indexes by name, of the rows that `UNIQUE_INDEXES` finds."""
    return {name: UniqueIndex(name, primary, keys, _problem(*facts)) for name, primary, *facts, keys in rows}


def _problem(is_whole: bool, has_columns: bool, is_immediate: bool, is_valid: bool, is_required: bool) -> str:
    if not is_whole:
        return "covers some rows only"
    if not has_columns:
        return "is on an expression"
    if not is_immediate:
        return "is checked only at a transaction's end"
    if not is_valid:
        return "is not valid"
    return "" if is_required else "has columns that may be NULL"
