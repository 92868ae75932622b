"""Statistics of tables that a load has just written: the planner knows nothing of rows until they are analysed.

Autovacuum sees only what is committed. A plan that was made without statistics runs for hours over millions of rows.
"""

from __future__ import annotations

from totelake.contracts.identifiers import sql_text
from totelake.warehouse.jdbc import Connection

# as autovacuum decides: a load that changes less leaves the plans as good as they were
_BASE, _SHARE = 50, 0.1


def analyse(connection: Connection, name: str) -> None:
    """Analyse a table, by its quoted name; in a transaction, what that has written counts."""
    connection.run(f"ANALYZE {name}")


def analyse_grown(connection: Connection, name: str, written: int) -> None:
    """Analyse a table, by its quoted name, when so many rows written are many for its size."""
    if written <= _BASE:
        return
    known = float(connection.rows(f"SELECT reltuples FROM pg_class WHERE oid = {sql_text(name)}::regclass")[0][0] or 0)
    if written > _BASE + _SHARE * max(known, 0.0):
        analyse(connection, name)
