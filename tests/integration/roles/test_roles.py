"""The statements that create the databases' roles, as the driver words them for a server."""

from __future__ import annotations

import psycopg2
import pytest

from tests.conftest import Postgres
from totelake.roles import SOURCE_READER, statements

pytestmark = pytest.mark.integration
VARIABLES = {"role": 'odd"name', "database": "shop", "verifier": "it's; secret"}


def said(postgres: Postgres, script: str) -> list[str]:
    """The statements as they are sent."""
    connection = psycopg2.connect(postgres.dsn("postgres"))
    try:
        return [statement.as_string(connection) for statement in statements(script, VARIABLES)]
    finally:
        connection.close()


def test_names_are_quoted_and_the_password_is_a_literal(postgres: Postgres) -> None:
    assert said(postgres, SOURCE_READER) == [
        'CREATE ROLE "odd""name" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION',
        """ALTER ROLE "odd""name" LOGIN PASSWORD 'it''s; secret'""",
        'ALTER ROLE "odd""name" SET default_transaction_read_only = on',
        'GRANT CONNECT ON DATABASE "shop" TO "odd""name"',
        'GRANT USAGE ON SCHEMA public TO "odd""name"',
        'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "odd""name"',
        'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "odd""name"',
    ]
