"""Star tables' entries of the Data Catalog that somebody changed: they are found, and finishing puts them back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.lake.test_star_columns import DIMENSION, FACT, NOW, Zone
from totelake.contracts.model import Table
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout
from totelake.lake.locations import Place, move, places
from totelake.lake.manifest import COMPACTION, LakeObject, TableCommit
from totelake.lake.partitions import log_name
from totelake.lake.processed import ProcessedZone
from totelake.lake.tables import as_input, location_of, storage_differences
from totelake.lake.views import BATCH_PARAMETER, View, view_input, view_sql, views_of
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.ports.schema_catalog import Document

Damage = Callable[[dict[str, Any]], object]


def retold(before: str, after: str) -> Damage:
    """Another SQL in a view's text."""

    def damage(view: dict[str, Any]) -> None:
        changed = re.sub(before, after, view_sql(view))
        view["ViewOriginalText"] = view_input(View(view["Name"], (), changed), "lake", 0)["ViewOriginalText"]

    return damage


ELSEWHERE = "s3://somebody/else/"
CSV = {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat", "SerdeInfo": {"SerializationLibrary": "csv"}}
DAMAGES: dict[str, Damage] = {
    "place": lambda log: log["StorageDescriptor"].update(Location=ELSEWHERE),
    "format": lambda log: log["StorageDescriptor"].update(CSV),
    "columns": lambda log: log["StorageDescriptor"].update(Columns=log["StorageDescriptor"]["Columns"][:1]),
    "no columns": lambda log: log["StorageDescriptor"].pop("Columns"),
    "no storage": lambda log: log.pop("StorageDescriptor"),
    "a view": lambda log: log.update(TableType="VIRTUAL_VIEW", ViewOriginalText="SELECT 1", ViewExpandedText="x"),
    "an Iceberg table": lambda log: log["Parameters"].update(table_type="ICEBERG"),
    "another classification": lambda log: log["Parameters"].update(classification="csv"),
    "projected": lambda log: log["Parameters"].update({"projection.enabled": "TRUE"}),
    "partition keys": lambda log: log.update(PartitionKeys=[{"Name": "year", "Type": "string"}]),
}
STRANGERS: dict[str, Damage] = {
    "a view of another engine": lambda view: view.update(ViewOriginalText="SELECT 1"),
    "a table": lambda view: view.update(
        TableType="EXTERNAL_TABLE", ViewOriginalText="", StorageDescriptor={"Columns": [], "Location": ELSEWHERE}
    ),
    "a batch that is no number": lambda view: view["Parameters"].update({BATCH_PARAMETER: "newest"}),
    "no batch": lambda view: view["Parameters"].pop(BATCH_PARAMETER),
    "an earlier batch": lambda view: view["Parameters"].update({BATCH_PARAMETER: "1"}),
    "a later batch": lambda view: view["Parameters"].update({BATCH_PARAMETER: "9" * 18}),
    "no parameters": lambda view: view.pop("Parameters"),
    "a text of a later batch": retold(r'"_batch" <= \d+', '"_batch" <= 999999999'),
    "a text of an earlier batch": retold(r'"_batch" <= \d+', '"_batch" <= 1'),
    "a text of a later batch beside its own": retold("WHERE", 'WHERE "_batch" <= 999999999 AND'),
    "a text of no batch": retold(r'"_batch" <= \d+', "true"),
    "not said to be a view of Athena": lambda view: view["Parameters"].pop("presto_view"),
    "a text that nobody can read": lambda view: view.update(ViewOriginalText="/* Presto View: ?? */"),
    "a text that says nothing": lambda view: view.update(ViewOriginalText="/* Presto View: W10= */"),
    "no text, of batch 0": lambda view: (
        view.pop("ViewOriginalText"),
        view["Parameters"].update({BATCH_PARAMETER: "0"}),
    ),
    "nothing but a name": lambda view: [view.pop(field) for field in list(view) if field != "Name"],
}


class Unwatched(Zone):
    """A processed zone that nobody looks at after every write: what somebody's hand wrote, no reader could read."""

    def __init__(self) -> None:
        ProcessedZone.__init__(self, MemoryStore("processed"), MemoryCatalog("lake"), lambda: NOW)
        self._objects = {}


def damaged(zone: Zone, name: str, damage: Damage) -> None:
    """Change an entry as somebody's hand does."""
    present = zone.catalog.table(name)
    assert present is not None
    wanted = {field: dict(value) if isinstance(value, dict) else value for field, value in as_input(present).items()}
    damage(wanted)
    assert zone.catalog.replace(wanted, present, keep_version=False)


def entries(zone: Zone, table: Table) -> list[Document]:
    """What Athena reads the table by."""
    names = [log_name(table), *(view.name for view in views_of(table, zone.catalog.database, 0))]
    found = [zone.catalog.table(name) for name in names]
    assert None not in found
    return [as_input(item) for item in found if item is not None]


@pytest.fixture(params=[FACT, DIMENSION], ids=lambda table: table.name)
def table(request: pytest.FixtureRequest) -> Table:
    found: Table = request.param
    return found


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_log_that_somebody_changed_is_found_and_put_back(table: Table, damage: Damage) -> None:
    zone = Unwatched()
    manifest = zone.commit(table, 1, "2024-07")
    zone.finish(table, manifest)
    before = entries(zone, table)
    assert not zone.lags(table)
    damaged(zone, log_name(table), damage)
    assert zone.lags(table)
    zone.finish(table, manifest)
    assert entries(zone, table) == before
    assert not zone.lags(table)


@pytest.mark.parametrize("damage", STRANGERS.values(), ids=STRANGERS)
def test_what_stands_in_the_place_of_a_view_is_found_and_replaced(table: Table, damage: Damage) -> None:
    zone = Unwatched()
    for number in (1, 2):
        zone.finish(table, zone.commit(table, number, "2024-07"))
    before = entries(zone, table)
    for view in views_of(table, zone.catalog.database, 0):
        damaged(zone, view.name, damage)
    assert zone.lags(table)
    zone.finish(table, zone.log(table).get(1))
    zone.finish(table, zone.log(table).get(2))
    assert entries(zone, table) == before
    assert not zone.lags(table)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_log_that_somebody_changed_before_it_is_moved_is_moved(damage: Damage) -> None:
    zone = Unwatched()
    zone.finish(DIMENSION, zone.commit(DIMENSION, 1, "2024-07"))
    damaged(zone, log_name(DIMENSION), damage)
    move(zone.catalog, DIMENSION, "processed", Layout().compacted([""], 2), [""], NOW)
    assert places(zone.catalog, DIMENSION) == {"": Place(2, NOW)}
    moved = zone.catalog.table(log_name(DIMENSION))
    assert moved is not None and storage_differences(moved["StorageDescriptor"], location_of(moved)) == {}


@pytest.mark.parametrize("damage", [None, *DAMAGES.values()], ids=["none", *DAMAGES])
def test_a_table_that_was_rewritten_stays_at_its_later_place(table: Table, damage: Damage | None) -> None:
    zone = Unwatched()
    zone.finish(table, zone.commit(table, 1, "2024-07"))
    folder = "created_month=2024-07" if table.partition_by else ""
    layout = Layout().compacted([folder], 2)
    partition = {"created_month": "2024-07"} if folder else {}
    staged = LakeObject("_inflight/rewritten", f"{table.name}/000000000002-0.parquet", 1, 3, "", partition)
    zone.store.put(staged.staged, b"row")
    rewritten = zone.newest(table).following(COMPACTION, layout.placed(table.name, TableCommit((staged,), 1)), layout)
    manifest = rewritten.manifest(Attempt(table.name, 2, "attempt_2"), NOW)
    assert zone.log(table).commit(manifest)
    zone.finish(table, manifest)
    assert places(zone.catalog, table)[folder].moved == 2
    assert not zone.lags(table)
    before = entries(zone, table)
    if damage:
        damaged(zone, log_name(table), damage)
        assert zone.lags(table)
    zone.finish(table, manifest)
    assert entries(zone, table) == before
    assert places(zone.catalog, table)[folder].moved == 2
    assert not zone.lags(table)
