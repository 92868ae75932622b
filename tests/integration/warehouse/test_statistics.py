"""A load plans over rows that it has just written itself: every table is analysed before a statement reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from tests.integration.warehouse.conftest import NOON, Warehouse, dimensions, row
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.warehouse.jdbc import Connection
from totelake.warehouse.load import _Load

pytestmark = pytest.mark.integration
PAYMENT = load_contracts().star("fact_payment")
MANY, BATCHES = 120, 60
WITHOUT = "SELECT reltuples < 0 FROM pg_class WHERE oid = '{}'::regclass"
MANY_ROWS = "SELECT count(*) > 50 FROM {}"


class Watched:
    """The statements of publishing transactions that read a table with many rows and no statistics, and which table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements, self.blind = 0, list[tuple[str, str]]()
        self._is_publishing, self._publish = False, _Load._publish
        self._run, self._rows = Connection.run, Connection.rows
        monkeypatch.setattr(Connection, "run", lambda connection, text: self._watch(self._run, connection, text))
        monkeypatch.setattr(Connection, "rows", lambda connection, text: self._watch(self._rows, connection, text))
        monkeypatch.setattr(_Load, "_publish", lambda load, *given: self._publishing(load, *given))

    def _publishing(self, load: Any, *given: Any) -> bool:
        self._is_publishing = True
        try:
            return bool(self._publish(load, *given))
        finally:
            self._is_publishing = False

    def _watch(self, execute: Any, connection: Connection, text: str) -> Any:
        if self._is_publishing and not text.startswith("ANALYZE"):
            self.statements += 1
            self.blind += [(name, text) for name in read(text) if self._is_blind(connection, name)]
        return execute(connection, text)

    def _is_blind(self, connection: Connection, name: str) -> bool:
        return all(self._rows(connection, query.format(name))[0][0] == "t" for query in (WITHOUT, MANY_ROWS))


def read(statement: str) -> set[str]:
    """The load's own tables that a statement reads, one that it only writes to left out."""
    names = set()
    for tree in sqlglot.parse(statement, dialect="postgres"):
        for table in tree.find_all(exp.Table) if tree else ():
            is_target = isinstance(table.parent, (exp.Insert, exp.Schema))
            if table.db in ("staging", "star", "etl") and not is_target:
                names.add(f'{table.db}."{table.name}"')
    return names


def rows_of(table: Table, keys: range) -> list[dict[str, Any]]:
    """Rows of a star table with these keys, each of which refers to the key 1 of every dimension."""
    return [row(table, **{table.key_name: of(table, key)}) for key in keys]


def of(table: Table, key: int) -> Any:
    """The key, 1 being what other rows refer to, in the type of the table's key."""
    kinds = {column.name: column.type for column in table.lake_columns}
    return NOON.date() + timedelta(key - 1) if kinds[table.key_name] == "date" else key


def test_no_statement_of_a_load_reads_rows_without_statistics(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    tables = load_contracts().star_tables()
    quarantined = {table.name: [{"source_key": 1000 + key} for key in range(MANY)] for table in tables}
    orphans = [{**found, "counterparty_id": 5000} for found in rows_of(PAYMENT, range(2000, 2000 + MANY))]
    rows = {table.name: rows_of(table, range(1, MANY)) for table in tables}
    warehouse.commit(1, quarantined, **{**rows, PAYMENT.name: rows[PAYMENT.name] + orphans})
    for batch in range(2, BATCHES):
        warehouse.commit(batch)
    warehouse.load()
    assert watched.blind == []
    assert watched.statements > 40
    open_rows = "SELECT count(*) FROM etl.quarantine WHERE target_table = 'fact_payment' AND status = 'open'"
    assert warehouse.rows(open_rows) == [(2 * MANY,)]


def test_statistics_follow_the_rows_that_later_loads_bring(warehouse: Warehouse) -> None:
    analysed = "SELECT reltuples FROM pg_class WHERE oid = 'star.fact_payment'::regclass"
    payments = rows_of(PAYMENT, range(2000))
    warehouse.commit(1, fact_payment=payments[:2], **dimensions())
    warehouse.load()
    few = warehouse.rows(analysed)
    warehouse.commit(2, fact_payment=payments[2:])
    warehouse.load()
    assert warehouse.rows(analysed) == [(2000.0,)] and few != [(2000.0,)]
