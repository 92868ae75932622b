"""People who read the warehouse while loads are published see whole batches of all tables, whatever they ask when."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from tests.integration.warehouse.conftest import Warehouse, dimensions, row
from totelake.contracts import load_contracts
from totelake.warehouse import load as load_module
from totelake.warehouse.jdbc import Connection

pytestmark = pytest.mark.integration
BATCHES, KEYS = 4, 3
FACTS = ("fact_payment", "fact_sales_order", "fact_purchase_orders")
TABLES = (*FACTS, "current_payment", "dim_design", "etl.batch")
# the batch that a table shows; NULL of any that is not a whole one
SHOWN = {
    **{name: f"SELECT CASE WHEN count(*) % {KEYS} = 0 THEN count(*) / {KEYS} END FROM {name}" for name in FACTS},
    "current_payment": "SELECT CASE WHEN count(DISTINCT payment_amount) = 1 THEN max(payment_amount)::int END "
    "FROM current_payment",
    "dim_design": "SELECT CASE WHEN count(*) = 1 THEN max(design_name)::int END FROM dim_design",
    "etl.batch": "SELECT CASE WHEN count(DISTINCT target_table) * max(batch) = count(*) THEN max(batch) END "
    "FROM etl.batch",
}


def commit(warehouse: Warehouse, batch: int) -> None:
    """A batch that writes every row of three facts anew, and a dimension's row."""
    tables = {
        name: [
            row(
                load_contracts().find(name),
                **{load_contracts().find(name).key_name: key},
                **({"payment_amount": batch} if name == "fact_payment" else {}),
                _op="I" if batch == 1 else "U",
            )
            for key in range(1, KEYS + 1)
        ]
        for name in FACTS
    }
    design = row(load_contracts().find("dim_design"), design_name=str(batch), _op="I" if batch == 1 else "U")
    warehouse.commit(batch, **{**(dimensions() if batch == 1 else {}), **tables, "dim_design": [design]})


class Reader:
    """Asks which batch each table shows; a question that has to wait for a load fails."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg2.connect(dsn, options="-c statement_timeout=20s -c lock_timeout=10s")

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def one(self, name: str) -> int | None:
        """The batch that one statement sees in a table."""
        with self._connection.cursor() as cursor:
            cursor.execute(SHOWN[name])
            found = cursor.fetchone()[0]
            return None if found is None else int(found)

    def begin(self) -> None:
        """Begin a transaction with one snapshot; its first question takes it."""
        self._connection.set_session(isolation_level="REPEATABLE READ", readonly=True)

    def end(self) -> None:
        """End it."""
        self._connection.rollback()

    def all(self) -> set[int | None]:
        """The batches that the tables show in the present transaction."""
        return {self.one(name) for name in TABLES}


@pytest.fixture
def reader(warehouse: Warehouse) -> Iterator[Reader]:
    """A reader with a snapshot for each transaction, over a warehouse that has one batch."""
    commit(warehouse, 1)
    warehouse.load()
    with contextlib.closing(Reader(warehouse.dsn)) as found:
        found.begin()
        yield found


def test_at_every_statement_of_a_load_a_reader_sees_the_batches_before_and_afterwards_all_of_it(
    warehouse: Warehouse, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, publish, seen = Connection.run, load_module._Load._publish, list[set[int | None]]()

    def watched(connection: Connection, statement: str) -> int:
        answer = run(connection, statement)
        seen.append(reader.all())
        reader.end()
        return answer

    def publishing(load: Any, connection: Connection, *given: Any) -> bool:
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "run", watched)
            return publish(load, connection, *given)

    monkeypatch.setattr(load_module._Load, "_publish", publishing)
    commit(warehouse, 2)
    commit(warehouse, 3)
    assert reader.one("fact_payment") == 1
    reader.end()
    warehouse.load()
    assert len(seen) > 10 and all(found == {1} for found in seen)
    assert reader.all() == {3}


def test_a_transaction_that_began_before_a_load_sees_nothing_of_it(warehouse: Warehouse, reader: Reader) -> None:
    commit(warehouse, 2)
    assert reader.one("fact_payment") == 1
    warehouse.load()
    assert reader.all() == {1}
    reader.end()
    assert reader.all() == {2}


def test_a_reader_that_never_rests_sees_whole_batches_only_and_never_an_older_one(
    warehouse: Warehouse, reader: Reader
) -> None:
    seen: list[set[int | None]] = []
    single: list[int | None] = []
    failures: list[BaseException] = []
    stop = threading.Event()

    def loop() -> None:
        try:
            is_last = False
            while not is_last:
                is_last = stop.is_set()
                seen.append(reader.all())
                reader.end()
                for name in TABLES:
                    single.append(reader.one(name))
                    reader.end()
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        for batch in range(2, BATCHES + 1):
            commit(warehouse, batch)
            warehouse.load()
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert {len(found) for found in seen} == {1}
    shown = [batch for found in seen for batch in found]
    assert shown == sorted(shown, key=lambda batch: batch or 0) and shown[-1] == BATCHES
    assert None not in shown and None not in single
    assert single == sorted(single, key=lambda batch: batch or 0)
