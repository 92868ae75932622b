"""Tables of the Data Catalog are changed over what was read, and decided anew when others were faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.schema_catalog_behaviour import columns_of, read, table_input
from totelake.errors import ContendedError
from totelake.lake.tables import as_input, change_table
from totelake.ports.memory import MemoryCatalog
from totelake.ports.schema_catalog import Document


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog("lake")


def change(catalog: MemoryCatalog, decide: Any, keep_version: bool = False, waits: list[float] | None = None) -> bool:
    """Change the table design, without waiting."""
    return change_table(catalog, "design", decide, keep_version, (waits if waits is not None else []).append)


def test_a_missing_table_is_created_and_one_that_is_there_changed(catalog: MemoryCatalog) -> None:
    seen: list[Document | None] = []

    def decide(present: Document | None) -> Document:
        seen.append(present)
        return table_input(column=f"column_{len(seen)}")

    assert (change(catalog, decide), change(catalog, decide)) == (True, True)
    assert seen[0] is None and columns_of(seen[1]) == ["column_1"]
    assert columns_of(catalog.table("design")) == ["column_2"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_decision_for_nothing_writes_nothing(catalog: MemoryCatalog, is_there: bool) -> None:
    if is_there:
        catalog.create(table_input())
    before = catalog.table("design")
    assert change(catalog, lambda present: None) is False
    assert catalog.table("design") == before


def test_a_table_that_another_run_creates_meanwhile_is_changed(catalog: MemoryCatalog) -> None:
    def decide(present: Document | None) -> Document:
        if present is None:
            catalog.create(table_input(column="theirs"))
            return table_input(column="mine")
        return {**as_input(present), "Owner": "me"}

    waits: list[float] = []
    assert change(catalog, decide, waits=waits) is True
    assert (columns_of(catalog.table("design")), read(catalog)["Owner"], len(waits)) == (["theirs"], "me", 1)


def test_who_is_always_overtaken_gives_up(catalog: MemoryCatalog) -> None:
    catalog.create(table_input())

    def decide(present: Mapping[str, Any] | None) -> Mapping[str, Any]:
        catalog.replace(table_input(column="theirs"), read(catalog), keep_version=False)
        return table_input(column="mine")

    waits: list[float] = []
    with pytest.raises(ContendedError, match="^the table lake.design is changed by others all the time; run the job"):
        change(catalog, decide, waits=waits)
    assert columns_of(catalog.table("design")) == ["theirs"] and len(waits) == 8


@pytest.mark.parametrize(("keep_version", "versions"), [(True, 2), (False, 1)])
def test_a_version_is_kept_where_that_is_asked_for(catalog: MemoryCatalog, keep_version: bool, versions: int) -> None:
    catalog.create(table_input())
    assert change(catalog, lambda present: table_input(column="other"), keep_version) is True
    assert len(catalog.versions("design")) == versions


def test_what_the_data_catalog_adds_to_a_table_is_no_input() -> None:
    given = {
        **table_input(),
        "Owner": "o",
        "CreateTime": 1,
        "VersionId": "3",
        "DatabaseName": "d",
        "IsRegistered": True,
    }
    assert as_input(given) == {**table_input(), "Owner": "o"}
