"""Staging tables say when they were made, so that a later load can drop those of a run that was killed."""

from __future__ import annotations

from datetime import datetime, timedelta

from totelake.warehouse.ddl import STAGING
from totelake.warehouse.jdbc import Connection

# no run lives as long: its job's time-out is an hour
WAIT = timedelta(days=1)
_NOTE = "made by totelake at "
_LISTED = f"""
SELECT format('%I.%I', n.nspname, c.relname), obj_description(c.oid, 'pg_class')
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = '{STAGING}' AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_locks WHERE relation = c.oid)
 ORDER BY 1"""


def note(name: str, now: datetime) -> str:
    """The statement that notes on a staging table, by its quoted name, when it was made."""
    return f"COMMENT ON TABLE {name} IS '{_NOTE}{now.isoformat()}'"


def is_left_over(comment: str | None, now: datetime) -> bool:
    """Whether the run that made a table with this note is surely over; a table without a note stays."""
    if comment is None or not comment.startswith(_NOTE):
        return False
    return datetime.fromisoformat(comment[len(_NOTE) :]) < now - WAIT


def drop_left_over(connection: Connection, now: datetime) -> list[str]:
    """Drop what killed runs left, but for what somebody, as a backup, reads just now; the quoted names."""
    found = [str(name) for name, comment in connection.rows(_LISTED) if is_left_over(comment, now)]
    for name in found:
        connection.run(f"DROP TABLE IF EXISTS {name}")
    return found
