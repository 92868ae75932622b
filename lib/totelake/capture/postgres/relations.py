"""The source's tables as relations: whether they are there, may be read, and are of a kind that can be captured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg2

from totelake.capture.blocked import not_capturable, together
from totelake.capture.postgres.session import Session
from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import Table
from totelake.errors import SourceError
from totelake.lake.records.batch import BlockedTable
from totelake.ports.postgres_errors import is_of_table
from totelake.schemas.changes import missing_table

_RELATIONS = """
SELECT n.nspname::text, c.relname::text, c.oid::bigint, c.relkind::text, c.relpersistence::text,
       coalesce((SELECT array_agg(k.attnum::int ORDER BY k.place)
                 FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
                 WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts), '{}'::int[]),
       EXISTS (SELECT FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent OR p.oid = h.inhrelid
               WHERE (h.inhparent = c.oid OR h.inhrelid = c.oid) AND p.relkind NOT IN ('p', 'I') AND c.relkind = 'r'),
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
       coalesce(c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE') AND (
           SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT'))
           FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), false),
       c.relkind IN ('r', 'p') AND row_security_active(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname::text, c.relname::text) IN %s AND c.relkind NOT IN ('i', 'I', 'S', 't', 'c')
"""

_ALIKE = """
SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text = %s AND c.relkind IN ('r', 'p') AND NOT c.relname::text = ANY(%s)
  AND (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attname::text = ANY(%s)) = %s
ORDER BY 1"""

# a column's type, with `ATTRIBUTES`: an enum's name stands alone in quotes, any other has its schema, as nothing is in
# the search path but pg_catalog
TYPE = """CASE WHEN b.typtype = 'e' THEN '"' || replace(b.typname, '"', '""') || '"'
            ELSE format_type(b.oid, base.typmod) END"""

# the end of a query for columns: of a domain `b` is the type beneath all domains, else the type itself; `base` has its
# modifier, which the innermost domain gives, and whether any domain is NOT NULL
ATTRIBUTES = """FROM pg_attribute a
CROSS JOIN LATERAL (
    WITH RECURSIVE beneath(depth, typ, typmod, required, typtype) AS (
        SELECT 0, a.atttypid, a.atttypmod, false, (SELECT typtype FROM pg_type WHERE oid = a.atttypid)
        UNION ALL SELECT depth + 1, d.typbasetype, d.typtypmod, required OR d.typnotnull, o.typtype
        FROM beneath JOIN pg_type d ON d.oid = beneath.typ JOIN pg_type o ON o.oid = d.typbasetype
        WHERE beneath.typtype = 'd')
    SELECT typ, typmod, required FROM beneath ORDER BY depth DESC LIMIT 1) AS base
JOIN pg_type b ON b.oid = base.typ
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

# as pg_class has them: plain and partitioned tables, and what a crash leaves alone
_TABLES, _LOGGED = frozenset("rp"), "p"


@dataclass(frozen=True)
class Relation:
    """One table, view or the like; `kind` and `persistence` as pg_class has them, `key` the primary key's attributes
    in their order.

    `is_readable` as a whole, with its rows' `xmin`; else `has_columns` says whether every column may be read.
    """

    schema: str
    name: str
    oid: int
    kind: str
    persistence: str
    key: Sequence[int]
    inherits: bool
    is_readable: bool
    has_columns: bool
    has_policy: bool

    @property
    def where(self) -> str:
        """The qualified name, for people."""
        return f"{self.schema}.{self.name}"


def read_relations(session: Session, tables: Sequence[Table]) -> dict[str, Relation]:
    """The relations of contract tables by the tables' names; without those that are missing."""
    if not tables:
        return {}
    rows = session.rows(_RELATIONS, (tuple((table.schema, table.name) for table in tables),))
    found = {(row[0], row[1]): Relation(*row) for row in rows}
    return {table.name: found[table.schema, table.name] for table in tables if (table.schema, table.name) in found}


