"""The scripts by psql, as docs/operations.md has people run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import psycopg2
import pytest

from tests.conftest import ROOT, Postgres
from totelake.roles import SOURCE_READER, WAREHOUSE_LOADER
from totelake.roles.verifier import verifier

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("psql") is None, reason="there is no `psql`")]
SCRIPTS = pytest.mark.parametrize("script", [SOURCE_READER, WAREHOUSE_LOADER])


@dataclass(frozen=True)
class Owner:
    """A database whose owner is no superuser, as on RDS, and a name for the role."""

    postgres: Postgres
    database: str
    name: str
    role: str

    def run(self, script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """A script, with every statement in what it prints."""
        words = [f"--set=role={self.role}", f"--set=database={self.database}", "--echo-queries", "--no-psqlrc"]
        file = ROOT / "lib" / "totelake" / "roles" / f"{script}.sql"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOTELAKE_")}
        return subprocess.run(
            ["psql", *words, f"--file={file}", self.dsn(self.name, "owner")],
            env={**kept, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def dsn(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.postgres.port}/{self.database}"

    def ask(self, question: str, role: str, password: str) -> object:
        connection = psycopg2.connect(self.dsn(role, password))
        try:
            with connection.cursor() as cursor:
                cursor.execute(question)
                return cursor.fetchone()[0]  # type: ignore[index]
        finally:
            connection.close()

    def roles(self) -> object:
        return self.ask(f"SELECT count(*) FROM pg_roles WHERE rolname = '{self.role}'", self.name, "owner")


@pytest.fixture
def owner(postgres: Postgres) -> Iterator[Owner]:
    name, role = f"owner_{uuid4().hex[:8]}", f"role_{uuid4().hex[:8]}"
    postgres.run(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'owner'")
    database = f"of_{name}"
    postgres.run(f"CREATE DATABASE {database} OWNER {name}")
    yield Owner(postgres, database, name, role)
    postgres.run(f"DROP DATABASE {database}")
    postgres.run(f"DROP ROLE IF EXISTS {role}")
    postgres.run(f"DROP ROLE {name}")


@SCRIPTS
def test_a_script_sends_no_password_and_a_second_run_gives_the_role_another(script: str, owner: Owner) -> None:
    for password in ("first+secret/A=", "second+secret/B="):
        done = owner.run(script, {"TOTELAKE_PASSWORD": password, "TOTELAKE_VERIFIER": verifier(password)})
        assert done.returncode == 0, done.stderr
        assert password not in done.stdout + done.stderr and "PASSWORD 'SCRAM-SHA-256$" in done.stdout
        assert owner.ask("SELECT current_user::text", owner.role, password.replace("/", "%2F")) == owner.role
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        owner.ask("SELECT 1", owner.role, "first+secret%2FA=")


@SCRIPTS
@pytest.mark.parametrize(
    ("environment", "flaw", "message"),
    [
        ({"TOTELAKE_PASSWORD": "as before"}, "", "TOTELAKE_VERIFIER has no verifier"),
        ({"TOTELAKE_VERIFIER": ""}, "", "TOTELAKE_VERIFIER has no verifier"),
        ({"TOTELAKE_VERIFIER": verifier("p")}, "NOCREATEROLE", "permission denied to create role"),
    ],
    ids=["no verifier", "an empty one", "an owner without CREATEROLE"],
)
def test_a_script_that_fails_says_so_by_its_status_and_leaves_nothing(
    script: str, environment: dict[str, str], flaw: str, message: str, owner: Owner
) -> None:
    if flaw:
        owner.postgres.run(f"ALTER ROLE {owner.name} {flaw}")
    done = owner.run(script, environment)
    assert done.returncode == 3 and message in done.stderr
    assert owner.roles() == 0


def test_what_fails_in_the_middle_is_undone(owner: Owner) -> None:
    with psycopg2.connect(owner.postgres.dsn(owner.database)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA staging")
    connection.close()
    done = owner.run(WAREHOUSE_LOADER, {"TOTELAKE_VERIFIER": verifier("p")})
    assert done.returncode == 3 and re.search("must be owner of schema staging", done.stderr)
    assert owner.roles() == 0
    assert owner.ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'star'", owner.name, "owner") == 0
