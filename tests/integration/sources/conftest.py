"""A database that nobody has described yet, and a catalogue of one's own that commands write to."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.conftest import ROOT, Postgres
from totelake.cli.app import whole_app
from totelake.contracts import Contracts
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import read_folder

READER = "totelake_reader"


class Database:
    """An empty database, and the catalogue that it is described in."""

    def __init__(self, postgres: Postgres, catalog: Path, encoding: str = "UTF8") -> None:
        self.postgres, self.catalog, self.home = postgres, catalog, catalog.parent / "home"
        self.dsn = postgres.new_database(encoding=encoding)
        self.reader = postgres.dsn(self.dsn.rsplit("/", 1)[1], READER)

    def sql(self, *statements: str, grant: bool = True) -> None:
        """Run statements as the owner; then the reading role may read what is in the schema public."""
        with contextlib.closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            # the search path of the tests' databases names a schema of the warehouse
            cursor.execute("SET search_path = public")
            for statement in (*statements, *([f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}"] * grant)):
                cursor.execute(statement)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as the owner, with moments in UTC."""
        with contextlib.closing(psycopg2.connect(self.dsn, options="-c search_path=public -c TimeZone=UTC")) as found:
            cursor = found.cursor()
            cursor.execute(query)
            return cursor.fetchall()

    def invoke(self, *words: str) -> Result:
        """`totelake source` with these words."""
        return CliRunner().invoke(whole_app(), ["source", *words])

    def add(self, name: str, *words: str, status: int = 0) -> Mapping[str, Any]:
        """What `source add` says with --json."""
        given = ("add", name, "--dsn", self.reader, "--catalog", str(self.catalog), "--json", *words)
        result = self.invoke(*given)
        assert result.exit_code == status, result.exception
        found: Mapping[str, Any] = json.loads(result.stdout)
        return found

    def refused(self, name: str, *words: str) -> str:
        """The sentence with which `source add` refuses."""
        before = self.files()
        result = self.invoke("add", name, "--dsn", self.reader, "--catalog", str(self.catalog), *words)
        assert result.exit_code == 1
        assert self.files() == before, "nothing is written by halves"
        return str(result.exception)

    def files(self) -> dict[str, str]:
        """The text of each file of the catalogue's sources, hidden ones too."""
        paths = (path for path in (self.catalog / "sources").rglob("*") if path.is_file())
        return {path.relative_to(self.catalog).as_posix(): path.read_text(encoding="utf-8") for path in paths}

    def contracts(self) -> Contracts:
        """The contracts of the catalogue as it is now."""
        return parse_contracts(read_folder(self.catalog))


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database beside a copy of the catalogue, and no stack."""
    monkeypatch.setenv("TOTELAKE_HOME", str(tmp_path / "home"))
    shutil.copytree(ROOT / "catalog", tmp_path / "catalog")
    yield Database(postgres, tmp_path / "catalog")
