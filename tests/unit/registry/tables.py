"""Batches of several tables over a Data Catalog that somebody else changes, and that refuses what it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.memory import MemoryRegistry
from totelake.alerts.store import ROOT
from totelake.errors import LakeError
from totelake.lake.tables import as_input, columns_of
from totelake.ports.memory import MemoryCatalog
from totelake.ports.schema_catalog import Document
from totelake.registry import check, finish, registered
from totelake.registry.check import check_schemas

TABLES = ("currency", "department", "design", "staff")
DAYS = ("2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27")
DENIED = LakeError("UpdateTable failed with AccessDeniedException: no")
Damage = Callable[[dict[str, Any]], Any]


class RefusingCatalog(MemoryCatalog):
    """A Data Catalog in memory; `refused` are the calls, by their names here, that it refuses for a table."""

    def __init__(self, database: str) -> None:
        super().__init__(database)
        self.refused: dict[tuple[str, str], Exception] = {}

    def refuse(self, table: str, *calls: str, why: Exception = DENIED) -> None:
        """Refuse calls for a table from now on."""
        self.refused.update({(table, call): why for call in calls})

    def table(self, name: str) -> Document | None:
        self._check(name, "table")
        return super().table(name)

    def replace(self, table: Document, over: Document, keep_version: bool) -> bool:
        self._check(str(table["Name"]), "replace")
        return super().replace(table, over, keep_version)

    def partitions(self, name: str) -> Iterator[Document]:
        self._check(name, "partitions")
        return super().partitions(name)

    def add_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        self._check(name, "add_partitions")
        super().add_partitions(name, partitions)

    def replace_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        self._check(name, "replace_partitions")
        super().replace_partitions(name, partitions)

    def drop(self, name: str) -> None:
        """Remove a table with its partitions."""
        del self._tables[name], self._partitions[name]

    def _check(self, table: str, call: str) -> None:
        if (table, call) in self.refused:
            raise self.refused[table, call]


class Tables(MemoryRegistry):
    """Batches of several tables, judged one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0
        self.catalog: RefusingCatalog = RefusingCatalog(self.catalog.database)
        self.jobs: list[Any] = []

    def run(self, **types: Mapping[str, str]) -> None:
        """A batch of all tables on a day of its own, and the job that judges it."""
        self.day, self.batches = DAYS[self.batches], self.batches + 1
        self.ingest_tables(SOURCE, self.batches, {name: types.get(name, {}) for name in TABLES})
        self.check()

    def check(self) -> None:
        self.jobs.append(self.check_job(SOURCE))
        check_schemas(self.jobs[-1])

    def damage(self, name: str, damage: Damage) -> None:
        present = self.catalog.table(name)
        assert present is not None
        changed = as_input(present)
        damage(changed)
        assert self.catalog.replace(changed, present, keep_version=True)

    def shape(self, name: str) -> dict[str, Any]:
        """What makes a table readable."""
        table = self.catalog.table(name)
        assert table is not None
        found = table["StorageDescriptor"]
        fields = {field: found.get(field) for field in ("Location", "InputFormat", "OutputFormat", "SerdeInfo")}
        misleading = ("table_type", "spark.sql.sources.provider", "classification", "projection.enabled")
        fields["parameters"] = {key: table["Parameters"].get(key, "parquet") for key in misleading}
        kind = {"kind": table.get("TableType") == "VIRTUAL_VIEW", "keys": table["PartitionKeys"]}
        return {**fields, **kind, "columns": sorted(columns_of(table))}

    def shapes(self) -> dict[str, Any]:
        return {name: self.shape(name) for name in TABLES}

    def version(self, name: str) -> str:
        found = self.catalog.table(name)
        assert found is not None
        return str(found["VersionId"])

    def days(self, name: str) -> list[str]:
        """The partitions that are registered."""
        return sorted(item["Values"][0] for item in self.catalog.partitions(name))

    def told(self) -> list[str]:
        """The subjects of the alerts."""
        listed = self.store.list(f"{ROOT}/incidents/catalog")
        return sorted(json.loads(self.store.get(item.key))["subject"] for item in listed)


def new_world(patch: pytest.MonkeyPatch) -> Tables:
    found = Tables()
    found.use(patch, check, finish, registered)
    # the pause that readers of a catalogue need
    patch.setattr("totelake.lake.partition_columns.PLANNING", 0)
    return found


def subjects(*names: str, what: str = "was changed") -> list[str]:
    return [f"{SOURCE}.{name} {what} in the Data Catalog" for name in sorted(names)]
