"""`totelake source check` and `list`: what of a source would be captured, and what stands in the way."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import psycopg2
import pytest

from tests.integration.sources.conftest import READER, Database
from totelake.cli import source as command

pytestmark = pytest.mark.integration
TABLES = (
    "CREATE TABLE item (item_id integer, part uuid, name text, tags text[], PRIMARY KEY (part, item_id))",
    "CREATE TABLE big (id date PRIMARY KEY, amount numeric) PARTITION BY RANGE (id)",
    "CREATE TABLE big_1 PARTITION OF big FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "CREATE TABLE big_2 PARTITION OF big FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "INSERT INTO item SELECT i, md5(i::text)::uuid, 'x' FROM generate_series(1, 500) AS i",
    "INSERT INTO big SELECT '2024-12-01'::date + i FROM generate_series(1, 60) AS i",
    "CREATE TABLE none (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
)


@pytest.fixture
def crm(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A source of three tables that commands know."""
    database.sql(*TABLES, "ANALYZE")
    database.add("crm")
    monkeypatch.setattr(command, "load_contracts", database.contracts)
    return database


def checked(database: Database, status: int) -> Mapping[str, Any]:
    """What the check says, its tables by name."""
    result = database.invoke("check", "crm", "--dsn", database.reader, "--json")
    assert result.exit_code == status, result.exception
    found = json.loads(result.stdout)
    return {**found, "tables": {item["table"]: item for item in found["tables"]}}


def test_grants_keys_types_and_sizes_of_each_table_are_told(crm: Database) -> None:
    found = checked(crm, 0)
    item, big, none = (found["tables"][f"public.{name}"] for name in ("item", "big", "none"))
    assert (item["grant"], item["blocked"], item["changes"]) == ("table", "", [])
    assert item["key"] == {"part": "uuid", "item_id": "integer"}
    assert item["as_text"] == {"part": "uuid", "tags": "text[]"}
    assert (item["rows"], big["rows"], none["rows"]) == (500, 60, None)
    assert item["size"] > 8192 and big["size"] > 2 * 8192
    assert {(finding["check"], finding["outcome"]) for finding in found["findings"]} >= {
        ("connection", "ok"), ("role", "ok"), ("tables", "ok"),
    }  # fmt: skip


def test_what_stands_in_the_way_is_told_with_its_remedy(crm: Database) -> None:
    crm.sql(
        "ALTER TABLE item DROP CONSTRAINT item_pkey, DROP COLUMN name", f"REVOKE ALL ON big FROM {READER}",
        f"GRANT SELECT (id) ON big TO {READER}", "CREATE TABLE new (id integer PRIMARY KEY)", grant=False,
    )  # fmt: skip
    found = checked(crm, 3)
    item, big = found["tables"]["public.item"], found["tables"]["public.big"]
    assert 'ALTER TABLE public.item ADD PRIMARY KEY ("part", "item_id")' in item["blocked"]
    assert (big["grant"], f"GRANT SELECT ON public.big TO {READER}" in big["blocked"]) == ("none", True)
    assert found["without_contract"] == ["public.new"]
    shown = crm.invoke("check", "crm", "--dsn", crm.reader)
    assert shown.exit_code == 3
    assert "without a contract: public.new" in shown.stdout and item["blocked"].split(";")[0] in shown.stdout


def test_a_table_that_somebody_locks_hides_no_other(crm: Database) -> None:
    with contextlib.closing(psycopg2.connect(crm.dsn)) as other:
        other.cursor().execute("LOCK TABLE public.item IN ACCESS EXCLUSIVE MODE")
        found = checked(crm, 3)
    assert found["tables"]["public.item"]["blocked"]
    assert found["tables"]["public.item"]["size"] is None
    assert found["tables"]["public.big"]["rows"] == 60


def test_without_a_connection_that_is_the_finding(crm: Database) -> None:
    dsn = crm.reader.replace(crm.postgres.passwords[READER], "wrong")
    result = crm.invoke("check", "crm", "--dsn", dsn, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["tables"]) == (3, [])
    assert [item["check"] for item in found["findings"] if item["outcome"] == "problem"] == ["connection"]


def test_sources_are_listed_with_kind_tables_schedule_and_secret(crm: Database) -> None:
    found = {item["source"]: item for item in json.loads(crm.invoke("list", "--json").stdout)}
    assert set(found) == {"crm", "rates", "targets", "totesys"}
    assert {name: found["crm"][name] for name in ("kind", "tables", "schedule", "secret")} == {
        "kind": "postgres", "tables": 3, "schedule": "cron(0/10 * * * ? *)", "secret": "{prefix}/crm",
    }  # fmt: skip
    assert "{prefix}/crm" in crm.invoke("list").stdout


def test_without_an_address_or_a_contract_there_is_nothing_to_look_at(crm: Database) -> None:
    assert str(crm.invoke("check", "crm").exception) == (
        "there is no address: name one with --dsn, or start the stack whose secret {prefix}/crm has it (`totelake up`)"
    )
    for path in (crm.catalog / "sources" / "crm").glob("[!s]*.yaml"):
        path.unlink()
    result = crm.invoke("check", "crm", "--dsn", crm.reader)
    assert str(result.exception).startswith("crm has no contract of a table; `totelake source add crm --update`")


def test_a_column_that_no_contract_names_does_not_keep_its_table_from_being_captured(crm: Database) -> None:
    crm.sql('CREATE TABLE price (id integer PRIMARY KEY, "Unit Price" numeric NOT NULL)')
    crm.add("crm", "--update")
    price = checked(crm, 0)["tables"]["public.price"]
    assert (price["blocked"], price["as_text"]) == ("", {"Unit Price": "numeric"})
    assert [(change["column"], change["is_breaking"]) for change in price["changes"]] == [("Unit Price", False)]
