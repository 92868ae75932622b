"""Builds of dimensions and facts on real S3, Data Catalog and Spark: what is committed, registered and published."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from tests.conftest import SOURCE
from tests.integration.star.conftest import Lake
from tests.integration.star.samples import SPARK, row
from totelake.contracts import load_contracts

pytestmark = SPARK
FACTS = [table.name for table in load_contracts().facts()]
DIMENSIONS = [table.name for table in load_contracts().dimensions()]
PARTITION = "created_month"


def numbers(lake: Lake, table: str) -> list[tuple[int, list[int]]]:
    """A table's commits and the batches of each."""
    return [(commit.number, sorted(commit.batches)) for commit in lake.commits(table)]


def keys(lake: Lake, table: str) -> list[tuple[int, str, int]]:
    """Key, operation and batch of every row."""
    return [(item[0], *item[-2:]) for item in lake.rows(table)]


def quarantined(lake: Lake, name: str) -> list[tuple[object, ...]]:
    """The quarantined rows that a star table's log names: key, rule, column, value and batch."""
    return [
        (found["source_key"], found["rule"], found["column_name"], found["value"], found["_batch"])
        for commit in lake.commits(name)
        for item in commit.quarantine
        for found in lake.parquet(item.key).to_pylist()
    ]


def test_a_first_build_brings_every_table_and_its_views(lake: Lake) -> None:
    first = {table.name: [row(table.name, 1)] for table in load_contracts().source_tables(SOURCE)}
    lake.accept((1, first))
    lake.build("build_dimensions")
    lake.build("build_facts")
    for name in [*DIMENSIONS, *FACTS]:
        [commit] = lake.commits(name)
        assert (commit.number, commit.source, commit.through, commit.verdict) == (1, SOURCE, 1, 1)
        assert commit.commit.rows == lake.table(name).num_rows == (1 if name != "dim_date" else 365 * 3 + 1)
    assert [lake.view(name) for name in [*DIMENSIONS, *FACTS]] == ["1"] * 11
    assert [lake.view(f"{kind}_payment") for kind in ("current", "history")] == ["1", "1"]
    assert lake.rows("dim_staff") == [
        (1, "first_name", "last_name", "department_name", "location", "email_address", "I", 1)
    ]
    assert lake.rows("dim_currency") == [(1, "GBP", "Pound Sterling", "I", 1)]
    fact = lake.table("fact_payment").to_pylist()[0]
    assert (fact["created_time"], fact["payment_amount"], fact["paid"]) == ("14:30:15.123", Decimal("12.30"), True)


def test_later_batches_add_versions_and_carry_the_joined_inputs_and_years_on(lake: Lake) -> None:
    first = {"staff": [row("staff", 1), row("staff", 2)], "department": [row("department", 1, department_name="Old")]}
    lake.accept((1, {**first, "payment": [row("payment", 5)]}))
    lake.build("build_dimensions")
    lake.accept((2, {"payment": [row("payment", 6, "I", payment_date="2026-02-02")], "design": [row("design", 1)]}))
    lake.build("build_dimensions")
    lake.accept(
        (3, {"department": [row("department", 1, "U", department_name="New")], "staff": [row("staff", 2, "D")]})
    )
    lake.build("build_dimensions")
    assert [(item[0], item[3], *item[-2:]) for item in lake.rows("dim_staff")] == [
        (1, "Old", "I", 1), (2, "Old", "I", 1), (1, "New", "U", 3), (2, None, "D", 3),
    ]  # fmt: skip
    assert numbers(lake, "dim_staff") == [(1, [1]), (2, [2]), (3, [3])]
    years = lake.table("dim_date").column("year").to_pylist()
    assert {year: years.count(year) for year in years} == {
        year: 366 if year == 2024 else 365 for year in range(2023, 2028)
    }
    assert lake.commits("dim_date")[-1].years == (2023, 2027)
    assert (lake.view("dim_staff"), lake.view("dim_design"), lake.view("dim_date")) == ("3", "2", "2")


