"""The hazards: each plays one way in which a source changes, and yields where the readers look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from tests.benchmarks.lost_changes.totesys import Totesys

Play = Callable[[Totesys], Iterator[None]]
_EDIT = "units_sold = units_sold %% 99000 + 7"


@dataclass(frozen=True)
class Hazard:
    """One hazard: its name, what happens, and the play."""

    name: str
    what: str
    play: Play


HAZARDS: list[Hazard] = []


def _hazard(name: str) -> Callable[[Play], Play]:
    def register(play: Play) -> Play:
        HAZARDS.append(Hazard(name, " ".join((play.__doc__ or "").split()), play))
        return play

    return register


@_hazard("orders and edits as they should be")
def proper(totesys: Totesys) -> Iterator[None]:
    """Orders arrive, others are edited, and last_updated moves each time."""
    for _ in range(totesys.rows):
        totesys.application.sale(totesys.tick())
    totesys.update("sales_order", totesys.fresh("sales_order"), _EDIT, totesys.tick())
    yield


@_hazard("silent edit")
def silent(totesys: Totesys) -> Iterator[None]:
    """An order, a purchase and a design change and last_updated does not, as in the real totesys."""
    totesys.update("sales_order", totesys.fresh("sales_order"), "agreed_delivery_date = '2024-12-24'")
    totesys.update("purchase_order", totesys.fresh("purchase_order"), "item_code = 'SILENT1'")
    totesys.update("design", totesys.fresh("design"), "file_location = '/silent'")
    yield


@_hazard("late commit")
def late_commit(totesys: Totesys) -> Iterator[None]:
    """A transaction stamps its rows, others commit later stamps, the readers look, then it commits."""
    with totesys.session() as late:
        totesys.insert_designs(totesys.tick(), late)
        totesys.update("sales_order", totesys.fresh("sales_order"), _EDIT, totesys.tick(), late)
        totesys.insert_designs(totesys.tick())
        totesys.update("sales_order", totesys.fresh("sales_order"), _EDIT, totesys.tick())
        yield
        late.commit()
    yield


@_hazard("savepoint")
def savepoint(totesys: Totesys) -> Iterator[None]:
    """The same with rows written under a savepoint, whose transaction ids are not their transaction's."""
    with totesys.session() as late:
        totesys.run("SAVEPOINT one", session=late)
        totesys.insert_designs(totesys.tick(), late)
        totesys.run("SAVEPOINT two", session=late)
        totesys.insert_designs(totesys.tick(), late)
        totesys.insert_designs(totesys.tick())
        yield
        late.commit()
    yield


@_hazard("two-phase commit")
def prepared(totesys: Totesys) -> Iterator[None]:
    """A prepared transaction commits after the readers looked."""
    with totesys.session() as late:
        totesys.insert_designs(totesys.tick(), late)
        totesys.run("PREPARE TRANSACTION 'lost_changes'", session=late)
    totesys.insert_designs(totesys.tick())
    yield
    totesys.run("COMMIT PREPARED 'lost_changes'")
    yield


@_hazard("rolled back")
def rolled_back(totesys: Totesys) -> Iterator[None]:
    """Rows are written and never committed: nothing changed."""
    with totesys.session() as given_up:
        totesys.insert_designs(totesys.tick(), given_up)
        totesys.update("sales_order", totesys.fresh("sales_order"), _EDIT, totesys.tick(), given_up)
    yield


@_hazard("equal timestamps, new rows")
def equal_inserts(totesys: Totesys) -> Iterator[None]:
    """More rows of the very millisecond up to which the readers have read."""
    at = totesys.tick()
    totesys.insert_designs(at)
    yield
    totesys.insert_designs(at)
    yield


@_hazard("equal timestamps, same rows")
def equal_updates(totesys: Totesys) -> Iterator[None]:
    """Rows are changed again within the millisecond up to which the readers have read."""
    at = totesys.tick()
    keys = totesys.insert_designs(at)
    yield
    totesys.update("design", keys, "file_location = '/again'", at)
    yield


@_hazard("no timestamp")
def no_timestamp(totesys: Totesys) -> Iterator[None]:
    """last_updated is NULL, and stays NULL when the row changes again."""
    keys = totesys.fresh("purchase_order")
    totesys.update("purchase_order", keys, "item_quantity = 1000, last_updated = NULL")
    yield
    totesys.update("purchase_order", keys, "item_quantity = 1001")
    yield


@_hazard("clock set back")
def clock_back(totesys: Totesys) -> Iterator[None]:
    """Rows are stamped by a clock that is two hours slow."""
    at = totesys.tick() - timedelta(hours=2)
    totesys.insert_designs(at)
    totesys.update("sales_order", totesys.fresh("sales_order"), _EDIT, at)
    yield


@_hazard("clock ahead")
def clock_ahead(totesys: Totesys) -> Iterator[None]:
    """One row is stamped with tomorrow; the readers look; the rows after it are stamped rightly."""
    totesys.update("department", totesys.fresh("department", 1), "manager = 'A'", totesys.tick() + timedelta(days=1))
    yield
    totesys.update("department", totesys.fresh("department", 3), "manager = 'B'", totesys.tick())
    yield


@_hazard("delete")
def delete(totesys: Totesys) -> Iterator[None]:
    """Rows are deleted."""
    totesys.run("DELETE FROM payment WHERE payment_id = ANY(%s)", totesys.fresh("payment"))
    yield


