"""Star tables whose contract changes: at every write Athena reads log, partitions and views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.conftest import SOURCE
from tests.engine import Killed, Watched
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.lake.keys import Attempt
from totelake.lake.manifest import LakeObject, Manifest, TableCommit
from totelake.lake.partitions import log_columns, log_name
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.tables import columns_of
from totelake.lake.views import registered_views
from totelake.ports.memory import MemoryCatalog, MemoryStore

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
FACT, DIMENSION = load_contracts().star("fact_payment"), load_contracts().star("dim_design")
WIDER = {"integer": "bigint", "numeric": "numeric(20,2)"}


def changed(table: Table, without: str = "") -> Table:
    """The table by a later contract: wider numbers, a column more, perhaps one less."""
    columns = [replace(item, type=WIDER.get(item.type, item.type)) for item in table.columns if item.name != without]
    return replace(table, columns=(*columns, replace(columns[-1], name="more", type="text")))


class Zone(ProcessedZone):
    """A processed zone in memory, looked at after every write; commits of a month or of a table without months."""

    def __init__(self) -> None:
        super().__init__(MemoryStore("processed"), MemoryCatalog("lake"), lambda: NOW)
        self._objects: dict[str, Mapping[str, str]] = {}
        self.watched = Watched(self.store, self.catalog, lambda key: self._objects.get(key, {}))  # type: ignore[arg-type]

    def commit(self, table: Table, number: int, month: str) -> Manifest:
        """Commit one object of a month with the types of the contract."""
        staged, parts = f"_inflight/{table.name}/{number}", {"created_month": month} if table.partition_by else {}
        self.store.put(staged, b"row")
        folder = f"created_month={month}/" if table.partition_by else ""
        key = f"{table.name}/{folder}{number:012d}-0.parquet"
        self._objects[key] = dict(log_columns(table))
        item = LakeObject(staged, key, 1, 3, "", parts)
        found = StarCommit(table.name, SOURCE, through=number, verdict=number, commit=TableCommit((item,), 1))
        manifest = found.manifest(Attempt(table.name, number, f"attempt_{number}"), NOW)
        assert self.log(table).commit(manifest)
        return manifest

    def shapes(self, table: Table) -> list[list[tuple[str, str]]]:
        """The columns of log and partitions."""
        log = self.catalog.table(log_name(table))
        assert log is not None
        return [columns_of(item) for item in (log, *self.catalog.partitions(log_name(table)))]


def changing(zone: Zone, before: Table, after: Table, deaths: int | None) -> bool:
    """Two months by the former contract, then a row of the first one by the later; whether its run ended."""
    for number, month in ((1, "2024-07"), (2, "2024-08")):
        zone.finish(before, zone.commit(before, number, month))
    manifest = zone.commit(after, 3, "2024-07")
    zone.watched.left = deaths
    try:
        zone.finish(after, manifest)
    except Killed:
        return False
    finally:
        zone.watched.left = None
    return True


@pytest.mark.parametrize("without", ["", "design_name", "paid"], ids=["wider", "no name", "no flag"])
@pytest.mark.parametrize("table", [FACT, DIMENSION], ids=lambda table: table.name)
def test_a_reader_is_refused_at_no_write_and_a_death_at_any_is_made_good(table: Table, without: str) -> None:
    after, deaths = changed(table, without), 0
    while True:
        zone = Zone()
        ended = changing(zone, table, after, deaths)
        if not ended:
            zone.finish(after, zone.log(after).get(3))
        assert zone.watched.refused == [], deaths
        assert all(columns == log_columns(after) for columns in zone.shapes(after)), deaths
        assert not zone.lags(after)
        if ended:
            break
        deaths += 1
    assert deaths >= 4
    shown = [columns_of(view) for view in registered_views(zone.catalog, after)]
    assert all(("more", "string") in columns for columns in shown)


def test_a_column_that_a_view_still_shows_stays_until_a_commit_moves_the_view() -> None:
    zone = Zone()
    after = replace(FACT, columns=tuple(column for column in FACT.columns if column.name != "paid"))
    zone.finish(FACT, zone.commit(FACT, 1, "2024-07"))
    zone.finish(after, without_rows(zone, after, 2))
    assert zone.watched.refused == [] and ("paid", "boolean") in zone.shapes(after)[0] and not zone.lags(after)
    zone.finish(after, zone.commit(after, 3, "2024-07"))
    assert zone.watched.refused == [] and zone.shapes(after)[0] == log_columns(after)


def test_views_show_a_column_that_a_contract_gains_before_there_are_rows_with_it() -> None:
    zone, after = Zone(), replace(FACT, columns=(*FACT.columns, replace(FACT.columns[-1], name="more", type="text")))
    zone.finish(FACT, zone.commit(FACT, 1, "2024-07"))
    manifest = without_rows(zone, FACT, 2)
    zone.finish(FACT, manifest)
    assert not zone.lags(FACT) and zone.lags(after)
    zone.finish(after, manifest)
    assert zone.watched.refused == [] and not zone.lags(after)
    shown = [columns_of(view) for view in registered_views(zone.catalog, after)]
    assert len(shown) == 3 and all(("more", "string") in columns for columns in shown)


def without_rows(zone: Zone, table: Table, number: int) -> Manifest:
    """Commit a batch that has nothing for the table."""
    found = StarCommit(table.name, SOURCE, through=number, verdict=number)
    manifest = found.manifest(Attempt(table.name, number, f"attempt_{number}"), NOW)
    assert zone.log(table).commit(manifest)
    return manifest
