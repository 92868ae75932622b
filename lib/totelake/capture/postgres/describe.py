"""The source's tables as they are now, for people and for new contracts. Nothing is locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from totelake.capture.postgres.locks import refused
from totelake.capture.postgres.relations import ATTRIBUTES, TYPE
from totelake.capture.postgres.session import Name, Row, Session
from totelake.capture.postgres.shape import by_table
from totelake.capture.postgres.unique_indexes import UNIQUE_INDEXES, UniqueIndex, unique_indexes
from totelake.contracts.model import Reference
from totelake.lake.quarantine import escaped
from totelake.ports.postgres_errors import is_of_locks, said
from totelake.schemas.described import DescribedColumn, DescribedTable

_TABLES = """
SELECT c.oid::bigint, n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text IN %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY n.nspname, c.relname
"""
_NAMES = """
SELECT c.oid::bigint, c.relname::text, obj_description(c.oid, 'pg_class') FROM pg_class c WHERE c.oid = ANY(%s::oid[])
"""
# bytes come from any database as they are
_NAME_BYTES = "SELECT convert_to(relname::text, 'SQL_ASCII') FROM pg_class WHERE oid = %s"
_COLUMNS = (
    f"""
SELECT a.attrelid::bigint, a.attnum::int, a.attname::text,
       {TYPE},
       a.attnotnull OR base.required,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid),
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       col_description(a.attrelid, a.attnum),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND NOT i.indisprimary
               AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
       (SELECT ARRAY[m.nspname, r.relname, g.attname]::text[] FROM pg_constraint f
        JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace m ON m.oid = r.relnamespace
        JOIN pg_attribute g ON g.attrelid = f.confrelid AND g.attnum = f.confkey[1]
        WHERE f.contype = 'f' AND f.conrelid = a.attrelid AND f.conkey = ARRAY[a.attnum] ORDER BY f.oid LIMIT 1)
"""
    + ATTRIBUTES
)


def describe(session: Session, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas, by schema and name; of partitioned ones the whole, not the parts.

    One with a name or a comment that is no text, or that others lock, is there with its problem, and hides no other.
    """
    tables = session.rows(_TABLES, (tuple(schemas),))
    oids = [oid for oid, _ in tables]
    names, no_name = by_table(session, _NAMES, oids)
    columns, no_columns = by_table(session, _COLUMNS, oids)
    indexes, no_indexes = by_table(session, UNIQUE_INDEXES, oids)
    found = []
    for oid, schema in tables:
        problem = no_name.get(oid) or no_columns.get(oid) or no_indexes.get(oid)
        if problem is None:
            ((name, comment),) = names[oid]
            found.append(_table(schema, name, comment, columns[oid], unique_indexes(indexes[oid]).values()))
        else:
            name = _name(session, oid)
            found.append(DescribedTable(schema, name, (), problem=_why(session, (schema, name), problem)))
    return tuple(found)


def _why(session: Session, name: Name, problem: Exception) -> str:
    """Why a table cannot be described."""
    if is_of_locks(problem):
        (blocked,) = refused(session, name, problem).values()
        return blocked.why
    return (
        "its name, its comment or those of its columns, types and indexes are no text in UTF-8 "
        f"({said(problem)}); rename it"
    )


def _table(
    schema: str, name: str, comment: str | None, columns: Sequence[Row], indexes: Iterable[UniqueIndex]
) -> DescribedTable:
    names = {row[0]: row[1] for row in columns}
    keys: dict[str, tuple[str, ...]] = {}
    primary: tuple[str, ...] = ()
    for index in indexes:
        if index.is_primary:
            primary = tuple(names[number] for number in index.attributes)
        elif not index.problem:
            keys[index.name] = tuple(names[number] for number in index.attributes)
    described = tuple(_column(*row[1:]) for row in columns)
    return DescribedTable(schema, name, described, comment, key=primary, unique_keys=keys)


def _name(session: Session, oid: int) -> str:
    """A name for people: bytes that are no text are as `escaped` writes them."""
    name = bytes(session.row(_NAME_BYTES, (oid,))[0])
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return escaped(name)


def _column(
    name: str,
    kind: str,
    required: bool,
    enum: Sequence[str] | None,
    default: str | None,
    comment: str | None,
    unique: bool,
    refers: Sequence[str] | None,
) -> DescribedColumn:
    # contracts name tables by their plain names, without schema
    schema, table, column = refers or ("", "", "")
    reference = Reference(table, column) if refers else None
    return DescribedColumn(name, kind, required, tuple(enum or ()), default, comment, unique, reference, schema)