@_hazard("delete that cascades")
def cascade(totesys: Totesys) -> Iterator[None]:
    """Orders are deleted, and their transactions lose the reference (ON DELETE SET NULL)."""
    totesys.run("DELETE FROM sales_order WHERE sales_order_id = ANY(%s)", totesys.fresh("sales_order"))
    yield


@_hazard("delete and insert again")
def insert_again(totesys: Totesys) -> Iterator[None]:
    """Rows are deleted, the readers look, and the same rows come back as they were."""
    keys = totesys.fresh("payment")
    totesys.run("CREATE TEMP TABLE kept AS SELECT * FROM payment WHERE payment_id = ANY(%s)", keys)
    totesys.run("DELETE FROM payment WHERE payment_id = ANY(%s)", keys)
    yield
    totesys.run("INSERT INTO payment SELECT * FROM kept")
    totesys.run("DROP TABLE kept")
    yield


@_hazard("replaced under the same key")
def replaced(totesys: Totesys) -> Iterator[None]:
    """Between two looks rows are deleted and others inserted under their keys, with the old timestamps."""
    keys = totesys.fresh("payment")
    totesys.run("CREATE TEMP TABLE kept AS SELECT * FROM payment WHERE payment_id = ANY(%s)", keys)
    totesys.run("DELETE FROM payment WHERE payment_id = ANY(%s)", keys)
    totesys.run("UPDATE kept SET payment_amount = payment_amount + 1")
    totesys.run("INSERT INTO payment SELECT * FROM kept")
    totesys.run("DROP TABLE kept")
    yield


@_hazard("A, B, A")
def there_and_back(totesys: Totesys) -> Iterator[None]:
    """A value changes, the readers look, it changes back; last_updated moves each time."""
    keys = totesys.fresh("sales_order")
    totesys.update("sales_order", keys, "units_sold = units_sold + 1", totesys.tick())
    yield
    totesys.update("sales_order", keys, "units_sold = units_sold - 1", totesys.tick())
    yield


@_hazard("A, B, A with A's timestamp")
def undone(totesys: Totesys) -> Iterator[None]:
    """A value changes, the readers look, and the row is put back from a copy, timestamp and all."""
    keys = totesys.fresh("sales_order")
    totesys.run("CREATE TEMP TABLE kept AS SELECT * FROM sales_order WHERE sales_order_id = ANY(%s)", keys)
    totesys.update("sales_order", keys, "units_sold = units_sold + 1", totesys.tick())
    yield
    totesys.run(
        "UPDATE sales_order AS s SET units_sold = k.units_sold, last_updated = k.last_updated "
        "FROM kept AS k WHERE k.sales_order_id = s.sales_order_id"
    )
    totesys.run("DROP TABLE kept")
    yield


@_hazard("update without a change")
def no_change(totesys: Totesys) -> Iterator[None]:
    """Rows are written anew with the values that they have."""
    totesys.update("sales_order", totesys.fresh("sales_order"), "units_sold = units_sold")
    yield


@_hazard("bulk update")
def bulk(totesys: Totesys) -> Iterator[None]:
    """One statement marks a quarter of the payments, all with one timestamp."""
    totesys.run("UPDATE payment SET paid = NOT paid, last_updated = %s WHERE payment_id %% 4 = 0", totesys.tick())
    yield


@_hazard("bulk update, silent")
def bulk_silent(totesys: Totesys) -> Iterator[None]:
    """A correction by hand of every fifth purchase, which forgets last_updated."""
    totesys.run("UPDATE purchase_order SET item_unit_price = item_unit_price + 1 WHERE purchase_order_id % 5 = 0")
    yield


@_hazard("TRUNCATE and reload, same content")
def reloaded(totesys: Totesys) -> Iterator[None]:
    """A table is emptied and filled with the rows that it had: nothing changed."""
    with totesys.session() as loading:
        totesys.run("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM payment", session=loading)
        totesys.run("TRUNCATE payment", session=loading)
        totesys.run("INSERT INTO payment SELECT * FROM kept", session=loading)
        loading.commit()
    yield


@_hazard("TRUNCATE and reload of a backup")
def restored(totesys: Totesys) -> Iterator[None]:
    """A table is copied, rows are edited and added, the readers look, and the copy is put back."""
    totesys.run("CREATE TEMP TABLE kept AS SELECT * FROM payment")
    totesys.update("payment", totesys.fresh("payment"), "payment_amount = payment_amount + 1", totesys.tick())
    for _ in range(totesys.rows):
        totesys.application.refund(totesys.tick())
    yield
    totesys.run("TRUNCATE payment")
    totesys.run("INSERT INTO payment SELECT * FROM kept")
    totesys.run("DROP TABLE kept")
    yield


@_hazard("key changed, with ON UPDATE CASCADE")
def key_changed(totesys: Totesys) -> Iterator[None]:
    """An address gets another key and a timestamp; the rows that refer to it follow, without one."""
    totesys.update("address", totesys.fresh("address", 1), "address_id = address_id + 100000", totesys.tick())
    yield


@_hazard("enum label renamed")
def renamed(totesys: Totesys) -> Iterator[None]:
    """A label of an enum is renamed; no row is written."""
    totesys.run("ALTER TYPE \"PaymentTypeName\" RENAME VALUE 'PURCHASE_REFUND' TO 'PURCHASE_RETURN'")
    yield