def blocked_relations(session: Session, tables: Sequence[Table], strict: bool) -> dict[str, BlockedTable]:
    """The tables that are missing, may not be read or are of no kind that is captured, by name.

    None of them may be locked: PostgreSQL locks no materialized view, and of a view what is below it. Raises
    SourceError that names the missing and those that may not be read when they are all of the tables, or any and
    `strict`.
    """
    database, role = session.row("SELECT current_database()::text, current_user::text")
    relations = read_relations(session, tables)
    missing = [table for table in tables if table.name not in relations]
    if len(missing) == len(tables):
        raise SourceError(
            f"the database {database} has none of the {len(tables)} tables: it is empty, or not the source; on one "
            "machine run `totelake seed`, else correct dbname in the secret"
        )
    closed = [item.where for item in relations.values() if not item.is_readable and not item.has_columns]
    if strict or len(missing) + len(closed) == len(tables):
        if missing:
            raise SourceError(_missing(session, database, missing, tables))
        if closed:
            raise SourceError(_closed(database, role, closed))
    found = {}
    for table in tables:
        where = f"{table.schema}.{table.name}"
        if table in missing:
            why = _missing(session, database, [table], tables)
            found[table.name] = BlockedTable(missing_table(table.name), why)
        elif where in closed:
            found[table.name] = not_capturable(table.name, "not granted", _closed(database, role, [where]))
        elif not (is_lockable(relations[table.name]) and relations[table.name].is_readable):
            # one of which columns may be read is locked by being read, which its obstacles refuse
            reasons = [not_capturable(table.name, *item) for item in obstacles(relations[table.name], ())]
            found.update({table.name: together(reasons)} if reasons else {})
    return found


def is_lockable(relation: Relation) -> bool:
    """Whether a relation is a table, plain or partitioned, which alone can be locked."""
    return relation.kind in _TABLES


def obstacles(relation: Relation, descendants: Sequence[Sequence[object]]) -> list[tuple[str, str]]:
    """Everything for which a relation of this kind is not captured, each in a few words and as a sentence.

    Of its partitions each has oid, relkind, relpersistence and bound.
    """
    where, found = relation.where, []
    if not is_lockable(relation):
        return [("no table", f"{where} is no plain or partitioned table; name the table below it in the contract")]
    if not {row[1] for row in descendants} <= _TABLES:
        found.append(("no table", f"{where} has a partition that is no table of this server; detach it"))
    if relation.persistence != _LOGGED:
        found.append(("UNLOGGED", f"{where} is not logged: a crash empties it; ALTER TABLE {where} SET LOGGED"))
    if not {row[2] for row in descendants if row[1] in _TABLES} <= {_LOGGED}:
        why = f"{where} has a partition that is not logged: a crash empties it; SET LOGGED on that one"
        found.append(("UNLOGGED", why))
    if relation.inherits:
        why = f"{where} takes part in inheritance, whose keys need not be unique; use partitions"
        found.append(("inheritance", why))
    if relation.has_policy:
        why = f"{where} has row-level security: a policy would hide rows; exempt the reading role from it (BYPASSRLS)"
        found.append(("row security", why))
    return found


def _missing(session: Session, database: str, tables: Sequence[Table], known: Sequence[Table]) -> str:
    """That the database lacks these of the contracts' tables, and under which names they may stand there."""
    names = ", ".join(f"{table.schema}.{table.name}" for table in tables)
    new_names = "".join(
        f"{where} has every column of {table.name}: if that is its new name, ALTER TABLE {where} RENAME TO "
        f"{sql_quoted(table.name)} brings it back with its history, docs/drift.md says how to follow the new one; else "
        for table in tables
        for where in _alike(session, table, known)
    )
    return (
        f"the database {database} has no {names}; {new_names}create what is missing, or take its contract out of "
        "catalog/sources/"
    )


def _alike(session: Session, table: Table, known: Sequence[Table]) -> list[str]:
    """The quoted names of tables beside a missing one that have all of its columns and no contract."""
    taken = [item.name for item in known if item.schema == table.schema]
    try:
        rows = session.rows(_ALIKE, (table.schema, taken, list(table.column_names), len(table.columns)))
    except (psycopg2.Error, UnicodeDecodeError) as error:  # a name beside it is no text in UTF-8
        if not is_of_table(error):
            raise
        return []
    return [str(row[0]) for row in rows]


def _closed(database: str, role: str, names: Sequence[str]) -> str:
    listed = ", ".join(names)
    return (
        f"the role {role} may not read {listed} of the database {database}; "
        f"GRANT SELECT ON {listed} TO {role} (whole tables, and USAGE on their schema)"
    )
