"""The warehouse's own tables: whether all are there, as the contracts have them, and open to the role that loads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from totelake.contracts import Contracts
from totelake.doctor.finding import some
from totelake.ports.postgres import Connection
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.warehouse import ddl, migrate, wanted
from totelake.warehouse.compare import Migration
from totelake.warehouse.present import Rows

_RELATIONS = """
SELECT n.nspname || '.' || c.relname, pg_get_userbyid(c.relowner)::text,
       pg_has_role(c.relowner, 'USAGE'), row_security_active(c.oid),
       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p WHERE NOT has_table_privilege(c.oid, p)),
       ARRAY(SELECT s.relname::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
             WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
             AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1
"""
_BATCHES = f"{ddl.ETL}.batch"
# an upsert, or a status that changes
_UPDATED = (_BATCHES, f"{ddl.ETL}.quarantine", f"{ddl.ETL}.dimension_version")


@dataclass(frozen=True)
class Relation:
    """A table or view of ours; `closed` are rights on it, and `sequences` those of it, that the role has not."""

    name: str
    owner: str
    is_owned: bool
    has_policies: bool
    closed: Sequence[str]
    sequences: Sequence[str]


class _Looking:
    """Reads of the warehouse what the role may see; where it may not, a table counts as filled and none as loaded."""

    def __init__(self, connection: Connection, found: Mapping[str, Relation]) -> None:
        self._connection, self._found = connection, found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def is_filled(self, quoted: str) -> bool:
        """Whether a table has rows."""
        relation = self._found[quoted.replace('"', "")]
        return not self._is_seen(relation) or Rows(self).is_filled(quoted)

    def loaded(self) -> Collection[str]:
        """The star tables to which loads have applied batches."""
        return Rows(self).loaded() if self._is_seen(self._found[_BATCHES]) else ()

    def _is_seen(self, relation: Relation) -> bool:
        is_closed = relation.has_policies or "SELECT" in relation.closed
        schema = relation.name.partition(".")[0]
        return not is_closed and bool(self.rows(f"SELECT has_schema_privilege('{schema}', 'USAGE')")[0][0])


def own_tables(contracts: Contracts, connection: Connection) -> Iterator[Result]:
    """What of the warehouse's tables and views a load or its readers would be refused for."""
    tables = [table.name for table in wanted.tables(contracts)]
    views = [view.name for view in wanted.views(contracts)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        role = str(cursor.fetchall()[0][0])
        cursor.execute(_RELATIONS, ([*tables, *views],))
        found = {row[0]: Relation(*row) for row in cursor.fetchall()}
    looking = _Looking(connection, found)
    updated = {*_UPDATED, *(f"{ddl.STAR}.{table.name}" for table in contracts.dimensions())}
    yield from judge_tables(role, tables, views, migrate.migration(looking, contracts, looking), found, updated)


def judge_tables(
    role: str,
    tables: Collection[str],
    views: Collection[str],
    migration: Migration,
    found: Mapping[str, Relation],
    updated: Collection[str],
) -> Iterator[Result]:
    """What the contracts want otherwise, and who may do what; `updated` tables are not only added to.

    Relations of other names are somebody's own, and stand in nobody's way.
    """
    if migration.is_first:
        yield ok("none is there yet; `totelake deploy` or the first load makes them")
        return
    results = [problem(refusal.what, refusal.remedy) for refusal in migration.refusals]
    if migration.steps:
        words = some([step.words for step in migration.steps])
        results.append(warning(f"the warehouse is behind the contracts: {words}", "`totelake deploy` does it"))
    results += _of_others(role, list(found.values()))
    results += _closed(role, [relation for relation in found.values() if relation.name in tables], updated)
    yield from results or [ok(f"all {len(tables)} tables and {len(views)} views are there, as the contracts have them")]


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
