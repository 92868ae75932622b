"""The queries of catalog/queries give the same rows in the warehouse and in the lake."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg2

from tests.conftest import SOURCE
from tests.e2e import lake
from tests.faults.world import World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.contracts.conversions import RATES
from totelake.contracts.dashboards import dashboards_of
from totelake.contracts.documents import documents
from totelake.contracts.queries import LAKE, WAREHOUSE, queries_of
from totelake.dashboard.answers import gather, shown
from totelake.lake.converted_views import publish_conversions
from totelake.lake.partitions import ensure_log_table
from totelake.lake.views import publish
from totelake.ports.glue import GlueCatalog
from totelake.query.cache import Cache
from totelake.query.lake import Lake
from totelake.query.warehouse import asking

pytestmark = SPARK
WHOLE_CATALOG = True
QUERIES = Path(__file__).resolve().parents[2] / "catalog" / "queries"
# by the numbers that PostgreSQL has for its types
QUICKSIGHT = {
    **dict.fromkeys((25, 1043), "STRING"),
    **dict.fromkeys((20, 21, 23), "INTEGER"),
    **dict.fromkeys((1082, 1114, 1184), "DATETIME"),
    1700: "DECIMAL",
    16: "BOOLEAN",
}
# asked where there are files of targets, in tests/e2e/test_rates.py
ELSEWHERE = ("sales_against_target",)
# the world's rows were captured today, so the query that asks for yesterday's finds none of them otherwise
TODAY = {"changed_yesterday": ("- INTERVAL '1' DAY AS", "- INTERVAL '0' DAY AS")}


def test_every_query_gives_the_same_rows_in_the_warehouse_and_in_the_lake(world: World) -> None:
    world.edit(with_dimension=True)
    world.source("UPDATE sales_order SET units_sold = units_sold + 7 WHERE sales_order_id = 1")
    assert world.settle() == {}
    with_rates(world)
    found = {}
    for path in sorted(path for path in QUERIES.glob("*.sql") if path.stem not in ELSEWHERE):
        sql = path.read_text(encoding="utf-8").replace(*TODAY.get(path.stem, ("", "")))
        warehouse = world.warehouse(sql.replace("%", "%%"))
        asked = lake.ask(world.glue, world.s3, sql, world.scratch, world.processed_database)
        assert Counter(asked) == Counter(warehouse), path.stem
        ours = Lake(world.clients, world.processed_database, Cache(world.scratch / "ours", "")).ask(sql)
        assert Counter(ours.rows) == Counter(warehouse), path.stem
        found[path.stem] = len(warehouse)
        key = f"queries/{path.name}"
        assert types(world.warehouse_dsn, sql) == list(queries_of({key: sql})[path.stem].columns), path.stem
    assert min(found.values()) > 0, found
    assert dashboard(WAREHOUSE, world) == dashboard(LAKE, world)


def dashboard(on: str, world: World) -> dict[str, Counter[tuple[str | None, ...]]]:
    """What the dashboard shows of rows since a day that is before all of them, by query."""
    board, queries = dashboards_of(documents())["business"], queries_of(documents())
    board = replace(board, tiles=tuple(tile for tile in board.tiles if tile.query not in ELSEWHERE))
    with asking(world.warehouse_dsn) as ask:
        ours = Lake(world.clients, world.processed_database, Cache(world.scratch / "ours", "")).ask
        answers = gather(board, queries, on, ask if on == WAREHOUSE else ours, date(2000, 1, 1))
    return {name: Counter(tuple(map(shown, row)) for row in answer.rows) for name, answer in answers.items()}


def test_lake_and_warehouse_show_the_same_instants_in_whole_milliseconds(world: World) -> None:
    world.source("UPDATE payment SET paid = NOT paid WHERE payment_id = 1; DELETE FROM payment WHERE payment_id = 2")
    assert world.settle() == {}
    ours = Lake(world.clients, world.processed_database, Cache(world.scratch / "ours", ""))
    for fact in load_contracts().facts(SOURCE):
        sql = f"SELECT {fact.source_key}, valid_from, valid_to, deleted_at FROM history_{fact.short_name}"
        warehouse = world.warehouse(sql)
        assert Counter(ours.ask(sql).rows) == Counter(warehouse) != Counter(), fact.name
        moments = [moment for row in warehouse for moment in row[1:] if moment is not None]
        assert all(moment.microsecond % 1000 == 0 for moment in moments), fact.name
    assert world.warehouse("SELECT count(*) FROM history_payment WHERE deleted_at = valid_to")[0][0] > 0


def with_rates(world: World) -> None:
    """Let the views in pounds be there, as after the first rates have been built: without a rate of any day."""
    contracts, catalog = load_contracts(), GlueCatalog(world.glue, world.processed_database)
    rates = contracts.star(RATES)
    ensure_log_table(catalog, rates, world.processed, frozenset())
    publish(catalog, rates, 0)
    publish_conversions(catalog, contracts, rates)


def types(dsn: str, sql: str) -> list[tuple[str, str]]:
    """The columns that PostgreSQL gives, with QuickSight's names of their types."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.description is not None
        return [(column.name, QUICKSIGHT[column.type_code]) for column in cursor.description]
