"""Tables of which the role may read every column, but not the table: it can neither lock them nor see `xmin`.

They are locked by being read, after the snapshot. What was rewritten or swapped in between is found in the system
catalogue, which a transaction sees as of its snapshot by SQL and as of now by functions. Their content is compared.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg2.errors
from psycopg2 import sql

from totelake.capture.postgres.locks import Patience, lock_each
from totelake.capture.postgres.session import Name, Session
from totelake.errors import RetriableError
from totelake.ports.postgres_errors import said

WHY = "its role may read columns only and sees no xmin, so the content is compared"

_CLOSED = """
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname::text, c.relname::text) IN %s AND NOT has_table_privilege(c.oid, 'SELECT')"""

_REPLACED = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname::text, c.relname::text) IN %s
  AND (c.relfilenode IS DISTINCT FROM pg_relation_filenode(c.oid)
       OR to_regclass(format('%%I.%%I', n.nspname, c.relname))::oid IS DISTINCT FROM c.oid)"""


def columns_only(session: Session, names: Iterable[Name]) -> frozenset[Name]:
    """Those of the tables, as (schema, name), that the role has no right to read as a whole."""
    return frozenset((row[0], row[1]) for row in session.rows(_CLOSED, (tuple(names),)))


def lock_by_reading(session: Session, names: Iterable[Name], patience: Patience) -> dict[Name, str]:
    """Lock tables in the present snapshot, and the SQLSTATEs by which the server refuses it, of those that it refuses.

    Raises RetriableError when one is not the table any more that the snapshot shows.
    """
    reads = {name: sql.SQL("SELECT FROM {} LIMIT 0").format(sql.Identifier(*name)) for name in sorted(names)}
    if not reads:
        return {}
    try:
        refused = lock_each(session, reads, patience)
    except psycopg2.errors.UndefinedTable as error:
        raise RetriableError(
            f"a source table was dropped as the run began ({said(error)}); run the job again"
        ) from error
    had = tuple(name for name in reads if name not in refused)
    replaced = [str(row[0]) for row in session.rows(_REPLACED, (had,))] if had else []
    if replaced:
        raise RetriableError(f"{', '.join(replaced)} of the source was rewritten as the run began; run the job again")
    return refused
