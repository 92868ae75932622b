"""The source of the benchmark: a real totesys, the clock of its application, and sessions that write to it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg2

from tests.benchmarks.lost_changes.verdict import Content
from totelake.contracts import load_contracts
from totelake.seed import SOURCE, seed_generated
from totelake.seed.application import Application

TABLES = load_contracts().source_tables(SOURCE)
_UNTIL = datetime(2024, 11, 15, 18, 0)


class Totesys:
    """One database with a generated history; statements on it are committed one by one unless a session is given."""

    def __init__(self, dsn: str, orders: int, seed: int, rows: int) -> None:
        seed_generated(dsn, orders=orders, seed=seed, until=_UNTIL)
        self.dsn, self.rows, self._clock = dsn, rows, _UNTIL
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.application = Application(self.connection, random.Random(seed))
        self._taken: dict[str, set[int]] = defaultdict(set)
        # totesys forbids it; the hazard of a cursor without a value needs one table that does not
        self.run("ALTER TABLE purchase_order ALTER COLUMN last_updated DROP NOT NULL")

    def close(self) -> None:
        """Close the session."""
        self.connection.close()

    def tick(self) -> datetime:
        """A minute passes; the time that the application stamps."""
        self._clock += timedelta(minutes=1)
        return self._clock

    def run(self, statement: str, *values: Any, session: Any = None) -> int:
        """The rows that a statement changed."""
        with (session or self.connection).cursor() as cursor:
            cursor.execute(statement, values or None)
            return int(cursor.rowcount)

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A transaction of its own, to be committed by the caller, else rolled back."""
        connection = psycopg2.connect(self.dsn)
        try:
            yield connection
        finally:
            connection.close()

    def fresh(self, table: str, count: int | None = None) -> list[int]:
        """Keys that were given to nobody before, so that no hazard heals or hides what another did."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT {table}_id FROM {table} ORDER BY 1")
            keys = [key for (key,) in cursor.fetchall() if key not in self._taken[table]][: count or self.rows]
        assert len(keys) == (count or self.rows), f"{table} has too few rows; give more with --orders"
        self._taken[table].update(keys)
        return keys

    def update(self, table: str, keys: list[int], change: str, at: datetime | None = None, session: Any = None) -> None:
        """Change these rows in one statement; `last_updated` moves only when `at` is given."""
        stamp = ", last_updated = %s" if at else ""
        values = (at, keys) if at else (keys,)
        changed = self.run(f"UPDATE {table} SET {change}{stamp} WHERE {table}_id = ANY(%s)", *values, session=session)
        assert changed == len(keys)

    def insert_designs(self, at: datetime, session: Any = None) -> list[int]:
        """New designs; their keys."""
        with (session or self.connection).cursor() as cursor:
            cursor.execute(
                "INSERT INTO design (design_name, file_location, file_name, created_at, last_updated) "
                "SELECT 'Steel', '/srv', 'steel-' || i || '.json', %s, %s FROM generate_series(1, %s) AS i "
                "RETURNING design_id",
                (at, at, self.rows),
            )
            keys = [key for (key,) in cursor.fetchall()]
        self._taken["design"].update(keys)
        return keys

    def content(self) -> Content:
        """Every row of every table as it is committed now, by key."""
        found: dict[str, dict[int, tuple[Any, ...]]] = {}
        with self.connection.cursor() as cursor:
            for table in TABLES:
                position = table.column_names.index(table.key_name)
                cursor.execute(f"SELECT {', '.join(table.column_names)} FROM {table.name}")
                found[table.name] = {row[position]: row for row in cursor.fetchall()}
        return found
