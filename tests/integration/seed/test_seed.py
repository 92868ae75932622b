"""totesys as it is created: its schema by PostgreSQL's own catalogues, its content, and business that goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from totelake import seed
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError, SourceError
from totelake.seed import generated
from totelake.seed.history import parts
from totelake.stack.processes import free_port

pytestmark = pytest.mark.integration


class Database:
    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def counts(self) -> dict[str, int]:
        return {
            table.name: self.rows(f"SELECT count(*) FROM {table.name}")[0][0]
            for table in load_contracts().source_tables("totesys")
        }


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    found = Database(postgres.new_database())
    yield found
    found.connection.close()


def test_columns_are_those_of_the_real_source(database: Database) -> None:
    seed.create_schema(database.dsn)
    found = database.rows(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute "
        "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attrelid = 'sales_order'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert found == [
        ("sales_order_id", "integer", True, "nextval('sales_order_sales_order_id_seq'::regclass)"),
        ("created_at", "timestamp(3) without time zone", True, "CURRENT_TIMESTAMP"),
        ("last_updated", "timestamp(3) without time zone", True, None),
        ("design_id", "integer", True, None),
        ("staff_id", "integer", True, None),
        ("counterparty_id", "integer", True, None),
        ("units_sold", "integer", True, None),
        ("unit_price", "numeric(10,2)", True, None),
        ("currency_id", "integer", True, None),
        ("agreed_delivery_date", "text", True, None),
        ("agreed_payment_date", "text", True, None),
        ("agreed_delivery_location_id", "integer", True, None),
    ]


_CONSTRAINTS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE contype = '{}' AND connamespace = 'public'::regnamespace ORDER BY 1, 2"""
_INDEXES = """
SELECT count(*) FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'public'::regnamespace"""


def test_constraints_are_those_of_the_real_source(database: Database) -> None:
    seed.create_schema(database.dsn)
    foreign = database.rows(_CONSTRAINTS.format("f"))
    assert len(foreign) == 17
    restricted = [text for _, text in foreign if text.endswith("ON UPDATE CASCADE ON DELETE RESTRICT")]
    emptied = [(table, text) for table, text in foreign if text.endswith("ON UPDATE CASCADE ON DELETE SET NULL")]
    assert len(restricted) == 15
    assert [table for table, _ in emptied] == ["transaction", "transaction"]
    assert database.rows(_CONSTRAINTS.format("u")) == [
        ("payment", "UNIQUE (transaction_id)"),
        ("transaction", "UNIQUE (purchase_order_id)"),
        ("transaction", "UNIQUE (sales_order_id)"),
    ]
    assert database.rows(_INDEXES) == [(11 + 3,)]


def test_generated_rows_have_the_same_constraints_and_statistics(database: Database) -> None:
    seed.create_schema(database.dsn)
    wanted = [database.rows(_CONSTRAINTS.format(kind)) for kind in "pfu"]
    counts = seed.seed_generated(database.dsn, orders=200, seed=2)
    assert [database.rows(_CONSTRAINTS.format(kind)) for kind in "pfu"] == wanted
    assert database.rows(_INDEXES) == [(11 + 3,)]
    assert counts == database.counts()
    analysed = "SELECT relname, reltuples FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    assert dict(database.rows(analysed)) == counts


