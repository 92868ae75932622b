"""The keys of the rows in quarantine; another engine with the same SQL stands for the warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest

from totelake.operate import quarantine
from totelake.operate.quarantine import FoundKeys, find_keys


class Cursor:
    """A cursor with psycopg2's named parameters over rows of (star table, key, batch); None: nothing was loaded."""

    def __init__(self, rows: list[tuple[str, int, int]] | None) -> None:
        self._database = duckdb.connect()
        self._database.execute(f"CREATE MACRO to_regclass(name) AS {'NULL' if rows is None else 'name'}")
        if rows is not None:
            self._database.execute("CREATE SCHEMA etl")
            self._database.execute("CREATE TABLE etl.quarantine (target_table text, source_key bigint, batch bigint)")
            for row in rows:
                self._database.execute("INSERT INTO etl.quarantine VALUES (?, ?, ?)", row)

    def execute(self, query: str, values: Mapping[str, Any] | None = None) -> None:
        self._database.execute(re.sub(r"%\((\w+)\)s", r"$\1", query), values)

    def fetchone(self) -> Any:
        return self._database.fetchone()

    def fetchall(self) -> Any:
        return self._database.fetchall()


ROWS = [("fact_payment", key, batch) for key in (7, -5, 9, 8) for batch in (3, 1, 2)] + [("dim_staff", 1, 1)]


@pytest.mark.parametrize(
    ("rows", "table", "limit", "expected"),
    [
        (ROWS, "fact_payment", 10, FoundKeys((-5, 7, 8, 9), 4)),
        (ROWS, "fact_payment", 4, FoundKeys((-5, 7, 8, 9), 4)),
        (ROWS, "fact_payment", 2, FoundKeys((-5, 7), 4)),
        (ROWS, "dim_staff", 10, FoundKeys((1,), 1)),
        (ROWS, "dim_design", 10, FoundKeys((), 0)),
        ([], "dim_design", 10, FoundKeys((), 0)),
        (None, "dim_design", 10, FoundKeys((), 0)),
    ],
)
def test_each_key_comes_once_the_lowest_first_and_all_are_counted(
    rows: list[tuple[str, int, int]] | None,
    table: str,
    limit: int,
    expected: FoundKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextmanager
    def read_only(_: str) -> Iterator[Cursor]:
        yield Cursor(rows)

    monkeypatch.setattr(quarantine, "read_only", read_only)
    assert find_keys("dsn", table, limit) == expected
