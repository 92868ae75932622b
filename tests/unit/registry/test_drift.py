"""How a schema differs from its contract: both sides of every column, in words."""

from __future__ import annotations

from typing import Any

import pytest

from totelake.contracts import catalog
from totelake.contracts.types import hive_type
from totelake.registry.drift import registered_differences, sentence, source_differences

TRANSACTION = catalog().table("transaction")
FITTING: list[dict[str, Any]] = [
    {"name": c.name, "type": c.type, "required": c.required, **({"enum": list(c.enum)} if c.enum else {})}
    for c in TRANSACTION.columns
]


def changed(name: str, **values: Any) -> list[dict[str, Any]]:
    return [{**column, **values} if column["name"] == name else column for column in FITTING]


def test_what_fits_has_no_differences() -> None:
    assert source_differences(TRANSACTION, FITTING) == []
    assert source_differences(TRANSACTION, list(reversed(FITTING))) == []


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (changed("sales_order_id", type="bigint"), "transaction.sales_order_id is bigint, the contract says integer"),
        (
            changed("sales_order_id", required=True),
            "transaction.sales_order_id is integer NOT NULL, the contract says integer",
        ),
        (
            changed("transaction_type", enum=["SALE", "PURCHASE", "GIFT"]),
            "transaction.transaction_type is TransactionType of SALE, PURCHASE, GIFT NOT NULL, "
            "the contract says TransactionType of SALE, PURCHASE NOT NULL",
        ),
        (
            FITTING[:-1],
            "transaction.last_updated is missing, the contract says timestamp(3) without time zone NOT NULL",
        ),
        (
            [*FITTING, {"name": "colour", "type": "text", "required": False}],
            "transaction.colour is text, the contract says nothing of it",
        ),
    ],
)
def test_each_difference_is_told_from_both_sides(schema: list[dict[str, Any]], says: str) -> None:
    assert [str(difference) for difference in source_differences(TRANSACTION, schema)] == [says]


def test_what_is_registered_is_compared_by_hive_type() -> None:
    columns = [{"Name": column.name, "Type": hive_type(column.type)} for column in TRANSACTION.columns]
    assert registered_differences(TRANSACTION, [*columns, {"Name": "_op", "Type": "string"}]) == []
    broken = [{"Name": "transaction_id", "Type": "bigint"}, *columns[2:]]
    assert sentence(registered_differences(TRANSACTION, broken), "the registered table") == (
        "the registered table: transaction.transaction_id is bigint, the contract says int; "
        "transaction.transaction_type is not registered, the contract says string; "
        "change the source back, or the contract, and run the job again"
    )
