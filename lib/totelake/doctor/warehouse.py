"""The warehouse, by the role of its secret and with the settings of a load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from totelake.doctor.connection import Opened
from totelake.doctor.finding import Finding, Look, Result, examine, ok, problem, warning
from totelake.ports.postgres import Connection
from totelake.ports.postgres_address import PostgresAddress
from totelake.warehouse.ddl import ETL, STAGING, STAR
from totelake.warehouse.session import OPTIONS, QUERY, refuse_other

GROUP = "warehouse"
_SCRIPT = "lib/totelake/roles/warehouse_loader.sql"
_SCHEMAS = f"('{STAR}', '{ETL}', '{STAGING}')"
_RIGHTS = f"""
SELECT current_user::text, current_database()::text,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), pg_is_in_recovery(),
       has_database_privilege(current_database(), 'CREATE'),
       ARRAY(SELECT nspname::text FROM pg_namespace WHERE nspname IN {_SCHEMAS}
             AND NOT (has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE')) ORDER BY 1),
       ARRAY(SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN {_SCHEMAS} AND c.relkind IN ('r', 'p', 'v') AND NOT pg_has_role(c.relowner, 'USAGE')
             ORDER BY 1),
       EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = to_regnamespace('{ETL}') AND c.relname = 'quarantine')
"""


@dataclass(frozen=True)
class Rights:
    """What the loading role may do; `closed` schemas and relations of others stand in its way."""

    role: str
    database: str
    is_superuser: bool
    in_recovery: bool
    makes_schemas: bool
    closed: Sequence[str]
    of_others: Sequence[str]
    has_tables: bool


def look_at_warehouse(read: Callable[[], PostgresAddress], more: str = "") -> list[Finding]:
    """Everything of the warehouse. `more` is added to the remedy when no connection can be had."""
    with ExitStack() as held:
        warehouse = Opened(read, held, more, OPTIONS)

        def asked(look: Callable[[Connection], Iterator[Result]]) -> Look:
            return partial(warehouse.ask, look)

        return examine(
            GROUP, (("connection", warehouse.connect), ("session", asked(session)), ("rights", asked(rights)))
        )


def session(connection: Connection) -> Iterator[Result]:
    """Encoding and settings. Raises WarehouseError when they are not what a load relies on."""
    info = connection.info
    refuse_other(f"the warehouse {info.dbname} at {info.host}:{info.port}", _row(connection, QUERY))
    yield ok("UTF8, with the settings that a load asks for")


def rights(connection: Connection) -> Iterator[Result]:
    """What the role may do."""
    yield from judge_rights(Rights(*_row(connection, _RIGHTS)))


def judge_rights(found: Rights) -> Iterator[Result]:
    """What `totelake deploy` and a load would be refused for, and a superuser."""
    role = found.role
    results = []
    if found.in_recovery:
        results.append(
            problem(
                f"the server of {found.database} is a standby, which takes no changes", "name the primary in the secret"
            )
        )
    if not found.makes_schemas:
        results.append(
            problem(
                f"{role} may not create schemas in {found.database}",
                f"GRANT CREATE ON DATABASE {found.database} TO {role}, as {_SCRIPT} does",
            )
        )
    if found.closed:
        names = ", ".join(found.closed)
        results.append(
            problem(f"{role} may not create tables in {names}", f"GRANT USAGE, CREATE ON SCHEMA {names} TO {role}")
        )
    if found.of_others:
        results.append(
            problem(
                f"{role} does not own {', '.join(found.of_others[:3])}"
                + (" and others" if found.of_others[3:] else ""),
                f"ALTER TABLE ... OWNER TO {role}, for whoever owns a table alone may change it",
            )
        )
    if found.is_superuser:
        results.append(warning(f"{role} is a superuser, and a load needs three schemas", f"make a role by {_SCRIPT}"))
    deployed = "its tables are there" if found.has_tables else "`totelake deploy` or the first load makes its tables"
    yield from results or [ok(f"{role} may do what a load needs; {deployed}")]


def _row(connection: Connection, query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: tuple[Any, ...] = cursor.fetchall()[0]
        return found
