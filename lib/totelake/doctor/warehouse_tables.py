"""The warehouse's own tables: whether all are there, as the contracts have them, and open to the role that loads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from totelake.contracts import Contracts
from totelake.doctor.finding import some
from totelake.ports.postgres import Connection
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.warehouse import ddl

_RELATIONS = """
SELECT n.nspname || '.' || c.relname, c.relkind::text, pg_get_userbyid(c.relowner)::text,
       pg_has_role(c.relowner, 'USAGE'), row_security_active(c.oid),
       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p WHERE NOT has_table_privilege(c.oid, p)),
       ARRAY(SELECT s.relname::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
             WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
             AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1
"""
_IS_OPEN = f"SELECT has_schema_privilege('{ddl.ETL}', 'USAGE')"
_LOADED = f"SELECT DISTINCT target_table FROM {ddl.ETL}.batch"
_BATCHES = f"{ddl.ETL}.batch"
# an upsert, or a status that changes
_UPDATED = (_BATCHES, f"{ddl.ETL}.quarantine", f"{ddl.ETL}.dimension_version")
# what of a row has been loaded: without it a row is loaded twice, or an older one over a newer
_VERSIONS = tuple(f"{ddl.ETL}.{name}" for name in ("fact_version", "dimension_version", "deletion"))
_ANEW = "restore a backup, or drop the schemas star and etl: `totelake run` makes and loads them anew"


@dataclass(frozen=True)
class Relation:
    """A table or view of ours; `closed` are rights on it, and `sequences` those of it, that the role has not."""

    name: str
    kind: str
    owner: str
    is_owned: bool
    has_policies: bool
    columns: Sequence[str]
    closed: Sequence[str]
    sequences: Sequence[str]


def own_tables(contracts: Contracts, connection: Connection) -> Iterator[Result]:
    """What of the warehouse's tables and views a load or its readers would be refused for."""
    wanted, views = ddl.tables(contracts), ddl.views(contracts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        role = str(cursor.fetchall()[0][0])
        cursor.execute(_RELATIONS, ([*wanted, *views],))
        found = {row[0]: Relation(*row) for row in cursor.fetchall()}
    loaded = _loaded(connection, found[_BATCHES]) if _BATCHES in found else set()
    updated = {*_UPDATED, *(f"{ddl.STAR}.{table.name}" for table in contracts.dimensions())}
    yield from judge_tables(role, wanted, views, found, loaded, updated)


def _loaded(connection: Connection, batches: Relation) -> set[str]:
    """The star tables that were given rows; none where the role may not see it."""
    if batches.has_policies or "SELECT" in batches.closed or "target_table" not in batches.columns:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_IS_OPEN)
        if not cursor.fetchall()[0][0]:
            return set()
        cursor.execute(_LOADED)
        return {f"{ddl.STAR}.{row[0]}" for row in cursor.fetchall()}


def judge_tables(
    role: str,
    wanted: Mapping[str, Sequence[str]],
    views: Sequence[str],
    found: Mapping[str, Relation],
    loaded: Collection[str],
    updated: Collection[str],
) -> Iterator[Result]:
    """Tables `wanted`, with their columns, and views.

    `loaded` tables have been given rows; `updated` ones are not only added to. Relations of other names are
    somebody's own, and stand in nobody's way.
    """
    if not found:
        yield ok("none is there yet; `totelake deploy` or the first load makes them")
        return
    results = [
        *_missing(wanted, views, found, loaded),
        *(result for name in wanted if name in found for result in _unlike(found[name], wanted[name])),
        *_of_others(role, list(found.values())),
        *_closed(role, [found[name] for name in wanted if name in found], updated),
    ]
    yield from results or [ok(f"all {len(wanted)} tables and {len(views)} views are there, as the contracts have them")]


def _missing(
    wanted: Mapping[str, Sequence[str]], views: Sequence[str], found: Mapping[str, Relation], loaded: Collection[str]
) -> Iterator[Result]:
    emptied = [name for name in wanted if name not in found and (name in loaded or (loaded and name in _VERSIONS))]
    other = [name for name in (*wanted, *views) if name not in found and name not in emptied]
    if emptied:
        yield problem(f"{some(emptied)} is gone, with rows that were loaded", _ANEW)
    if other:
        yield warning(f"{some(other)} is not there", "`totelake deploy` makes it")


def _unlike(relation: Relation, columns: Sequence[str]) -> Iterator[Result]:
    name, missing = relation.name, [column for column in columns if column not in relation.columns]
    if relation.kind not in ("r", "p"):
        yield problem(f"{name} is no table", f"rename what has its name; then {_ANEW}")
    elif missing:
        yield problem(
            f"{name} has no column {some(missing)}, which the contract has",
            f"ALTER TABLE {name} ADD COLUMN for a new one; when it was dropped, {_ANEW}",
        )


def _of_others(role: str, found: Sequence[Relation]) -> Iterator[Result]:
    others = [relation.name for relation in found if not relation.is_owned]
    if others:
        yield problem(
            f"{role} does not own {some(others)}",
            f"ALTER TABLE ... OWNER TO {role}, for whoever owns a table alone may change it",
        )


def _closed(role: str, found: Sequence[Relation], updated: Collection[str]) -> Iterator[Result]:
    hidden = [relation.name for relation in found if relation.has_policies]
    if hidden:
        yield problem(
            f"policies hide rows of {some(hidden)} from {role}", f"ALTER TABLE {hidden[0]} NO FORCE ROW LEVEL SECURITY"
        )
    for relation in found:
        lacking = [right for right in relation.closed if right != "UPDATE" or relation.name in updated]
        if lacking:
            rights = ", ".join(lacking)
            yield problem(f"{role} may not {rights} on {relation.name}", f"GRANT {rights} ON {relation.name} TO {role}")
        if relation.sequences:
            name = f"{relation.name.partition('.')[0]}.{relation.sequences[0]}"
            yield problem(f"{role} may not use {name}", f"GRANT USAGE ON SEQUENCE {name} TO {role}")
