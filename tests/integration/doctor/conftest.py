"""A role like that of a secret, and databases that it may connect to."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from tests.conftest import SOURCE, Postgres
from tests.integration.capture.conftest import create_tables
from totelake.contracts import load_contracts
from totelake.doctor.finding import Finding, of_outcome
from totelake.doctor.source import look_at_source
from totelake.doctor.warehouse import look_at_warehouse
from totelake.ports.postgres_address import PostgresAddress
from totelake.warehouse import tables

TABLES = load_contracts().source_tables(SOURCE)
PASSWORD = "of the doctor's patient"


class Patient:
    """A role, and databases that it may connect to."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres, self.role = postgres, f"patient_{uuid.uuid4().hex[:12]}"
        postgres.run(f"CREATE ROLE {self.role} LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")

    def run(self, dsn: str, *statements: str) -> None:
        """Statements of the database's owner."""
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.format(role=self.role))

    def source(self, *statements: str, encoding: str = "UTF8") -> list[Finding]:
        """What is found of a new source that the role may read, after these statements."""
        dsn = self.postgres.new_database(encoding=encoding)
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection:
            create_tables(connection.cursor())
        self.run(dsn, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", *statements)
        return look_at_source("shop", lambda: self.address(dsn), TABLES)

    def warehouse(self, *statements: str, encoding: str = "UTF8") -> list[Finding]:
        """What is found of a new warehouse, after these statements of its owner."""
        dsn = self.postgres.new_database(encoding=encoding)
        self.run(dsn, f"GRANT CONNECT, CREATE ON DATABASE {dsn.rsplit('/', 1)[1]} TO {self.role}", *statements)
        return look_at_warehouse(lambda: self.address(dsn), load_contracts())

    def deployed(self, *statements: str) -> list[Finding]:
        """What is found of a warehouse with the tables that its role has made, after these statements."""
        dsn = self.postgres.new_database()
        name = dsn.rsplit("/", 1)[1]
        self.run(dsn, f"GRANT CONNECT, CREATE ON DATABASE {name} TO {self.role}")
        tables.create(self.dsn(name), load_contracts())
        self.run(dsn, *(statement.replace("DATABASE {}", f"DATABASE {name}") for statement in statements))
        return look_at_warehouse(lambda: self.address(dsn), load_contracts())

    def dsn(self, database: str) -> str:
        """The database by this role, as a URL."""
        return f"postgresql://{self.role}:{quote(PASSWORD)}@127.0.0.1:{self.postgres.port}/{database}"

    def address(self, dsn: str, **values: Any) -> PostgresAddress:
        """The database by this role."""
        secret = {**self.postgres.secret(dsn, "totelake_reader"), "username": self.role, "password": PASSWORD}
        return PostgresAddress.from_secret({**secret, **values}, "s")


@pytest.fixture
def patient(postgres: Postgres) -> Iterator[Patient]:
    """A new role; what it has set and the superuser's right end with the test."""
    found = Patient(postgres)
    yield found
    postgres.run(f"ALTER ROLE {found.role} NOLOGIN NOSUPERUSER")
    postgres.run(f"ALTER ROLE {found.role} RESET ALL")


def said(found: list[Finding], outcome: str) -> list[tuple[str, str]]:
    """Check and sentence of the findings with an outcome."""
    return [(finding.check, finding.sentence) for finding in of_outcome(found, outcome)]
