"""Tables of which the role may read every column, but not the table: it can neither lock them nor see `xmin`.

They are locked by being read, after the snapshot. What was rewritten or swapped in between is found in the system
catalogue, which a transaction sees as of its snapshot by SQL and as of now by functions. Their content is compared.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg2.errors
from psycopg2 import sql

from totelake.capture.postgres.session import Session
from totelake.errors import RetriableError

Name = tuple[str, str]
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


def lock_by_reading(session: Session, names: Iterable[Name]) -> None:
    """Lock tables in the present snapshot. Raises RetriableError when one is not the table any more that it shows."""
    found = sorted(names)
    if not found:
        return
    try:
        for name in found:
            session.run(sql.SQL("SELECT FROM {} LIMIT 0").format(sql.Identifier(*name)))
        replaced = [str(row[0]) for row in session.rows(_REPLACED, (tuple(found),))]
    except (psycopg2.errors.LockNotAvailable, psycopg2.errors.UndefinedTable) as error:
        said = str(error).split("CONTEXT")[0].strip()
        raise RetriableError(
            f"a schema change holds a source table ({said}); run the job again when it has ended"
        ) from error
    if replaced:
        raise RetriableError(f"{', '.join(replaced)} of the source was rewritten as the run began; run the job again")
