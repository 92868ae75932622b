"""Quarantined rows, as the warehouse keeps them in `etl.quarantine`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from totelake.ports.postgres import read_only

_ROWS = """
SELECT target_table, source_key, batch, operation, rule, column_name, value, captured_at::text, status,
       settled_at::text, payload, count(*) OVER ()
  FROM etl.quarantine
 WHERE (%(status)s IS NULL OR status = %(status)s) AND (%(table)s IS NULL OR target_table = %(table)s)
   AND (%(key)s IS NULL OR source_key = %(key)s)
 ORDER BY batch DESC, target_table, source_key
 LIMIT %(limit)s
"""

_KEYS = """
SELECT source_key, count(*) OVER ()
  FROM (SELECT DISTINCT source_key FROM etl.quarantine WHERE target_table = %(table)s) AS found
 ORDER BY source_key
 LIMIT %(limit)s
"""


_SUMMARY = """
SELECT target_table, rule, status, count(*), max(batch) FROM etl.quarantine GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
"""


@dataclass(frozen=True)
class QuarantineCount:
    """Quarantined rows of a star table by rule and status: how many, and the newest batch that has one."""

    target_table: str
    rule: str
    status: str
    rows: int
    newest_batch: int


@dataclass(frozen=True)
class QuarantineEntry:
    """A quarantined row of a star table: by which rule, which value, what became of it; times are UTC.

    `payload` is all that is known of the row, as its JSON document was stored.
    """

    target_table: str
    source_key: int
    batch: int
    operation: str
    rule: str
    column_name: str
    value: str | None
    captured_at: str
    status: str
    settled_at: str | None
    payload: Any


@dataclass(frozen=True)
class Found:
    """The rows of the newest batches, and how many there are in all."""

    rows: Sequence[QuarantineEntry]
    total: int


@dataclass(frozen=True)
class FoundKeys:
    """The first keys of source rows, and how many there are in all."""

    keys: Sequence[int]
    total: int


def find(
    dsn: str, status: str | None = None, table: str | None = None, key: int | None = None, limit: int | None = None
) -> Found:
    """The rows with that status, star table and key, newest batches first; none before the first load."""
    rows = _asked(dsn, _ROWS, {"status": status, "table": table, "key": key, "limit": limit})
    return Found(tuple(QuarantineEntry(*row[:-1]) for row in rows), rows[0][-1] if rows else 0)


def find_keys(dsn: str, table: str, limit: int) -> FoundKeys:
    """The lowest keys of a star table's rows, each once, without the rows; none before the first load."""
    rows = _asked(dsn, _KEYS, {"table": table, "limit": limit})
    return FoundKeys(tuple(key for key, _ in rows), rows[0][-1] if rows else 0)


def summary(dsn: str) -> list[QuarantineCount]:
    """How many rows of each star table wait or were settled, by rule; none before the first load."""
    return [QuarantineCount(*row) for row in _asked(dsn, _SUMMARY, {})]


def _asked(dsn: str, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """The rows of a query of the quarantine; none before the first load makes it."""
    with read_only(dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.quarantine')")
        if cursor.fetchone() == (None,):
            return []
        cursor.execute(query, values)
        return list(cursor.fetchall())
