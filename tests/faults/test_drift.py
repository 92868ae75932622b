"""Every class of schema change on a real source, altered between runs: what flows, what waits, and the replay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import Postgres
from tests.faults.drifting import DriftingWorld, Mend, Release
from tests.unit.star.samples import SPARK
from totelake.capture.watch import pending_commits
from totelake.contracts import catalog
from totelake.reconcile.finding import DIFFERS
from totelake.reconcile.reconcile import reconcile
from totelake.registry import changes as classes
from totelake.registry.impact import impact_of
from totelake.runtime import JobArguments, open_runtime

pytestmark = SPARK
SALES, PAYMENT, DESIGN = (f"sources/totesys/{name}" for name in ("sales_order", "payment", "design"))


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """Undone after all tests of this file."""
    with pytest.MonkeyPatch.context() as found:
        yield found
    catalog.cache_clear()


@pytest.fixture(scope="module")
def world(
    postgres: Postgres,
    moto_endpoint: str,
    localglue_endpoint: str,
    spark: Any,
    tmp_path_factory: pytest.TempPathFactory,
    patch: pytest.MonkeyPatch,
) -> DriftingWorld:
    """One pipeline for all: every test leaves it equal to one that never drifted."""
    found = DriftingWorld(
        postgres, moto_endpoint, localglue_endpoint, tmp_path_factory.mktemp("drift"), 30, patch=patch
    )
    assert found.settle() == {}
    return found


def touch(world: DriftingWorld, tables: Sequence[str]) -> None:
    """A silent edit of one row of each table; of a department also somebody new in it, who takes over an order."""
    edits = {
        "design": "UPDATE design SET design_name = design_name || '+' WHERE design_id = 1",
        "payment": "UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = 1",
        "sales_order": "UPDATE sales_order SET unit_price = unit_price + 1 WHERE sales_order_id = 1",
        "purchase_order": "UPDATE purchase_order SET item_unit_price = item_unit_price + 1 WHERE purchase_order_id = 1",
        "department": "UPDATE department SET department_name = department_name || '+' WHERE department_id = 1; "
        "INSERT INTO staff VALUES (9001, 'Ada', 'L', 1, 'ada@l', now(), now()) ON CONFLICT DO NOTHING; "
        "UPDATE sales_order SET staff_id = 9001 WHERE sales_order_id = 2",
        "payment_type": "UPDATE payment_type SET last_updated = now() WHERE payment_type_id = 1",
    }
    for table in tables:
        world.source(edits[table])


def findings(world: DriftingWorld) -> list[Any]:
    """What a reconciliation says differs."""
    secret = world.postgres.secret(world.source_dsn, "totelake_reader")
    found = reconcile(world.s3, world.ingestion, world.processed, catalog(), secret, world.warehouse_dsn)
    return [item for item in found if item.outcome == DIFFERS]


def pending(world: DriftingWorld) -> list[str]:
    """What the next look would start a run for."""
    arguments = JobArguments.from_argv(["script", *world.words()], "check_schemas")
    with open_runtime(arguments, world.job_clients) as runtime:
        return pending_commits(runtime, arguments, world.newest())


ADDITIVE = (
    "ALTER TABLE counterparty ADD COLUMN vat text; UPDATE counterparty SET vat = 'GB1' WHERE counterparty_id = 1",
    "ALTER TABLE address ADD COLUMN verified boolean NOT NULL DEFAULT false",
    "ALTER TABLE currency ADD COLUMN name text; UPDATE currency SET name = currency_code",
    "ALTER TABLE currency ALTER COLUMN name SET NOT NULL",
    "ALTER TABLE currency ALTER COLUMN currency_code TYPE character varying(8)",
    "ALTER TABLE purchase_order ALTER COLUMN item_unit_price TYPE numeric(12,2)",
    "ALTER TABLE transaction ALTER COLUMN sales_order_id TYPE bigint; "
    "UPDATE transaction SET last_updated = now() WHERE transaction_id = 1",
    "ALTER TABLE staff ALTER COLUMN email_address DROP NOT NULL",
    "UPDATE counterparty SET delivery_contact = 'x' WHERE delivery_contact IS NULL",
    "ALTER TABLE counterparty ALTER COLUMN delivery_contact SET NOT NULL",
    """ALTER TYPE "TransactionType" ADD VALUE 'GIFT'""",
    "UPDATE staff SET first_name = first_name || '+' WHERE staff_id = 1",
    "UPDATE purchase_order SET item_unit_price = item_unit_price + 1 WHERE purchase_order_id = 1",
)


def test_what_is_additive_or_wider_is_accepted_and_stops_nothing(world: DriftingWorld) -> None:
    for statement in ADDITIVE:
        world.source(statement)
    world.chain()
    world.history.add(world.newest())
    found = {name: world.changes(name) for name in ("address", "counterparty", "currency", "purchase_order", "staff")}
    assert found == {
        "address": [("verified", classes.DEFAULT_COLUMN_ADDED)],
        "counterparty": [("delivery_contact", classes.NULLABILITY_TIGHTENED), ("vat", classes.COLUMN_ADDED)],
        "currency": [("currency_code", classes.TYPE_WIDENED), ("name", classes.REQUIRED_COLUMN_ADDED)],
        "purchase_order": [("item_unit_price", classes.TYPE_WIDENED)],
        "staff": [("email_address", classes.NULLABILITY_LOOSENED)],
    }
    assert world.changes("transaction") == [
        ("transaction_type", classes.ENUM_VALUE_ADDED),
        ("sales_order_id", classes.TYPE_WIDENED),
    ]
    assert (world.held(), world.behind(), world.letters()) == ({}, set(), [])
    assert world.differences() == {}
    assert pending(world) == [] and findings(world) == []
    assert {"verified", "name", "vat"} <= {
        column["Name"] for table in ("address", "currency", "counterparty") for column in registered(world, table)
    }
    kinds = {column["Name"]: column["Type"] for column in registered(world, "transaction")}
    assert kinds["sales_order_id"] == "bigint"


def test_a_value_that_only_the_wider_type_holds_waits_in_quarantine(world: DriftingWorld) -> None:
    world.source("UPDATE purchase_order SET item_unit_price = 9999999999.99 WHERE purchase_order_id = 2")
    world.chain()
    assert refused(world) == [("fact_purchase_orders", 2, "invalid_value", "item_unit_price", "open")]
    world.source("UPDATE purchase_order SET item_unit_price = 1 WHERE purchase_order_id = 2")
    world.chain()
    assert world.differences(with_history=False) == {}
    world.history.restart()


def registered(world: DriftingWorld, table: str) -> list[dict[str, str]]:
    """The columns that the Data Catalog has of a source table."""
    found = world.glue.get_table(DatabaseName=world.ingestion_database, Name=table)["Table"]["StorageDescriptor"]
    return list(found["Columns"])


def refused(world: DriftingWorld) -> list[tuple[Any, ...]]:
    """What was set apart of the newest batch."""
    columns = "target_table, source_key, rule, column_name, status"
    return world.warehouse(
        f"SELECT {columns} FROM etl.quarantine WHERE batch = (SELECT max(batch) FROM etl.quarantine) ORDER BY 1, 2"
    )


@dataclass(frozen=True)
class Breaking:
    """A change that breaks a contract: what it is, which star tables wait, and the contract that fits again.

    `rewrites` says that it makes a new version of every row, since names and types are part of their content.
    """

    table: str
    alter: str
    changes: tuple[tuple[str, str], ...]
    waiting: frozenset[str]
    mend: Mend
    oracle: dict[str, str] = field(default_factory=dict)
    before: Mend | None = None
    rewrites: bool = False

    @property
    def reaching(self) -> list[str]:
        """The columns whose change breaks something, which the alert follows to where they are used."""
        return [column for column, kind in self.changes if kind in classes.BREAKING]


def renamed(path: str, column: str, name: str, star: str, target: str) -> Mend:
    def mend(new: Release) -> None:
        new.column(path, column)["name"] = name
        table = path.rsplit("/", 1)[1]
        found = new.column(f"warehouse/{star}", target)
        found["transformSourceObjects"] = [
            f"{table}.{name}" if item == f"{table}.{column}" else item for item in found["transformSourceObjects"]
        ]

    return mend


def typed(path: str, column: str, kind: str) -> Mend:
    def mend(new: Release) -> None:
        new.column(path, column)["physicalType"] = kind

    return mend


def dropped(path: str, column: str) -> Mend:
    return lambda new: new.drop(path, column)


def labelled(path: str, column: str, labels: list[str]) -> Mend:
    def mend(new: Release) -> None:
        custom = new.column(path, column)["customProperties"]
        (found,) = [item for item in custom if item["property"] == "enum"]
        found["value"] = labels

    return mend


def frozen(path: str) -> Mend:
    def mend(new: Release) -> None:
        (found,) = [item for item in new.table(path)["customProperties"] if item["property"] == "schemaPolicy"]
        found["value"] = "freeze"

    return mend


def gained(path: str, column: str, kind: str) -> Mend:
    def mend(new: Release) -> None:
        new.table(path)["properties"].append({"name": column, "logicalType": "string", "physicalType": kind})

    return mend


BREAKING = {
    "removed": Breaking(
        "payment",
        "ALTER TABLE payment DROP COLUMN company_ac_number",
        (("company_ac_number", classes.COLUMN_REMOVED),),
        frozenset(("fact_payment", "dim_date")),
        dropped(PAYMENT, "company_ac_number"),
    ),
    "renamed": Breaking(
        "sales_order",
        "ALTER TABLE sales_order RENAME COLUMN units_sold TO quantity",
        (("units_sold", classes.COLUMN_RENAMED),),
        frozenset(("fact_sales_order", "dim_date")),
        renamed(SALES, "units_sold", "quantity", "fact_sales_order", "units_sold"),
        {"units_sold": "quantity"},
        rewrites=True,
    ),
    "narrowed": Breaking(
        "payment",
        "ALTER TABLE payment ALTER COLUMN payment_amount TYPE numeric(9,2)",
        (("payment_amount", classes.TYPE_NARROWED),),
        frozenset(("fact_payment", "dim_date")),
        typed(PAYMENT, "payment_amount", "numeric(9,2)"),
    ),
    "changed": Breaking(
        "sales_order",
        "ALTER TABLE sales_order ALTER COLUMN quantity TYPE text USING quantity::text",
        (("quantity", classes.TYPE_CHANGED),),
        frozenset(("fact_sales_order", "dim_date")),
        typed(SALES, "quantity", "text"),
        {"quantity": "quantity::int"},
        rewrites=True,
    ),
    "joined": Breaking(
        "department",
        "ALTER TABLE department RENAME COLUMN location TO site",
        (("location", classes.COLUMN_RENAMED),),
        frozenset(("dim_staff",)),
        renamed("sources/totesys/department", "location", "site", "dim_staff", "location"),
        {"d.location": "d.site"},
    ),
    "label": Breaking(
        "payment_type",
        """ALTER TYPE "PaymentTypeName" RENAME VALUE 'SALES_RECEIPT' TO 'SALE_RECEIPT'""",
        (("payment_type_name", classes.ENUM_VALUE_REMOVED), ("payment_type_name", classes.ENUM_VALUE_ADDED)),
        frozenset(("dim_payment_type",)),
        labelled(
            "sources/totesys/payment_type",
            "payment_type_name",
            ["SALE_RECEIPT", "SALES_REFUND", "PURCHASE_PAYMENT", "PURCHASE_REFUND"],
        ),
    ),
    "frozen": Breaking(
        "design",
        "ALTER TABLE design ADD COLUMN colour text",
        (("colour", classes.COLUMN_ADDED),),
        frozenset(("dim_design",)),
        gained(DESIGN, "colour", "text"),
        before=frozen(DESIGN),
    ),
}
MENDED: list[Mend] = []


@pytest.mark.parametrize("name", BREAKING)
def test_only_what_depends_on_a_broken_table_waits_and_a_mended_contract_brings_it_through(
    world: DriftingWorld, name: str
) -> None:
    case = BREAKING[name]
    MENDED.extend([case.before] if case.before else [])
    world.release(*MENDED)
    world.source(case.alter)
    world.oracle.update(case.oracle)
    held = []
    for _ in range(2):
        touch(world, {"sales_order", "payment", case.table})
        world.chain()
        world.history.add(world.newest())
        held.append(world.newest())
    assert world.held() == {case.table: held}
    assert tuple(world.changes(case.table)) == case.changes
    assert world.behind() == case.waiting
    if case.table == "department":
        assert refused(world) == [("fact_sales_order", 2, "missing_parent", "sales_staff_id", "open")]
    letters = world.letters()
    assert [(table, batch) for table, batch, _ in letters] == [(case.table, number) for number in held]
    subject = f"totesys.{case.table} held: {', '.join(kind for _, kind in case.changes)}"
    (told,) = [item for item in world.alerts() if item["subject"] == subject]
    assert all(str(impact_of(case.table, column)) in told["body"].replace("\n  ", "\n") for column in case.reaching)
    assert pending(world) == [] and findings(world) == []
    waiting = world.warehouse(
        "SELECT batch, held FROM etl.batch WHERE target_table = %s AND held > 0 ORDER BY 1", sorted(case.waiting)[-1]
    )
    assert [(batch, events) for batch, events in waiting] == [(batch, events) for _, batch, events in letters]
    MENDED.append(case.mend)
    world.release(*MENDED)
    assert pending(world) == [f"{case.table} fits its contract again, 2 held batches wait"]
    world.chain()
    assert world.held() == {} and world.behind() == set()
    assert world.differences(with_history=not case.rewrites) == {}
    assert pending(world) == [] and findings(world) == []
    world.history.restart()


def test_a_source_that_is_changed_back_releases_what_was_held(world: DriftingWorld) -> None:
    """A type that went and came back converts exactly; a column that was gone leaves the versions without it apart."""
    world.source("ALTER TABLE payment ALTER COLUMN paid TYPE text USING paid::text")
    world.source("ALTER TABLE design DROP COLUMN file_location")
    world.oracle["paid, payment_date"] = "paid::boolean, payment_date"
    touch(world, ["payment"])
    world.source("UPDATE design SET design_name = 'Held' WHERE design_id = 1; DELETE FROM payment WHERE payment_id = 2")
    world.chain()
    held = world.newest()
    assert world.held() == {"design": [held], "payment": [held]}
    world.source("ALTER TABLE payment ALTER COLUMN paid TYPE boolean USING paid::boolean")
    world.source("ALTER TABLE design ADD COLUMN file_location text NOT NULL DEFAULT '/back'")
    world.chain()
    assert (world.held(), world.behind()) == ({}, set())
    assert world.differences(with_history=False) == {}
    assert findings(world) == []
    rules = world.warehouse(
        "SELECT DISTINCT target_table, rule, column_name, status FROM etl.quarantine WHERE batch = %s", held
    )
    assert rules == [("dim_design", "missing_column", "file_location", "superseded")]
    assert world.warehouse("SELECT count(*) FROM etl.deletion WHERE source_key = 2 AND batch = %s", held) == [(1,)]
