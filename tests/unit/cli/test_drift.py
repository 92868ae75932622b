"""`totelake drift` over two sources that have a table of one name: each is shown, and judged, as its own."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.unit.operate.jobs import OTHER, OTHER_STAR, two_sources
from totelake.cli import drift as command
from totelake.cli.app import whole_app
from totelake.cli.exit_status import BREAKING_DRIFT
from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError
from totelake.lake.commits import CommitLog
from totelake.lake.records.holds import BUILD, LOG, Hold, Holds
from totelake.lake.tables import columns_input, parquet_storage
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.registry import registered
from totelake.registry.registered import expected_fields, registered_name
from totelake.schemas import impact
from totelake.schemas.described import DescribedColumn, DescribedTable

BOTH = two_sources()
OURS, THEIRS = "totesys.design", f"{OTHER}.design"
DESIGN = BOTH.find(THEIRS)
HIVE = {"integer": "int", "text": "string", "timestamp without time zone": "timestamp"}


@pytest.fixture(autouse=True)
def _two_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (command, impact, registered):
        monkeypatch.setattr(module, "load_contracts", lambda: BOTH)


def register(catalog: MemoryCatalog, table: Table, *without: str) -> None:
    """Register a table as its contract says, but for these columns."""
    fields = [item for item in expected_fields(table) if item.name not in without]
    columns = [(item.name, HIVE.get(item.type, item.type)) for item in fields]
    storage = {**parquet_storage("s3://memory/", columns), "Columns": columns_input(columns)}
    assert catalog.create({"Name": registered_name(table), "StorageDescriptor": storage})


def drift(*words: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the changes by table, what people see."""
    result = CliRunner().invoke(whole_app(), ["drift", *words, "--json"])
    found = {item["table"]: item["changes"] for item in json.loads(result.stdout)}
    shown = CliRunner().invoke(whole_app(), ["drift", *words], env={"COLUMNS": "200"})
    assert shown.exit_code == result.exit_code
    return result.exit_code, found, shown.stdout


@pytest.mark.parametrize("words", [(), (THEIRS,)], ids=["all tables", "one table"])
def test_a_registered_table_is_that_of_its_source(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = MemoryCatalog()
    for table in BOTH.all_source_tables():
        register(catalog, table, *(["design_name"] if str(table) == THEIRS else []))
    where = SimpleNamespace(ingestion=MemoryStore(), processed=MemoryStore(), tables_of=lambda zone: catalog)
    monkeypatch.setattr(Target, "named", lambda *_: where)
    status, found, shown = drift(*words)
    assert (status, [change["column"] for change in found[THEIRS]]) == (BREAKING_DRIFT, ["design_name"])
    assert found.get(OURS, []) == []
    assert found[THEIRS][0]["impact"]["columns"] == [f"{OTHER_STAR}.design_name"]
    assert f"{THEIRS}.design_name is used by {OTHER_STAR}.design_name" in shown
    assert f"│ {THEIRS} " in shown


@pytest.mark.parametrize(
    ("words", "is_database", "said"),
    [
        ((), True, "nothing is registered yet; run `totelake run`, or use --against source"),
        ((THEIRS,), True, f"{THEIRS} is not registered yet; run `totelake run`, or use --against source"),
        ((THEIRS,), False, f"{THEIRS} is not registered yet; run `totelake run`"),
        ((OTHER_STAR,), True, f"{OTHER_STAR} is not registered yet; run `totelake run`"),
    ],
)
def test_what_is_not_registered_is_compared_live_where_there_is_something_live(
    words: tuple[str, ...], is_database: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = SimpleNamespace(ingestion=MemoryStore(), processed=MemoryStore(), tables_of=lambda zone: MemoryCatalog())
    monkeypatch.setattr(Target, "named", lambda *_: where)
    monkeypatch.setattr(Source, "is_database", property(lambda _: is_database))
    result = CliRunner().invoke(whole_app(), ["drift", *words])
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception) == said


def test_the_live_tables_are_those_of_their_source(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = tuple(DescribedColumn(item.name, item.type, item.required) for item in DESIGN.columns)
    # each source has a table without a contract, by the same name
    there = {
        "totesys": [DescribedTable(DESIGN.schema, name, columns, key=DESIGN.key_names) for name in ("design", "extra")],
        OTHER: [DescribedTable(DESIGN.schema, name, columns[1:]) for name in ("design", "extra")],
    }
    monkeypatch.setattr(Target, "named", lambda *_: SimpleNamespace())
    monkeypatch.setattr(command, "described_source", lambda where, source, schemas: there[source])
    monkeypatch.setattr(command, "blocked_in_source", lambda where, source: {})
    status, found, shown = drift("--against", "source")
    assert status == BREAKING_DRIFT
    assert (found[OURS], [change["kind"] for change in found[THEIRS]]) == ([], ["key changed", "column removed"])
    assert {name for name in found if name.endswith("extra")} == {"totesys.extra", f"{OTHER}.extra"}
    assert f"{THEIRS} is used by {OTHER_STAR}.design_id" in shown


def test_a_star_table_that_could_not_be_built_is_drift_too(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, where = MemoryCatalog(), SimpleNamespace(ingestion=MemoryStore(), processed=MemoryStore())
    for table in BOTH.all_source_tables():
        register(catalog, table)
    where.tables_of = lambda zone: catalog
    monkeypatch.setattr(Target, "named", lambda *_: where)
    assert "is held" not in drift()[2]
    log, at = CommitLog(where.processed, LOG), datetime(2026, 11, 29, tzinfo=timezone.utc)
    holds = Holds({BUILD: {"dim_design": Hold(3, "no column nowhere", "code", "2026-11-29T10:05:07+00:00")}})
    assert log.commit(holds.manifest(log.attempt(None, "jr"), at))
    status, _, shown = drift()
    assert status == BREAKING_DRIFT
    assert (
        "dim_design is held: not built from batch 3 on (since 2026-11-29 10:05 UTC), 0 events wait: no column nowhere"
        in shown
    )
