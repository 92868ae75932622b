"""The warehouse, by the role of its secret and with the settings of a load."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

import psycopg2

from totelake.contracts import Contracts
from totelake.doctor.connection import Opened
from totelake.doctor.finding import Finding, Look, examine
from totelake.doctor.role_limits import LIMITS, Limits, judge_limits
from totelake.doctor.warehouse_tables import own_tables
from totelake.ports.postgres import Connection
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.warehouse.ddl import ETL, STAGING, STAR
from totelake.warehouse.session import OPTIONS, QUERY, TABLES_AT_ONCE, refuse_other

GROUP = "warehouse"
# one for each table that is filled, and one that the server has not ended yet: with less no load succeeds for sure
_LEAST = TABLES_AT_ONCE + 1
# the server may still be ending the connections of as many tables that were filled before
_ENOUGH = _LEAST + TABLES_AT_ONCE
_AT_ONCE = f"a load takes {_LEAST} at once, and up to {_ENOUGH} while the server still ends former ones"
_TRIAL = (
    f"CREATE SCHEMA IF NOT EXISTS {STAGING}",
    "CREATE TABLE {name} (id serial PRIMARY KEY)",
    "COMMENT ON TABLE {name} IS 'a trial'",
    "CREATE INDEX ON {name} (id)",
    "CREATE VIEW {name}_v AS SELECT 1 AS id",
    "DROP VIEW {name}_v",
    "DROP TABLE {name}",
)
_SCRIPT = "lib/totelake/roles/warehouse_loader.sql"
_SCHEMAS = f"('{STAR}', '{ETL}', '{STAGING}')"
_RIGHTS = f"""
SELECT current_user::text, current_database()::text,
       pg_is_in_recovery(),
       has_database_privilege(current_database(), 'CREATE'),
       ARRAY(SELECT nspname::text FROM pg_namespace WHERE nspname IN {_SCHEMAS}
             AND NOT (has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE')) ORDER BY 1)
"""


@dataclass(frozen=True)
class Rights:
    """What the loading role may do; `closed` schemas stand in its way."""

    role: str
    database: str
    in_recovery: bool
    makes_schemas: bool
    closed: Sequence[str]


def look_at_warehouse(read: Callable[[], PostgresAddress], contracts: Contracts, more: str = "") -> list[Finding]:
    """Everything of the warehouse. `more` is added to the remedy when no connection can be had."""
    with ExitStack() as held:
        warehouse = Opened(read, held, more, OPTIONS)

        def asked(look: Callable[[Connection], Iterator[Result]]) -> Look:
            return partial(warehouse.ask, look)

        return examine(
            GROUP,
            (
                ("connection", warehouse.connect),
                ("session", asked(session)),
                ("role", asked(role)),
                ("rights", asked(rights)),
                ("tables", asked(partial(own_tables, contracts))),
            ),
        )


def session(connection: Connection) -> Iterator[Result]:
    """Encoding and settings. Raises WarehouseError when they are not what a load relies on."""
    info = connection.info
    refuse_other(f"the warehouse {info.dbname} at {info.host}:{info.port}", _row(connection, QUERY))
    yield ok("UTF8, with the settings that a load asks for")


def role(connection: Connection) -> Iterator[Result]:
    """Who loads, and how many of it there may be at once."""
    yield from judge_role(Limits(*_row(connection, LIMITS)))


def judge_role(found: Limits) -> Iterator[Result]:
    """A superuser, a limit below what a load takes or may take, an end."""
    results = list(judge_limits(found, _LEAST, _ENOUGH, _AT_ONCE))
    if found.is_superuser:
        results.append(
            warning(f"{found.role} is a superuser, and a load needs three schemas", f"make a role by {_SCRIPT}")
        )
    yield from results or [ok(f"{found.role}, with as many connections as a load takes")]


def rights(connection: Connection) -> Iterator[Result]:
    """What the role may do; where nothing is against it, it is tried, and undone."""
    found = Rights(*_row(connection, _RIGHTS))
    problems = list(judge_rights(found))
    yield from problems or tried(connection, found.role)


def judge_rights(found: Rights) -> Iterator[Result]:
    """What `totelake deploy` and a load would be refused for."""
    if found.in_recovery:
        yield problem(
            f"the server of {found.database} is a standby, which takes no changes", "name the primary in the secret"
        )
    if not found.makes_schemas:
        yield problem(
            f"{found.role} may not create schemas in {found.database}",
            f"GRANT CREATE ON DATABASE {found.database} TO {found.role}, as {_SCRIPT} does",
        )
    if found.closed:
        names = ", ".join(found.closed)
        yield problem(
            f"{found.role} may not create tables in {names}", f"GRANT USAGE, CREATE ON SCHEMA {names} TO {found.role}"
        )


def tried(connection: Connection, role: str) -> Iterator[Result]:
    """Whether tables and views can be made: no catalogue tells what an event trigger or a tablespace forbids."""
    name = f"{STAGING}.totelake_doctor_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            for statement in _TRIAL:
                cursor.execute(statement.format(name=name))
        except psycopg2.Error as error:
            if connection.closed:
                raise
            said = " ".join(str(error.diag.message_primary or error).split())
            yield problem(
                f"{role} has the rights, and yet cannot run {' '.join(statement.split()[:2])}: {said}",
                "see what forbids it: an event trigger (pg_event_trigger), a default_tablespace",
            )
            return
        finally:
            if not connection.closed:
                cursor.execute("ROLLBACK")
    yield ok(f"{role} may do what a load needs")


def _row(connection: Connection, query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: tuple[Any, ...] = cursor.fetchall()[0]
        return found
