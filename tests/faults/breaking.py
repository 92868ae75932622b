"""Changes that break a contract, each with what waits for it and the contract that fits again."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.faults.drifting import Mend, Release
from totelake.schemas import changes as classes

SALES, PURCHASES, PAYMENT, DESIGN = (
    f"sources/totesys/{name}" for name in ("sales_order", "purchase_order", "payment", "design")
)


@dataclass(frozen=True)
class Breaking:
    """A change that breaks a contract: what it is, which star tables wait, and the contract that fits again.

    `edit` is done in each of the batches that are held, `oracle` replaces words of the hand-written SQL from the change
    on, `before` is a contract that is deployed with the tables as they were. `rewrites` says that the change makes a
    new version of every row, since names and types are part of their content.
    """

    table: str
    alter: str
    changes: tuple[tuple[str, str], ...]
    waiting: frozenset[str]
    mend: Mend
    edit: str
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
        "UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = 1",
    ),
    "renamed": Breaking(
        "sales_order",
        "ALTER TABLE sales_order RENAME COLUMN units_sold TO quantity",
        (("units_sold", classes.COLUMN_RENAMED),),
        frozenset(("fact_sales_order", "dim_date")),
        renamed(SALES, "units_sold", "quantity", "fact_sales_order", "units_sold"),
        "UPDATE sales_order SET quantity = quantity + 1 WHERE sales_order_id = 1",
        {"units_sold": "quantity"},
        rewrites=True,
    ),
    "narrowed": Breaking(
        "payment",
        "ALTER TABLE payment ALTER COLUMN payment_amount TYPE numeric(9,2)",
        (("payment_amount", classes.TYPE_NARROWED),),
        frozenset(("fact_payment", "dim_date")),
        typed(PAYMENT, "payment_amount", "numeric(9,2)"),
        "UPDATE payment SET payment_amount = payment_amount + 1 WHERE payment_id = 1",
    ),
    "changed": Breaking(
        "purchase_order",
        "ALTER TABLE purchase_order ALTER COLUMN item_quantity TYPE text USING item_quantity::text",
        (("item_quantity", classes.TYPE_CHANGED),),
        frozenset(("fact_purchase_orders", "dim_date")),
        typed(PURCHASES, "item_quantity", "text"),
        "UPDATE purchase_order SET item_quantity = (item_quantity::int + 1)::text WHERE purchase_order_id = 1",
        {"item_quantity": "item_quantity::int"},
        rewrites=True,
    ),
    "joined": Breaking(
        "department",
        "ALTER TABLE department RENAME COLUMN location TO site",
        (("location", classes.COLUMN_RENAMED),),
        frozenset(("dim_staff",)),
        renamed("sources/totesys/department", "location", "site", "dim_staff", "location"),
        "UPDATE department SET department_name = department_name || '+' WHERE department_id = 1",
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
        "UPDATE payment_type SET last_updated = last_updated + interval '1 hour' WHERE payment_type_id = 1",
    ),
    "frozen": Breaking(
        "design",
        "ALTER TABLE design ADD COLUMN colour text",
        (("colour", classes.COLUMN_ADDED),),
        frozenset(("dim_design",)),
        gained(DESIGN, "colour", "text"),
        "UPDATE design SET design_name = design_name || '+' WHERE design_id = 1",
        before=frozen(DESIGN),
    ),
}
