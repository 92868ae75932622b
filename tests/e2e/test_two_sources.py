"""A database that `totelake source add` describes, beside totesys in one stack: drift, quarantine, a server that is
down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SOURCE, Postgres
from tests.e2e import lake
from tests.e2e.clone import Clone
from tests.e2e.pipeline import Pipeline, running
from tests.integration.sources import crm
from tests.integration.sources.conftest import Database
from tests.integration.star.samples import OPEN_SOCKETS
from totelake.operate.reconcile.finding import EQUAL
from totelake.sources.address import secret_of
from totelake.stack.foreign import kept

pytestmark = [pytest.mark.e2e, OPEN_SOCKETS]
NAME, SECRET = "crm", "totelake/crm"


class Both:
    """The stack with two sources: totesys is its own, `crm` is a database elsewhere."""

    def __init__(self, pipeline: Pipeline, clone: Clone, database: Database) -> None:
        self.pipeline, self.clone, self.database = pipeline, clone, database

    def run(self, *words: str) -> tuple[int, Any]:
        """A refresh, followed to its end."""
        return self.clone.says("run", "--wait", *words)

    def shown(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """What the view of a table's rows shows."""
        found, scratch = self.pipeline, Path(self.pipeline.stack.home) / "lake"
        rows = lake.select(found.glue, found.s3, f"current_crm_{table}", columns, scratch, "totelake_ingestion")
        return sorted(rows, key=str)

    def has_all_of(self, table: str) -> bool:
        """Whether that is what the source has."""
        there = self.database.ask(f"SELECT {crm.IN_SOURCE[table]} FROM {table}")
        return self.shown(table, crm.IN_LAKE[table]) == sorted(there, key=str)

    def names(self) -> list[tuple[Any, ...]]:
        """The names of the contacts in the lake."""
        return self.shown("contact", "name")

    def loaded(self) -> int:
        """How many orders the warehouse has."""
        ((count,),) = self.pipeline.warehouse("SELECT count(*) FROM current_sales_order")
        return int(count)


@pytest.fixture(scope="module")
def both(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Both sources deployed, and their first refresh."""
    clone = Clone(tmp_path_factory.mktemp("clone"))
    with running(tmp_path_factory.mktemp("two")) as pipeline:
        pipeline.command("seed", "--orders", "20")
        database = Database(postgres, clone.catalog)
        database.sql(*crm.STRUCTURE, *crm.ROWS)
        assert database.add(NAME)["is_secret_stored"] is True
        assert list(kept(Path(pipeline.stack.home))) == [NAME]
        assert clone.run("deploy") == 0
        found = Both(pipeline, clone, database)
        assert found.run()[0] == 0
        yield found


def test_the_lake_has_both_sources_and_the_comparison_finds_them_equal(both: Both) -> None:
    assert [name for name in crm.TABLES if not both.has_all_of(name)] == []
    assert both.loaded() == 20
    status, findings = both.clone.says("reconcile")
    checks = {(item["table"], item["check"]): item["outcome"] for item in findings}
    assert (status, {outcome for (table, _), outcome in checks.items() if table in crm.TABLES}) == (0, {EQUAL})
    assert {table for table, _ in checks} >= {*crm.TABLES, "payment", "fact_sales_order"}


def test_one_table_of_a_source_is_held_and_a_row_waits_while_all_else_goes_on(both: Both) -> None:
    both.database.sql(
        *crm.CHANGES[:2],
        "ALTER TABLE contact ALTER visits TYPE bigint, ADD since date",
        "UPDATE contact SET deleted_at = 'infinity' WHERE name = 'Ana 2'",
        "ALTER TABLE label ALTER weight TYPE integer",
    )
    assert both.run("--source", NAME)[0] == 0
    assert both.has_all_of("consent") and not both.has_all_of("label")
    status, found = both.clone.says("drift")
    held = {item["table"] for item in found for change in item["changes"] if change["kind"] == "type changed"}
    assert (status, held) == (3, {"crm.label"})
    place = {"Bucket": both.pipeline.stack.ingestion_bucket, "Prefix": f"dead_letters/rows/{NAME}/contact/"}
    assert both.pipeline.s3.list_objects_v2(**place)["KeyCount"] == 1
    assert both.names() == both.database.ask("SELECT name FROM contact ORDER BY name")
    both.pipeline.job(f"totelake-watch-{NAME}")
    assert "crm.label held" in json.dumps(both.clone.says("alerts")[1])


def test_a_source_that_is_down_holds_back_nothing_of_the_other(both: Both) -> None:
    address = {**secret_of(both.database.reader), "port": "1"}
    both.pipeline.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps(address))
    both.pipeline.source("UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id = 1")
    status, found = both.run()
    assert status != 0
    outcomes = {item["workflow"]: item["outcome"] for item in found}
    assert outcomes == {f"totelake-refresh-{NAME}": "FAILED", f"totelake-refresh-{SOURCE}": "SUCCEEDED"}
    assert both.pipeline.warehouse("SELECT count(*) FROM history_sales_order WHERE sales_order_id = 1") == [(2,)]
    assert both.names() == both.database.ask("SELECT name FROM contact ORDER BY name"), "what is there stays readable"
