"""The plain way: rows whose `last_updated` has reached the highest one seen, put into place by their key.

Written as well as it can be: all tables from one snapshot, the bound inclusive, so that rows of the last millisecond
are read again instead of lost, and the watermark taken from the rows themselves and not from a clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from tests.benchmarks.lost_changes.totesys import TABLES
from tests.benchmarks.lost_changes.verdict import Replica
from totelake.contracts.model import Table


class Watermark:
    """A `last_updated` watermark for each table."""

    name = "watermark"

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._marks: dict[str, datetime] = {}
        self._rows: dict[str, dict[int, tuple[Any, ...]]] = {table.name: {} for table in TABLES}

    def look(self) -> int:
        """Read every table from its watermark on; the rows that came."""
        connection = psycopg2.connect(self._dsn)
        try:
            connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            with connection.cursor() as cursor:
                return sum(self._read(cursor, table) for table in TABLES)
        finally:
            connection.close()

    def _read(self, cursor: Any, table: Table) -> int:
        names = table.column_names
        mark = self._marks.get(table.name)
        where, values = (" WHERE last_updated >= %s", (mark,)) if mark else ("", ())
        cursor.execute(f"SELECT {', '.join(names)} FROM {table.name}{where}", values)
        rows = cursor.fetchall()
        key, stamp = names.index(table.key_name), names.index("last_updated")
        self._rows[table.name].update({row[key]: row for row in rows})
        stamps = [row[stamp] for row in rows if row[stamp] is not None]
        if stamps:
            self._marks[table.name] = max(stamps)
        return len(rows)

    def replica(self) -> Replica:
        """The rows by their keys."""
        return Replica({name: dict(rows) for name, rows in self._rows.items()})
