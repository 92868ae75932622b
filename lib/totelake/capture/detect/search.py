"""What to read of each table: nothing, the window of recent transactions, or the whole table. No rows are read here."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2 import sql

from totelake.capture.ledger.keys import MOST_BYTES_KEYS
from totelake.capture.postgres.column_grants import WHY
from totelake.capture.postgres.key_sql import key_hash
from totelake.capture.postgres.server import CHANGED, judge
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape
from totelake.lake.records.batch import Bookmark, ServerIdentity, Snapshot, TableState, Window

NOTHING, WINDOW, WHOLE = "nothing", "window", "whole"
# ages are exact below 2^31; the rest is for transactions that begin between a snapshot and its first age
MOST_XIDS = 2**31 - 2**24

_MEASURE = """
SELECT count(*),
       count(*) FILTER (WHERE {old}), coalesce(sum(hashint8extended({row}, 0)) FILTER (WHERE {old}), 0)::text,
       count(*) FILTER (WHERE {new}), coalesce(sum(hashint8extended({row}, 0)) FILTER (WHERE {new}), 0)::text
  FROM {table} AS t
"""
# `t::text` would be a column named t, or a cast of the row type that somebody has made
_MEASURE_CONTENT = sql.SQL(
    "SELECT count(*), coalesce(sum(hashtextextended(ROW(t.*)::text, 0)), 0)::text FROM {table} AS t"
)


@dataclass(frozen=True)
class Look:
    """One table in the present snapshot: its rows, the window since the bookmark's snapshot, and since this one."""

    rows: int
    since: Window
    next: Window


@dataclass(frozen=True)
class Search:
    """How one table is searched; `why` says it in words."""

    kind: str
    why: str


def age_of(session: Session, xmin: int) -> int:
    """The age of a 64-bit transaction id in this transaction, the scale on which rows are compared with it."""
    return int(session.row("SELECT age(%s::text::xid8::xid)", (xmin,))[0])


def within(age: int) -> sql.Composable:
    """The rows up to that age. Without the lower bound, rows of more than 2^31 transactions ago would come back."""
    return sql.SQL("age(t.xmin) BETWEEN 0 AND {}").format(sql.Literal(age))


def measure(session: Session, shape: Shape, since_age: int, next_age: int) -> Look:
    """Count a table's rows and both its windows in one scan; without `xmin` both are the whole content."""
    if not shape.has_xmin:
        rows, digest = session.row(_MEASURE_CONTENT.format(table=shape.name))
        return Look(int(rows), Window(int(rows), digest), Window(int(rows), digest))
    query = sql.SQL(_MEASURE).format(old=within(since_age), new=within(next_age), row=key_hash(shape), table=shape.name)
    rows, since_rows, since_digest, next_rows, next_digest = session.row(query)
    return Look(int(rows), Window(since_rows, since_digest), Window(next_rows, next_digest))


def reason_for_everything(bookmark: Bookmark, identity: ServerIdentity, now: Snapshot, disabled: bool = False) -> str:
    """Why every table must be compared whole; empty when the windows suffice."""
    if bookmark.snapshot is None:
        return "first copy"
    standing = judge(bookmark.identity, identity)
    if standing.kind == CHANGED:
        return standing.why
    if bookmark.compare:
        return bookmark.compare
    if not bookmark.durable:
        return "the last batch was taken before the source had made it durable"
    if now.xmax < bookmark.snapshot.xmin or now.xmax - bookmark.snapshot.xmin >= MOST_XIDS:
        return "the last batch is too many transactions away"
    return "bookmark disabled" if disabled else ""


def choose(
    previous: TableState | None, shape: Shape, look: Look, everything: str, allow_deletes: bool = False
) -> Search:
    """Decide one table's search; `allow_deletes` lets the deletions pass that were held back."""
    if previous is None:
        return Search(WHOLE, "first copy")
    if everything:
        return Search(WHOLE, everything)
    if previous.compare:
        return Search(WHOLE, previous.compare)
    if previous.fingerprint != shape.fingerprint:
        return Search(WHOLE, "the table's definition changed")
    if not shape.has_xmin:
        is_same = look.since == previous.window and not (previous.deferred and allow_deletes)
        return Search(NOTHING, "") if is_same else Search(WHOLE, WHY)
    if not shape.key.is_number and look.since.rows > MOST_BYTES_KEYS:
        return Search(WHOLE, f"{look.since.rows} row versions, more than are looked up under such a key")
    reasons = []
    if look.since != previous.window:
        reasons.append(f"{look.since.rows} row versions since the last batch's snapshot")
    if look.rows != previous.expected:
        reasons.append(f"{look.rows} rows where {previous.expected} were captured")
    if previous.deferred and allow_deletes:
        reasons.append(f"{previous.deferred} deletions held back are allowed")
    return Search(WINDOW, ", ".join(reasons)) if reasons else Search(NOTHING, "")
