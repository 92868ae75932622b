"""Every table of the star schemas by its builder: contract order, exact types, values from the right columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from chispa import assert_df_equality
from chispa.schema_comparer import assert_schema_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import _parse_datatype_string

from tests.integration.star.samples import NOON, SPARK, captured_at, events, row
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.errors import SchemaMismatchError
from totelake.lake.records.star_commit import StarCommit, Years
from totelake.lake.records.verdict import AcceptedObject, JudgedBatch
from totelake.ports.memory import MemoryStore
from totelake.star.build import Builder, Built
from totelake.star.events import contract_columns
from totelake.star.plan import Unit

pytestmark = SPARK
METADATA = "_op string, _batch bigint, _captured_at timestamp"
FACT_TIMES = "created_date date, created_time string, last_updated_date date, last_updated_time string"
CHANGED_AT = datetime(2024, 9, 1, 0, 0, 0, 7000)
TIMES = (date(2024, 8, 5), "14:30:15.123", date(2024, 9, 1), "00:00:00.007")
ADDRESS_NAMES = ("address_line_1", "address_line_2", "district", "city", "postal_code", "country", "phone")

# table: its columns with their types, events of its inputs that a first unit finds, the row that they become
TABLES: Mapping[str, tuple[str, Mapping[str, Any], tuple[Any, ...]]] = {
    "dim_counterparty": (
        "counterparty_id int, counterparty_legal_name string, counterparty_legal_address_line_1 string, "
        "counterparty_legal_address_line_2 string, counterparty_legal_district string, "
        "counterparty_legal_city string, counterparty_legal_postal_code string, "
        "counterparty_legal_country string, counterparty_legal_phone_number string",
        {"counterparty": row("counterparty", 3, legal_address_id=8), "address": row("address", 8)},
        (3, "counterparty_legal_name", *ADDRESS_NAMES),
    ),
    "dim_currency": (
        "currency_id int, currency_code string, currency_name string",
        {"currency": row("currency", 3)},
        (3, "GBP", "Pound Sterling"),
    ),
    "dim_design": (
        "design_id int, design_name string, file_location string, file_name string",
        {"design": row("design", 3)},
        (3, "design_name", "file_location", "file_name"),
    ),
    "dim_location": (
        "location_id int, address_line_1 string, address_line_2 string, district string, city string, "
        "postal_code string, country string, phone string",
        {"address": row("address", 3)},
        (3, *ADDRESS_NAMES),
    ),
    "dim_payment_type": (
        "payment_type_id int, payment_type_name string",
        {"payment_type": row("payment_type", 3, payment_type_name="SALES_REFUND")},
        (3, "SALES_REFUND"),
    ),
    "dim_staff": (
        "staff_id int, first_name string, last_name string, department_name string, location string, "
        "email_address string",
        {"staff": row("staff", 3, department_id=8), "department": row("department", 8)},
        (3, "first_name", "last_name", "department_name", "location", "email_address"),
    ),
    "dim_transaction": (
        "transaction_id int, transaction_type string, sales_order_id int, purchase_order_id int",
        {"transaction": row("transaction", 3, sales_order_id=None, purchase_order_id=9, transaction_type="PURCHASE")},
        (3, "PURCHASE", None, 9),
    ),
    "fact_payment": (
        f"payment_id int, {FACT_TIMES}, transaction_id int, counterparty_id int, payment_amount decimal(10,2), "
        "currency_id int, payment_type_id int, paid boolean, payment_date date",
        {"payment": row("payment", 3, last_updated=CHANGED_AT, transaction_id=4, counterparty_id=5, currency_id=6,
                        payment_type_id=7, paid=False, payment_amount=Decimal("99999999.99"))},
        (3, *TIMES, 4, 5, Decimal("99999999.99"), 6, 7, False, date(2024, 8, 6)),
    ),
    "fact_purchase_orders": (
        f"purchase_order_id int, {FACT_TIMES}, staff_id int, counterparty_id int, item_code string, "
        "item_quantity int, item_unit_price decimal(10,2), currency_id int, agreed_delivery_date date, "
        "agreed_payment_date date, agreed_delivery_location_id int",
        {"purchase_order": row("purchase_order", 3, last_updated=CHANGED_AT, staff_id=4, counterparty_id=5,
                               item_quantity=6, item_unit_price=Decimal("0.01"), currency_id=7,
                               agreed_delivery_date="2024-09-09", agreed_delivery_location_id=8)},
        (3, *TIMES, 4, 5, "item_code", 6, Decimal("0.01"), 7, date(2024, 9, 9), date(2024, 8, 6), 8),
    ),
    "fact_sales_order": (
        f"sales_order_id int, {FACT_TIMES}, sales_staff_id int, counterparty_id int, units_sold int, "
        "unit_price decimal(10,2), currency_id int, design_id int, agreed_payment_date date, "
        "agreed_delivery_date date, agreed_delivery_location_id int",
        {"sales_order": row("sales_order", 3, last_updated=CHANGED_AT, design_id=4, staff_id=5, counterparty_id=6,
                            units_sold=7, unit_price=Decimal("-3.50"), currency_id=8,
                            agreed_delivery_date="2024-09-09", agreed_delivery_location_id=9)},
        (3, *TIMES, 5, 6, 7, Decimal("-3.50"), 8, 4, date(2024, 8, 6), date(2024, 9, 9), 9),
    ),
}  # fmt: skip


class GivenEvents:
    """An EventReader of events that a test made, with the keys of the objects that were asked for."""

    def __init__(self, frames: Mapping[str, DataFrame]) -> None:
        self.frames = frames
        self.asked: list[str] = []

    def read(self, table: Table, objects: Iterable[AcceptedObject]) -> DataFrame:
        self.asked += [item.key for item in objects]
        return self.frames[table.name]

    def quarantined(self, table: Table, objects: Iterable[AcceptedObject]) -> list[DataFrame]:
        return []


def built(
    spark: SparkSession, table: str, batches: Mapping[str, Mapping[int, list[Any]]], years: Years | None = None
) -> Built:
    """What the builder makes of a unit with these events of source tables, behind a commit that covers these years."""
    reader = GivenEvents({name: events(spark, name, given) for name, given in batches.items()})
    numbers = sorted({number for given in batches.values() for number in given})
    accepted = tuple(
        JudgedBatch(
            number,
            f"{captured_at(number).isoformat()}+00:00",
            number,
            {
                name: AcceptedObject(f"{name}-{number}", len(given[number]), 0, 0, 0, "f")
                for name, given in batches.items()
                if number in given
            },
        )
        for number in numbers
    )
    star = load_contracts().star(table)
    before = StarCommit(star.name, star.source, through=numbers[0] - 1, years=years)
    unit = Unit(star, before, numbers[-1], accepted)
    found = Builder(spark, reader, MemoryStore("processed")).build(unit)  # type: ignore[arg-type]
    assert sorted(reader.asked) == sorted(f"{name}-{number}" for name, given in batches.items() for number in given)
    return found


def test_all_tables_but_the_calendar_are_tested_here() -> None:
    assert sorted([*TABLES, "dim_date"]) == sorted(table.name for table in load_contracts().star_tables())


@pytest.mark.parametrize("table", TABLES)
def test_a_row_has_the_contracts_columns_with_exact_types_and_values(spark: SparkSession, table: str) -> None:
    columns, inputs, values = TABLES[table]
    source = load_contracts().find(table).driving
    assert source is not None
    batches = {name: {1: [item]} for name, item in inputs.items()}
    batches[source][2] = [row(source, 3, "D")]
    partition = table.startswith("fact_")
    metadata = METADATA + (", created_month string" if partition else "")
    gone = (3, *[None] * (len(values) - 1), "D", 2, captured_at(2), *(["deleted"] if partition else []))
    alive = (*values, "I", 1, captured_at(1), *(["2024-08"] if partition else []))
    expected = spark.createDataFrame([alive, gone], f"{columns}, {metadata}")
    rows = built(spark, table, batches).rows
    assert rows is not None
    assert_df_equality(rows, expected, ignore_nullable=True, ignore_row_order=True)


def test_the_calendar_covers_the_years_around_all_facts_of_the_unit(spark: SparkSession) -> None:
    batches = {
        "payment": {3: [row("payment", 1, payment_date="2026-01-01")]},
        "purchase_order": {4: [row("purchase_order", 1, agreed_payment_date="2023-12-31")]},
    }
    found = built(spark, "dim_date", batches)
    assert found.rows is not None
    expected = (
        "date_id date, year int, month int, day int, day_of_week int, day_name string, month_name string, quarter int"
    )
    assert_schema_equality(found.rows.schema, _parse_datatype_string(f"{expected}, {METADATA}"), ignore_nullable=True)
    days = found.rows.collect()
    assert (days[0].date_id, days[-1].date_id, len(days)) == (date(2022, 1, 1), date(2027, 12, 31), 365 * 6 + 1)
    assert {(day["_op"], day["_batch"], day["_captured_at"]) for day in days} == {("I", 3, captured_at(3))}
    assert found.years == (2022, 2027)


@pytest.mark.parametrize(
    ("item", "days", "years"),
    [
        (row("payment", 1), None, (2023, 2025)),
        (row("payment", 1, payment_date="2026-05-05"), 365 * 2, (2023, 2027)),
        (row("payment", 1, "D"), None, (2023, 2025)),
    ],
    ids=["covered already", "two years more", "a deletion"],
)
def test_only_years_that_are_not_there_yet_are_added_to_the_calendar(
    spark: SparkSession, item: dict[str, Any], days: int | None, years: Years
) -> None:
    found = built(spark, "dim_date", {"payment": {2: [item]}}, (2023, 2025))
    assert (found.rows and found.rows.count(), found.years) == (days, years)


def test_deletions_before_any_date_leave_the_calendar_empty(spark: SparkSession) -> None:
    found = built(spark, "dim_date", {"payment": {1: [row("payment", 1, "D")]}})
    assert (found.rows, found.years) == (None, None)


def test_an_edited_address_is_a_row_of_dim_location_and_of_dim_counterparty(spark: SparkSession) -> None:
    edited = row("address", 8, "U", city="Hull")
    location = built(spark, "dim_location", {"address": {1: [row("address", 8)], 2: [edited]}}).rows
    partner = built(
        spark,
        "dim_counterparty",
        {
            "counterparty": {1: [row("counterparty", 3, legal_address_id=8), row("counterparty", 4)]},
            "address": {1: [row("address", 8), row("address", 1)], 2: [edited]},
        },
    ).rows
    assert location is not None and partner is not None
    changed = location.where("_batch = 2").select("location_id", "city", "_op").collect()
    assert [tuple(item) for item in changed] == [(8, "Hull", "U")]
    changed = partner.where("_batch = 2").select("counterparty_id", "counterparty_legal_city", "_op").collect()
    assert [tuple(item) for item in changed] == [(3, "Hull", "U")]


def test_a_joined_dimension_keeps_the_newest_rows_of_the_inputs_that_have_events(spark: SparkSession) -> None:
    batches = {
        "staff": {1: [row("staff", 1), row("staff", 2)], 2: [row("staff", 1, "U"), row("staff", 2, "D")]},
        "department": {1: [row("department", 1)], 2: [row("department", 1, "D")]},
    }
    found = built(spark, "dim_staff", batches)
    newest = {name: sorted((item[0], item["_op"], item["_batch"]) for item in frame.collect())
              for name, frame in found.keep.items()}  # fmt: skip
    assert newest == {"staff": [(1, "U", 2), (2, "D", 2)], "department": [(1, "I", 1)]}
    assert found.inputs == {}


def test_events_are_cast_to_the_contract_and_further_columns_are_left_out(spark: SparkSession) -> None:
    moment = "timestamp(3) without time zone"
    found = {"more": "text", "last_updated": moment, "currency_code": "text", "currency_id": "bigint"}
    found["created_at"] = moment
    given = spark.createDataFrame(
        [("x", CHANGED_AT, "GBP", 5, NOON)], ", ".join(f"{name} {spark_type(kind)}" for name, kind in found.items())
    )
    expected = spark.createDataFrame(
        [(5, "GBP", NOON, CHANGED_AT)],
        "currency_id int, currency_code string, created_at timestamp, last_updated timestamp",
    )
    selected = given.select(*contract_columns(load_contracts().find("currency"), found))
    assert_df_equality(selected, expected, ignore_nullable=True)


def test_an_optional_column_that_a_schema_lacks_is_null_and_a_required_one_is_an_error(spark: SparkSession) -> None:
    contract = load_contracts().find("department")
    found = dict.fromkeys(contract.column_names, "text")
    del found["manager"]
    frame = spark.createDataFrame([], ", ".join(f"{name} string" for name in found))
    assert frame.select(*contract_columns(contract, found)).columns == list(contract.column_names)
    del found["department_name"]
    with pytest.raises(SchemaMismatchError) as failure:
        contract_columns(contract, found)
    assert str(failure.value) == (
        "events of department have no column department_name, which its contract requires; "
        "correct the contract or the source"
    )