def test_nothing_pending_commits_nothing(lake: Lake) -> None:
    lake.build("build_facts")
    assert lake.keys() == []
    lake.accept((1, {"payment": [row("payment", 1)]}))
    lake.build("build_facts")
    before = lake.keys()
    lake.build("build_facts")
    assert lake.keys() == before


def test_batches_that_were_missed_are_one_unit(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 1), row("payment", 2)]}))
    lake.accept((2, {"payment": [row("payment", 1, "U"), row("payment", 2, "D")]}), (4, {"staff": [row("staff", 1)]}))
    lake.build("build_facts")
    assert [numbers(lake, name) for name in FACTS] == [[(1, [1, 2, 4])]] * 3
    assert keys(lake, "fact_payment") == [(1, "I", 1), (2, "I", 1), (1, "U", 2), (2, "D", 2)]
    [commit] = lake.commits("fact_payment")
    counts = {batch: (item.rows, item.deletions) for batch, item in commit.batches.items()}
    assert counts == {1: (2, 0), 2: (1, 1), 4: (0, 0)}
    written = commit.commit
    assert (written.rows, written.inserts, written.updates, written.deletes) == (4, 2, 1, 1)


def test_a_row_limit_cuts_all_tables_alike_and_later_runs_take_the_rest(lake: Lake) -> None:
    payments = [row("payment", key) for key in (1, 2)]
    lake.accept((1, {"payment": payments}), (2, {"sales_order": [row("sales_order", 1)], "payment": payments[:1]}))
    lake.accept((3, {"payment": [row("payment", 3)]}))
    for units in ([(1, [1])], [(1, [1]), (2, [2])], [(1, [1]), (2, [2]), (3, [3])]):
        lake.build("build_facts", row_limit=2)
        assert [numbers(lake, name) for name in FACTS] == [units] * 3
    assert [commit.verdict for commit in lake.commits("fact_payment")] == [0, 1, 2]
    assert keys(lake, "fact_payment") == [(1, "I", 1), (2, "I", 1), (1, "I", 2), (3, "I", 3)]
    assert keys(lake, "fact_sales_order") == [(1, "I", 2)]


def test_a_workflow_run_builds_no_further_than_the_batch_that_its_check_fixed(lake: Lake) -> None:
    name = lake.database
    lake.glue.create_workflow(Name=name)
    run = lake.glue.start_workflow_run(Name=name)["RunId"]
    lake.glue.put_workflow_run_properties(Name=name, RunId=run, RunProperties={f"totelake:build_to:{SOURCE}": "2"})
    lake.accept(*[(batch, {"payment": [row("payment", batch)]}) for batch in (1, 2, 3)])
    lake.build("build_facts", WORKFLOW_NAME=name, WORKFLOW_RUN_ID=run)
    assert [numbers(lake, fact) for fact in FACTS] == [[(1, [1, 2])]] * 3
    assert lake.view("fact_payment") == "2"
    lake.build("build_facts")
    assert keys(lake, "fact_payment") == [(1, "I", 1), (2, "I", 2), (3, "I", 3)]


def test_a_fact_lies_in_the_months_of_its_rows_and_deletions_in_a_partition_of_their_own(lake: Lake) -> None:
    months = [datetime(2024, 9, 30, 23, 59, 59), datetime(2024, 10, 1), datetime(2024, 10, 31)]
    created = [row("payment", key, created_at=at) for key, at in enumerate(months)]
    lake.accept((1, {"payment": [*created, row("payment", 9, "D")]}))
    lake.build("build_facts")
    lake.accept((2, {"payment": [row("payment", 0, "D"), row("payment", 1, "U", created_at=months[1])]}))
    lake.build("build_facts")
    root = f"s3://{lake.processed}/fact_payment/{PARTITION}="
    assert lake.partitions("fact_payment_log") == {
        value: f"{root}{value}/" for value in ("2024-09", "2024-10", "deleted")
    }
    rows = {item.partition[PARTITION]: item.rows for item in lake.commits("fact_payment")[0].objects}
    assert rows == {"2024-09": 1, "2024-10": 2, "deleted": 1}
    assert sorted(lake.keys("fact_payment/")) == sorted(
        f"fact_payment/{PARTITION}={value}/{number:012}-{index}.parquet"
        for value, number, index in [
            ("2024-09", 1, 0), ("2024-10", 1, 1), ("deleted", 1, 2), ("2024-10", 2, 0), ("deleted", 2, 1),
        ]
    )  # fmt: skip


