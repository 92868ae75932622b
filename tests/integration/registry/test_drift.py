"""`totelake drift` over what a real crawl registered and what became of it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.integration.registry.conftest import Registry
from totelake.cli.app import whole_app
from totelake.cli.exit_status import BREAKING_DRIFT
from totelake.deploy.target import Target
from totelake.lake.tables import as_input
from totelake.ports.glue import GlueCatalog
from totelake.ports.memory import MemoryStore
from totelake.schemas.changes import COLUMN_ADDED, COLUMN_REMOVED, TYPE_CHANGED, TYPE_WIDENED

pytestmark = pytest.mark.integration
KEYS = {"_op": "I", "_batch": 1}


@pytest.fixture
def drift(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `totelake drift currency` over the registry's database; exit status and document."""
    registry.ingest(1, {"currency": [{"currency_id": 1, "currency_code": "GBP", **KEYS}]})
    registry.check()
    catalog = GlueCatalog(registry.glue, registry.database)
    where = SimpleNamespace(ingestion=registry.store, processed=MemoryStore("processed"), tables_of=lambda _: catalog)
    monkeypatch.setattr(Target, "named", lambda *_: where)

    def run(*words: str) -> tuple[int, Any]:
        result = CliRunner().invoke(whole_app(), ["drift", "currency", *words, "--json"])
        return result.exit_code, json.loads(result.stdout)

    return run


def alter(registry: Registry, **kinds: str | None) -> None:
    """A new version of the registered table with columns of other types, new ones, and without those of no type."""
    table = registry.glue.get_table(DatabaseName=registry.database, Name="currency")["Table"]
    columns = {item["Name"]: item["Type"] for item in table["StorageDescriptor"]["Columns"]}
    columns |= kinds
    changed = as_input(table)
    changed["StorageDescriptor"]["Columns"] = [{"Name": name, "Type": kind} for name, kind in columns.items() if kind]
    registry.glue.update_table(DatabaseName=registry.database, TableInput=changed)


def kinds(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Column and kind of each change."""
    return [(change["column"], change["kind"]) for change in changes]


def test_drift_shows_what_is_registered_its_versions_and_what_breaks(registry: Registry, drift: Any) -> None:
    status, [found] = drift()
    assert (status, found["changes"], kinds(found["versions"][0]["changes"])) == (0, [], [])
    alter(registry, currency_id="bigint", note="string")
    status, [found] = drift()
    assert (status, kinds(found["changes"])) == (0, [("currency_id", TYPE_WIDENED), ("note", COLUMN_ADDED)])
    alter(registry, currency_code=None)
    status, [found] = drift()
    assert (status, kinds(found["changes"])[1]) == (BREAKING_DRIFT, ("currency_code", COLUMN_REMOVED))
    assert found["changes"][1]["impact"]["columns"] == ["dim_currency.currency_code", "dim_currency.currency_name"]
    assert [kinds(version["changes"]) for version in found["versions"]] == [
        [],
        [("currency_id", TYPE_WIDENED), ("note", COLUMN_ADDED)],
        [("currency_code", COLUMN_REMOVED)],
    ]


def test_drift_shows_what_is_held_and_therefore_not_registered(registry: Registry, drift: Any) -> None:
    registry.ingest(2, {"currency": [{"currency_id": 2, "currency_code": 7, **KEYS}]}, currency_code="integer")
    registry.check()
    status, [found] = drift()
    assert (status, kinds(found["changes"])) == (BREAKING_DRIFT, [("currency_code", TYPE_CHANGED)])
    assert len(found["versions"]) == 1
    shown = CliRunner().invoke(whole_app(), ["drift", "currency"], env={"COLUMNS": "200"})
    assert "held until the contract fits or the source is changed back: currency" in shown.stdout


def test_drift_reads_as_tables(registry: Registry, drift: Any) -> None:
    alter(registry, currency_code=None)
    shown = CliRunner().invoke(whole_app(), ["drift", "currency"], env={"COLUMNS": "200"})
    assert shown.exit_code == BREAKING_DRIFT
    assert "currency.currency_code is used by dim_currency.currency_code" in shown.stdout
    assert "currency_code: column removed (text -> nothing)" in shown.stdout