def test_a_seed_that_fails_leaves_what_was_there(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = seed.seed_generated(database.dsn, orders=20, seed=2)

    def breaking(*given: Any) -> Iterator[Any]:
        yield from list(parts(*given))[:9]
        raise KeyboardInterrupt

    monkeypatch.setattr(generated, "parts", breaking)
    with pytest.raises(KeyboardInterrupt):
        seed.seed_generated(database.dsn, orders=30, seed=3)
    assert database.counts() == before


def test_the_real_snapshot_is_loaded_whole(database: Database, real_snapshot: Path) -> None:
    counts = seed.seed_from_csv(database.dsn, real_snapshot)
    assert counts == database.counts()
    assert (counts["sales_order"], counts["purchase_order"], counts["payment"], counts["design"]) == (
        9845, 4114, 13959, 424,
    )  # fmt: skip
    assert database.rows("SELECT nextval('sales_order_sales_order_id_seq')") == [(9846,)]


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    """A small history as CSV files."""
    seed.seed_generated(database.dsn, orders=5, seed=1, until=datetime(2024, 8, 22, 12))
    for table in load_contracts().source_tables("totesys"):
        with (tmp_path / f"{table.name}.csv").open("wb") as file, database.connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {table.name} TO STDOUT WITH (FORMAT csv, HEADER, NULL '')", file)
    return tmp_path


def test_files_come_back_as_they_went(database: Database, folder: Path) -> None:
    before = database.rows("SELECT * FROM address ORDER BY 1")
    assert seed.seed_from_csv(database.dsn, folder) == database.counts()
    assert database.rows("SELECT * FROM address ORDER BY 1") == before


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.unlink(), "payment.csv is not there"),
        (lambda path: path.write_text("payment_id,colour\n1,red\n"), "payment.csv line 1: the header lacks company_ac"),
        (lambda path: path.write_text(path.read_text().replace(",f,", ",maybe,", 1)), "payment.csv line "),
    ],
)
def test_a_file_that_does_not_fit_is_named_and_nothing_is_lost(
    database: Database, folder: Path, damage: Any, says: str
) -> None:
    before = database.counts()
    with pytest.raises(ConfigurationError, match=says):
        damage(folder / "payment.csv")
        seed.seed_from_csv(database.dsn, folder)
    assert database.counts() == before


def test_a_folder_that_is_none_is_named(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.touch()
    for path in (tmp_path / "nowhere", file):
        with pytest.raises(ConfigurationError, match=f"^{path} is not a folder; name the one with a CSV file"):
            seed.seed_from_csv(database.dsn, path)
    with pytest.raises(ConfigurationError, match="needs one CSV file for each of the 11 tables"):
        seed.seed_from_csv(database.dsn, tmp_path)


def test_a_database_that_is_not_there_is_told() -> None:
    dsn = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    for call in (seed.create_schema, seed.simulate):
        with pytest.raises(SourceError, match="totesys cannot be reached"):
            call(dsn)


def test_business_without_a_source_is_told(database: Database) -> None:
    with pytest.raises(SourceError, match="^totesys is empty or lacks a table; run `totelake seed`, which creates it"):
        seed.simulate(database.dsn)
    seed.create_schema(database.dsn)
    with pytest.raises(SourceError, match="totesys has no orders"):
        seed.simulate(database.dsn)


def test_business_goes_on_as_it_says(database: Database) -> None:
    before = seed.seed_generated(database.dsn, orders=60, seed=3, until=datetime(2024, 8, 22, 12))
    done = seed.simulate(database.dsn, days=3, rate=1.5, seed=5, bad_dates=2)
    after = database.counts()
    assert min(asdict(done)[kind] for kind in ("sales_orders", "purchase_orders", "silent_edits", "edits")) >= 3
    grown = after["sales_order"] + after["purchase_order"] - before["sales_order"] - before["purchase_order"]
    assert grown == done.sales_orders + done.purchase_orders + done.late_commits - done.deletions
    transactions = done.sales_orders + done.purchase_orders + done.late_commits + done.refunds
    assert after["transaction"] - before["transaction"] == transactions
    assert after["payment"] == after["transaction"]
    assert after["staff"] - before["staff"] == done.new_parties
    bad = "SELECT count(*) FROM sales_order WHERE agreed_delivery_date = '2024-02-30'"
    assert 1 <= database.rows(bad)[0][0] <= 2
    edited = database.rows("SELECT count(*) FROM sales_order WHERE last_updated > created_at")[0][0]
    assert 1 <= edited <= done.edits


def test_one_order_and_one_silent_edit(database: Database) -> None:
    seed.seed_generated(database.dsn, orders=30, seed=3)
    key = seed.new_order(database.dsn)
    assert database.rows(f"SELECT count(*) FROM transaction WHERE sales_order_id = {key}") == [(1,)]
    before = {row[0]: row for row in database.rows("SELECT * FROM sales_order")}
    table, edited = seed.silent_edit(database.dsn)
    changed = [row for row in database.rows("SELECT * FROM sales_order") if row != before[row[0]]]
    assert table == "sales_order" and [row[0] for row in changed] == [edited]
    assert changed[0][2] == before[edited][2]


def test_a_new_seed_takes_the_place_of_the_old_one(database: Database, tmp_path: Path) -> None:
    first = seed.seed_generated(database.dsn, orders=30, seed=3)
    assert seed.seed_generated(database.dsn, orders=10, seed=4) == database.counts() != first
    shutil.rmtree(tmp_path)