def test_objects_of_different_schemas_become_one_unit_of_the_contracts_types(lake: Lake) -> None:
    lake.accept((1, {"counterparty": [row("counterparty", 1)], "address": [row("address", 1)]}))
    wide = {"counterparty_id": "bigint", "legal_address_id": "bigint", "commercial_contact": "absent"}
    lake.accept((2, {"counterparty": [row("counterparty", 2)]}), types=wide)
    lake.accept((3, {"payment": [row("payment", 1, payment_amount=7)]}), types={"payment_amount": "numeric(4,0)"})
    lake.accept((4, {"payment": [row("payment", 2)]}))
    lake.build("build_dimensions")
    lake.build("build_facts")
    partners = lake.table("dim_counterparty")
    assert partners.column("counterparty_id").to_pylist() == [1, 2]
    assert str(partners.schema.field("counterparty_id").type) == "int32"
    amounts = lake.table("fact_payment").column("payment_amount")
    assert (str(amounts.type), amounts.to_pylist()) == ("decimal128(10, 2)", [Decimal("7.00"), Decimal("12.30")])


def test_a_row_that_does_not_fit_is_quarantined_and_all_others_arrive(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 2, payment_date="2024-02-30")]}))
    lake.accept(
        (2, {"payment": [row("payment", 2, "U"), row("payment", 3, payment_date="n/a"), row("payment", 4, "D")]})
    )
    lake.build("build_facts", row_limit=1)
    assert (lake.commits("fact_payment")[0].commit.rows, lake.keys("fact_payment/"), lake.view("fact_payment")) == (
        0,
        [],
        "1",
    )
    lake.build("build_facts")
    assert keys(lake, "fact_payment") == [(2, "U", 2), (4, "D", 2)]
    assert quarantined(lake, "fact_payment") == [
        (2, "invalid_date", "payment_date", "2024-02-30", 1), (3, "invalid_date", "payment_date", "n/a", 2),
    ]  # fmt: skip
    assert [
        (batch, item.rows, item.deletions, item.quarantined)
        for commit in lake.commits("fact_payment")
        for batch, item in commit.batches.items()
    ] == [(1, 0, 0, 1), (2, 1, 1, 1)]


def test_a_schema_that_the_contract_cannot_hold_commits_nothing_and_stops_no_other_table(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 2)], "sales_order": [row("sales_order", 1)]}), types={"paid": "absent"})
    lake.build("build_facts")
    assert "events of payment have no column paid, which its contract requires" in lake.held()["fact_payment"].reason
    assert (lake.manifests("fact_payment"), lake.keys("fact_payment/")) == ([], [])
    assert keys(lake, "fact_sales_order") == [(1, "I", 1)]


def test_a_value_of_a_widened_column_that_its_contract_cannot_hold_is_quarantined(lake: Lake) -> None:
    wide = [row("payment", 1), row("payment", 2, counterparty_id=2**31)]
    lake.accept((1, {"payment": wide}), types={"counterparty_id": "bigint"})
    lake.build("build_facts")
    assert keys(lake, "fact_payment") == [(1, "I", 1)]
    assert quarantined(lake, "fact_payment") == [(2, "invalid_value", "counterparty_id", "2147483648", 1)]


