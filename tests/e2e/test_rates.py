"""Exchange rates by the deployed workflow: from the providers on this machine to each sale and purchase in pounds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.e2e.pipeline import Pipeline, running
from tests.integration.star.samples import OPEN_SOCKETS
from totelake.contracts import load_contracts
from totelake.stack.rates_host import rate

pytestmark = [pytest.mark.e2e, OPEN_SOCKETS]
WHOLE_CATALOG = True
RATES, JOB = "rates", "totelake-ingest-rates"
START = date(2024, 3, 2)
SHOWN = "currency_code, created_date, amount, rate_date, rate, rate_age_days, amount_gbp"
VIEWS = {"sales_order_gbp": "sales_order", "purchase_order_gbp": "purchase_order"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The orders of totesys in lake and warehouse, no rate yet."""
    with running(tmp_path_factory.mktemp("rates")) as found:
        found.command("seed", "--orders", "200")
        found.command("deploy")
        found.command("run", "--source", SOURCE, "--wait")
        yield found


def shown(pipeline: Pipeline, view: str) -> list[tuple[Any, ...]]:
    """The rows of a view in the warehouse."""
    return pipeline.warehouse(f"SELECT {SHOWN} FROM {view}")


def texts(rows: Iterable[Iterable[Any]]) -> Counter[tuple[str, ...]]:
    """Rows as texts, as JSON has some values."""
    return Counter(tuple(map(str, row)) for row in rows)


def expected(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the view is to say of an order in some currency, once the rates of all days are there."""
    code, day, amount, *_ = row
    if code == "GBP":
        return (code, day, amount, day, Decimal(1), 0, amount)
    if day < START:
        return (code, day, amount, None, None, None, None)
    known = Decimal(str(rate(code, "GBP", day)))
    return (code, day, amount, day, known, 0, (amount * known).quantize(Decimal("0.01"), ROUND_HALF_UP))


def test_before_there_are_rates_every_order_is_shown_without_one(pipeline: Pipeline) -> None:
    for view, table in VIEWS.items():
        rows = shown(pipeline, view)
        assert len(rows) == pipeline.source(f"SELECT count(*) FROM {table}")[0][0]
        assert {row[0] for row in rows if row[-1] is None} == {"EUR", "USD"}
    status, _, words = pipeline.attempt("query", "SELECT * FROM sales_order_gbp")
    assert status == 1 and "the lake has no totelake_processed.sales_order_gbp" in words


def test_rates_reach_the_warehouse_and_every_order_has_its_amount_in_pounds(pipeline: Pipeline) -> None:
    first = pipeline.job(JOB)
    assert first["JobRunState"] == "SUCCEEDED", first
    for _ in range(2):
        pipeline.job(JOB)
    report = pipeline.command("run", "--source", RATES, "--wait")
    assert "FAILED" not in str(report), report
    today, table = datetime.now(timezone.utc).date(), load_contracts().star("fact_exchange_rate")
    days = [START + timedelta(days=number) for number in range((today - START).days)]
    wanted = {(day, base): Decimal(str(rate(base, "GBP", day))) for day in days for base in ("EUR", "USD")}
    rows = pipeline.warehouse("SELECT rate_date, base, quote, provider, rate FROM current_exchange_rate")
    assert {row[2:4] for row in rows} == {("GBP", "fawazahmed0")}
    assert {row[:2]: row[4] for row in rows if row[0] < today} == wanted
    assert len(rows) == len({row[:2] for row in rows})
    assert pipeline.loaded(table) == pipeline.in_lake(table)
    for view in VIEWS:
        loaded = shown(pipeline, view)
        assert Counter(loaded) == Counter(map(expected, loaded))
        assert {row[0] for row in loaded} == {"EUR", "GBP", "USD"}
        asked = pipeline.command("query", f"SELECT {SHOWN} FROM {view}")
        assert Counter(tuple(map(str, row.values())) for row in asked) == Counter(
            tuple(map(str, row)) for row in loaded
        )


def test_what_is_there_is_not_taken_again(pipeline: Pipeline) -> None:
    before = pipeline.warehouse("SELECT count(*) FROM fact_exchange_rate WHERE rate_date < current_date - 1")
    assert pipeline.command("run", "--source", RATES, "--wait")
    assert pipeline.warehouse("SELECT count(*) FROM fact_exchange_rate WHERE rate_date < current_date - 1") == before
    refreshes = pipeline.glue.get_workflow_runs(Name="totelake-refresh-rates")["Runs"]
    assert pipeline.job("totelake-watch-rates")["JobRunState"] == "SUCCEEDED"
    assert len(pipeline.glue.get_workflow_runs(Name="totelake-refresh-rates")["Runs"]) == len(refreshes)
    status, out, words = pipeline.attempt("source", "check", RATES)
    assert status == 0 and "fawazahmed0 since 2024-03-02" in out, words


def test_sales_against_targets_are_the_same_in_the_lake_and_in_the_warehouse(pipeline: Pipeline) -> None:
    ((month,),) = pipeline.source("SELECT date_trunc('month', max(created_at))::date::text FROM sales_order")
    departments = [name for (name,) in pipeline.source("SELECT department_name FROM department")]
    records = [{"month": month, "department": name, "currency": "GBP", "amount": "10.00"} for name in departments]
    pipeline.s3.put_object(Bucket="totelake-targets", Key="sales_target/a.json", Body=json.dumps(records).encode())
    assert pipeline.command("run", "--source", "targets", "--wait")
    asked = [
        pipeline.command("query", "--name", "sales_against_target", "--on", where) for where in ("lake", "warehouse")
    ]
    in_lake, in_warehouse = ([row.values() for row in rows] for rows in asked)
    assert texts(in_lake) == texts(in_warehouse) and len(in_lake) == len(records)
    assert any(Decimal(row["revenue"]) > 0 for row in asked[0])
