"""A file of a table has the whole of its key."""

from __future__ import annotations

from totelake.contracts import load_contracts
from totelake.contracts.model import TableId
from totelake.lake.partitions import METADATA
from totelake.registry.agreement import of_file

COLUMNS = {"a": "int", "b": "string", "v": "int", **dict(METADATA)}


def test_a_file_without_a_column_of_the_key_is_of_no_batch() -> None:
    assert of_file("f", COLUMNS, COLUMNS, {}, ("a", "b")) == []
    lacking = {name: kind for name, kind in COLUMNS.items() if name != "b"}
    (found,) = of_file("f", lacking, COLUMNS, {}, ("a", "b"))
    assert found.what == "no batch of this table, it has no b; remove it"
    assert of_file("f", lacking, COLUMNS, {}, ("a",)) == []


def test_rows_are_identified_by_a_facts_source_key_and_by_every_column_of_another_key() -> None:
    contracts = load_contracts()
    assert contracts.star("fact_sales_order").version_key == ("sales_order_id",)
    assert contracts.star("dim_staff").version_key == ("staff_id",)
    assert contracts.table(TableId("totesys", "staff")).version_key == ("staff_id",)