def test_events_that_went_missing_commit_nothing(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 1), row("payment", 2, "D")]}))
    lake.put_events(1, "payment", [row("payment", 1)])
    lake.build("build_facts")
    said = "fact_payment to batch 1: 1 rows and 0 quarantined were built of 2 events"
    assert said in lake.held()["fact_payment"].reason
    assert (lake.manifests("fact_payment"), lake.keys("fact_payment/")) == ([], [])


def test_an_object_that_is_gone_holds_its_star_table_until_it_is_back(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 1)], "sales_order": [row("sales_order", 1)]}))
    [listed] = lake.s3.list_objects_v2(Bucket=lake.ingestion, Prefix=f"{SOURCE}/payment/")["Contents"]
    body = lake.s3.get_object(Bucket=lake.ingestion, Key=listed["Key"])["Body"].read()
    for damage in (None, b"no parquet", body[:-40]):
        lake.s3.delete_object(Bucket=lake.ingestion, Key=listed["Key"])
        if damage is not None:
            lake.s3.put_object(Bucket=lake.ingestion, Key=listed["Key"], Body=damage)
        lake.build("build_facts")
        assert (set(lake.held()), keys(lake, "fact_sales_order")) == ({"fact_payment"}, [(1, "I", 1)])
    lake.s3.put_object(Bucket=lake.ingestion, Key=listed["Key"], Body=body)
    lake.build("build_facts")
    assert (lake.held(), keys(lake, "fact_payment")) == ({}, [(1, "I", 1)])


def test_a_damaged_commit_holds_its_star_table_alone(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 1)]}))
    lake.build("build_facts")
    key = lake.manifests("fact_payment")[0].key
    body = lake.s3.get_object(Bucket=lake.processed, Key=key)["Body"].read()
    lake.s3.put_object(Bucket=lake.processed, Key=key, Body=body[:-20])
    lake.accept((2, {"payment": [row("payment", 2)], "sales_order": [row("sales_order", 1)]}))
    lake.build("build_facts")
    assert f"{key} is no readable manifest" in lake.held()["fact_payment"].reason
    assert keys(lake, "fact_sales_order") == [(1, "I", 2)]
    lake.s3.put_object(Bucket=lake.processed, Key=key, Body=body)
    lake.build("build_facts")
    assert (lake.held(), keys(lake, "fact_payment")) == ({}, [(1, "I", 1), (2, "I", 2)])


def test_a_damaged_verdict_is_no_tables_matter(lake: Lake) -> None:
    lake.accept((1, {"payment": [row("payment", 1)]}))
    lake.s3.put_object(Bucket=lake.ingestion, Key="_commits/verdicts/000000000001.json", Body=b"{")
    with pytest.raises(SystemExit, match="LakeError: .* is no readable manifest"):
        lake.build("build_facts")
    assert lake.held() == {}


def test_a_joined_row_that_could_not_be_read_stays_as_it_was_whatever_its_parent_does(lake: Lake) -> None:
    lake.accept((1, {"staff": [row("staff", 1)], "department": [row("department", 1, department_name="Old")]}))
    lake.build("build_dimensions")
    lake.accept_unreadable(2, "staff", 1)
    lake.build("build_dimensions")
    lake.accept((3, {"department": [row("department", 1, "U", department_name="New")]}))
    lake.build("build_dimensions")
    assert keys(lake, "dim_staff") == [(1, "I", 1)]
    assert [len(commit.quarantine) for commit in lake.commits("dim_staff")] == [0, 1, 0]


def test_new_days_are_of_the_first_batch_of_their_unit(lake: Lake) -> None:
    """So that a load which ends inside the unit has them."""
    late = row("payment", 6, payment_date="2026-02-02")
    lake.accept((1, {"payment": [row("payment", 5)]}), (2, {"design": [row("design", 1)]}), (3, {"payment": [late]}))
    lake.build("build_dimensions")
    assert set(lake.table("dim_date").column("_batch").to_pylist()) == {1}
