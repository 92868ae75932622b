"""Room for locks: a table is locked with all its partitions and indexes, in the one lock table of the server.

A server whose lock table is full refuses locks to all of its sessions. So the locks are counted before one is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from totelake.capture.blocked import not_capturable
from totelake.capture.postgres.session import Name, Session
from totelake.lake.records.batch import BlockedTable

_NEEDS = """
WITH RECURSIVE tree(root, oid) AS (
    SELECT c.oid, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (n.nspname::text, c.relname::text) IN %s AND c.relkind IN ('r', 'p')
    UNION ALL SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid)
SELECT n.nspname::text, c.relname::text, found.partitions, found.locks
FROM (SELECT tree.root, (count(*) - 1)::int AS partitions,
             (count(*) + sum((SELECT count(*) FROM pg_index x WHERE x.indrelid = tree.oid)))::int AS locks
      FROM tree GROUP BY tree.root) AS found
JOIN pg_class c ON c.oid = found.root JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY found.locks, 1, 2
"""
_ROOM = """
SELECT current_setting('max_locks_per_transaction')::int,
       current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int
"""
# in the common lock table each thing that is locked is there once, whoever locks it
_HELD = """
SELECT count(DISTINCT (locktype, database, relation, page, tuple, virtualxid, transactionid::text, classid, objid,
                       objsubid))
FROM pg_locks WHERE NOT fastpath
"""


@dataclass(frozen=True)
class _Need:
    schema: str
    name: str
    partitions: int
    locks: int


def without_space(session: Session, names: Sequence[Name]) -> dict[str, BlockedTable]:
    """The tables for whose locks the server has no room, by plain name: as few as possible, those that need most."""
    needs = _needs(session, names)
    of_each, sessions = session.row(_ROOM)
    if sum(need.locks for need in needs) <= of_each:
        return {}
    free = of_each * sessions - session.row(_HELD)[0]
    found = {}
    for need in needs:
        if need.locks <= free:
            free -= need.locks
        else:
            found[need.name] = _crowded(need, of_each)
    return found


def refused_space(session: Session, names: Sequence[Name]) -> dict[str, BlockedTable]:
    """Why tables are blocked to which the server refused locks because it has no room for more, by plain name."""
    if not names:
        return {}
    of_each, _ = session.row(_ROOM)
    return {need.name: _crowded(need, of_each) for need in _needs(session, names)}


def _needs(session: Session, names: Sequence[Name]) -> list[_Need]:
    """What each table needs, the least first."""
    return [_Need(*row) for row in session.rows(_NEEDS, (tuple(names),))] if names else []


def _crowded(need: _Need, of_each: int) -> BlockedTable:
    why = (
        f"{need.schema}.{need.name} has {need.partitions} partitions and needs {need.locks} locks with its indexes, "
        f"for which the server has no room; raise max_locks_per_transaction (it is {of_each}) and restart the "
        "server, or merge partitions"
    )
    return not_capturable(need.name, "too many locks", why)
