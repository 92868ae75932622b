"""Quarantined rows, as the warehouse keeps them in `etl.quarantine`."""

from __future__ import annotations

from collections.abc import Sequence
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


def find(
    dsn: str, status: str | None = None, table: str | None = None, key: int | None = None, limit: int | None = None
) -> Found:
    """The rows with that status, star table and key, newest batches first; none before the first load."""
    with read_only(dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.quarantine')")
        if cursor.fetchone() == (None,):
            return Found((), 0)
        cursor.execute(_ROWS, {"status": status, "table": table, "key": key, "limit": limit})
        rows = cursor.fetchall()
    return Found(tuple(QuarantineEntry(*row[:-1]) for row in rows), rows[0][-1] if rows else 0)
