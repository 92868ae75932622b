"""How a schema differs from its contract: both sides of every column, in words."""

from __future__ import annotations

from totelake.contracts import catalog
from totelake.contracts.types import hive_type
from totelake.registry.drift import registered_differences, sentence

TRANSACTION = catalog().table("transaction")


def test_what_is_registered_is_compared_by_hive_type() -> None:
    columns = [{"Name": column.name, "Type": hive_type(column.type)} for column in TRANSACTION.columns]
    assert registered_differences(TRANSACTION, [*columns, {"Name": "_op", "Type": "string"}]) == []
    broken = [{"Name": "transaction_id", "Type": "bigint"}, *columns[2:]]
    assert sentence(registered_differences(TRANSACTION, broken), "the registered table") == (
        "the registered table: transaction.transaction_id is bigint, the contract says int; "
        "transaction.transaction_type is not registered, the contract says string; "
        "change the source back, or the contract, and run the job again"
    )
