"""Keys of the contracts: how many columns, in which order, and of which types for a star table."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.contracts.test_contracts import entry
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import documents
from totelake.contracts.key_kinds import BOOLEAN, BYTES, DATE, INTEGER, NUMBER, TEXT, TIMESTAMP, key_kind
from totelake.contracts.model import TableId
from totelake.errors import ContractError


@pytest.fixture
def files() -> dict[str, Any]:
    """The catalog's documents."""
    return copy.deepcopy(dict(documents()))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (INTEGER, ("smallint", "integer", "bigint")),
        (TEXT, ("text", "uuid", "character varying", "character varying(9)", "character(3)", '"mood"', '"a ""b"""')),
        (DATE, ("date",)),
        (TIMESTAMP, ("timestamp without time zone", "timestamp(3) with time zone")),
        (NUMBER, ("numeric", "numeric(10,2)", "numeric(3,-2)")),
        (BYTES, ("bytea",)),
        (BOOLEAN, ("boolean",)),
        (None, ("real", "double precision", "jsonb", "integer[]", "uuid[]", "time without time zone", "public.date")),
    ],
)
def test_the_types_that_a_key_may_have_are_each_of_one_kind(kind: str | None, names: tuple[str, ...]) -> None:
    assert {name: key_kind(name) for name in names} == dict.fromkeys(names, kind)


def test_a_source_tables_key_has_its_columns_in_the_order_of_their_positions(files: dict[str, Any]) -> None:
    payment_type = entry(files, "sources/totesys/payment_type.yaml")
    properties = payment_type["properties"]
    payment_type["customProperties"].append({"property": "uniqueIndex", "value": "Payment types"})
    properties[0]["primaryKeyPosition"] = 2
    properties[1].update(primaryKey=True, required=True, primaryKeyPosition=1)
    files.pop("warehouse/dim_payment_type.yaml")
    files.pop("warehouse/fact_payment.yaml")
    table = parse_contracts(files).table(TableId("totesys", "payment_type"))
    assert table.key_names == (properties[1]["name"], properties[0]["name"])
    assert table.unique_index == "Payment types"


def test_positions_that_give_no_order_are_refused(files: dict[str, Any]) -> None:
    entry(files, "sources/totesys/staff.yaml")["properties"][1].update(primaryKey=True, required=True)
    says = "the key columns of staff have the positions 1, 1; number them by primaryKeyPosition from 1 to 2"
    with pytest.raises(ContractError, match=says):
        parse_contracts(files)
    entry(files, "sources/totesys/staff.yaml")["properties"][1].update(primaryKeyPosition="second")
    with pytest.raises(ContractError, match="the primaryKeyPosition of first_name is 'second'; write 1, 2, ..."):
        parse_contracts(files)


def test_a_key_of_more_than_eight_columns_is_refused(files: dict[str, Any]) -> None:
    for place, column in enumerate(entry(files, "sources/totesys/sales_order.yaml")["properties"][:9], 1):
        column.update(primaryKey=True, required=True, primaryKeyPosition=place)
    with pytest.raises(ContractError, match="sales_order needs a key of 1 to 8 columns .*, it has 9"):
        parse_contracts(files)


def test_a_star_table_is_built_of_tables_with_a_key_of_one_integer(files: dict[str, Any]) -> None:
    entry(files, "sources/totesys/department.yaml")["properties"][0]["physicalType"] = "text"
    says = "dim_staff is built of totesys.department, whose key is department_id text; a star table's"
    with pytest.raises(ContractError, match=says):
        parse_contracts(files)


def test_a_star_table_has_no_unique_index(files: dict[str, Any]) -> None:
    custom = entry(files, "warehouse/dim_staff.yaml")["customProperties"]
    custom.append({"property": "uniqueIndex", "value": "one"})
    with pytest.raises(ContractError, match="dim_staff is no source table; take its uniqueIndex away"):
        parse_contracts(files)
