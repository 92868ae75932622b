"""Bring the warehouse to the contracts: in the caller's transaction, under the lock that loads take turns by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from totelake.contracts import Contracts
from totelake.contracts.identifiers import sql_text
from totelake.warehouse import wanted
from totelake.warehouse.compare import Migration, RowLook, Step, compare
from totelake.warehouse.ddl import SCHEMAS
from totelake.warehouse.present import Reading, Rows, Session, read
from totelake.warehouse.wanted import WantedView

# seconds: whoever waits for a lock keeps readers waiting that come after
LOCK_WAIT = 10
_ROLE = "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END"
_OPTION = "CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
# what a view loses that is replaced, and what more one that is dropped, as statements that give it again; each with the
# column that it is of
_OPTIONS = """
SELECT format('ALTER VIEW {name} SET (%s)', array_to_string(reloptions, ', ')), NULL
  FROM pg_class WHERE oid = {text}::regclass AND reloptions IS NOT NULL"""
_RIGHTS = f"""
SELECT format('GRANT %s ON {{name}} TO %s%s', a.privilege_type, {_ROLE}, {_OPTION}), NULL
  FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = {{text}}::regclass AND a.grantee <> c.relowner
UNION ALL
SELECT format('GRANT %s (%I) ON {{name}} TO %s%s', a.privilege_type, t.attname, {_ROLE}, {_OPTION}), t.attname::text
  FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
 WHERE c.oid = {{text}}::regclass AND NOT t.attisdropped
UNION ALL
SELECT format('COMMENT ON COLUMN {{name}}.%I IS %L', t.attname, d.description), t.attname::text
  FROM pg_attribute AS t JOIN pg_description AS d ON d.objoid = t.attrelid AND d.objsubid = t.attnum
 WHERE t.attrelid = {{text}}::regclass AND d.classoid = 'pg_class'::regclass AND NOT t.attisdropped"""
# what default privileges have given to a view that was made just now
_GIVEN = f"""
SELECT DISTINCT format('REVOKE ALL ON {{name}} FROM %s', {_ROLE})
  FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = {{text}}::regclass AND a.grantee <> c.relowner"""


def migration(session: Reading, contracts: Contracts, rows: RowLook | None = None) -> Migration:
    """What brings the warehouse to the contracts, and what is refused."""
    present = read(session)
    found = compare(wanted.tables(contracts), wanted.views(contracts), present.relations, rows or Rows(session))
    missing = [name for name in SCHEMAS if name not in present.schemas]
    schemas = [Step(f"make the schema {name}", (f"CREATE SCHEMA {name}",)) for name in missing]
    return replace(found, steps=(*schemas, *found.steps))


def perform(session: Session, steps: Iterable[Step]) -> None:
    """Do what is to be done, but for the commit: readers see all of it at once.

    A view that is replaced or made anew keeps its grants, options and the comments of its columns.
    """
    steps = tuple(steps)
    session.run(f"SET LOCAL lock_timeout = '{LOCK_WAIT}s'")
    kept = {step.view.name: _kept(session, step.view, step.is_anew) for step in steps if step.view is not None}
    for step in steps:
        if step.view is not None and step.is_anew:
            session.run(f"DROP VIEW {step.view.quoted}")
    for step in steps:
        for statement in step.statements:
            session.run(statement)
        if step.view is not None:
            given = _given(session, step.view) if step.is_anew else []
            for statement in (*given, *kept[step.view.name]):
                session.run(statement)
    session.run("SET LOCAL lock_timeout TO DEFAULT")


def _kept(session: Session, view: WantedView, is_anew: bool) -> list[str]:
    """The statements that give a view again what it loses, but for columns that it has no more."""
    queries = (_OPTIONS, _RIGHTS) if is_anew else (_OPTIONS,)
    rows = [
        row for query in queries for row in session.rows(query.format(name=view.quoted, text=sql_text(view.quoted)))
    ]
    return [str(statement) for statement, column in rows if column is None or column in view.columns]


def _given(session: Session, view: WantedView) -> list[str]:
    query = _GIVEN.format(name=view.quoted, text=sql_text(view.quoted))
    return [str(statement) for (statement,) in session.rows(query)]
