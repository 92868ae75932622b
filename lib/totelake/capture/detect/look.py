"""One look at the source: what `watch` measures and `ingest` acts on, in one transaction over all tables."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg2

from totelake.capture.blocked import (
    dated,
    is_locked,
    is_unreadable,
    nothing_left,
    unordered,
    unreadable,
    without_contract,
)
from totelake.capture.detect.search import (
    MOST_XIDS,
    NOTHING,
    Look,
    Search,
    age_of,
    choose,
    measure,
    reason_for_everything,
)
from totelake.capture.ledger.keys import Key
from totelake.capture.ledger.merge import KeyHashes, KeyOrderError, ascending
from totelake.capture.postgres.copy import UnreadableError, copy_keys, try_types
from totelake.capture.postgres.locks import PATIENT, refused
from totelake.capture.postgres.server import BEHIND, Standing, judge, read_identity
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape, read_shapes, unlockable
from totelake.capture.postgres.snapshot import one_snapshot
from totelake.contracts.model import Table
from totelake.lake.records.batch import BlockedTable, Bookmark, ServerIdentity, Snapshot
from totelake.ports.postgres_errors import is_of_locks, is_of_table, said
from totelake.schemas.changes import changed_key


@dataclass(frozen=True)
class SourceLook:
    """What one snapshot shows beside the bookmark; `since_age` is the window's bound in this transaction.

    `blocked` are the tables that cannot be captured; `newly_blocked` names those that are not as in the bookmark.
    """

    snapshot: Snapshot
    identity: ServerIdentity
    shapes: Mapping[str, Shape]
    looks: Mapping[str, Look]
    searches: Mapping[str, Search]
    since_age: int
    blocked: Mapping[str, BlockedTable]
    newly_blocked: tuple[str, ...]

    @property
    def has_work(self) -> bool:
        """Whether any table has to be searched, or is blocked that was not before, or for another reason."""
        return bool(self.newly_blocked) or any(search.kind != NOTHING for search in self.searches.values())

    def without(self, blocked: Mapping[str, BlockedTable], bookmark: Bookmark) -> SourceLook:
        """The look when these tables turn out to be blocked, too. Raises as `look` when all tables are."""
        if not blocked:
            return self
        shapes = {name: shape for name, shape in self.shapes.items() if name not in blocked}
        if not shapes:
            raise nothing_left(blocked)
        found = {**self.blocked, **dated(blocked, bookmark.blocked, bookmark.batch + 1)}
        return replace(self, shapes=shapes, blocked=found)


def standing_of(session: Session, bookmark: Bookmark) -> Standing:
    """How the server that answers stands to the last batch, before a transaction is opened."""
    return judge(bookmark.identity, read_identity(session))


@contextmanager
def look(
    session: Session,
    tables: Sequence[Table],
    bookmark: Bookmark,
    disabled: bool = False,
    allow_deletes: Sequence[str] = (),
) -> Iterator[SourceLook]:
    """Open the snapshot, measure every table and choose its search; further reads inside see the same snapshot.

    Tables that cannot be captured or locked, or have no contract any more, are blocked. Raises SourceError when all
    tables are blocked, or before the first batch one is not there or may not be read: then the set-up is wrong.
    Raises RetriableError instead when others' locks are among what blocks them.
    """
    unreachable = unlockable(session, tables, strict=not bookmark.batch)
    reachable = [table for table in tables if table.name not in unreachable]
    if not reachable:
        raise nothing_left(unreachable)
    hurried = [name for name, item in bookmark.blocked.items() if is_locked(item)]
    with one_snapshot(session, reachable, PATIENT, hurried) as opened:
        snapshot, unreachable = opened.snapshot, {**unreachable, **opened.refused}
        identity = read_identity(session)
        everything = reason_for_everything(bookmark, identity, snapshot, disabled)
        shapes, misshapen = read_shapes(session, opened.tables)
        rekeyed = _rekeyed(shapes, bookmark)
        shapes = {name: shape for name, shape in shapes.items() if name not in rekeyed}
        names = {table.name for table in tables}
        dropped = {name: without_contract(name) for name in bookmark.tables if name not in names}
        blocked = dated({**unreachable, **misshapen, **rekeyed, **dropped}, bookmark.blocked, bookmark.batch + 1)
        if blocked and not shapes:
            raise nothing_left(blocked)
        since = bookmark.snapshot or snapshot
        distance = snapshot.xmax - since.xmin
        since_age = age_of(session, since.xmin) if 0 <= distance < MOST_XIDS else 0
        next_age = age_of(session, snapshot.xmin)
        looks, damaged = _measured(session, shapes, since_age, next_age, bookmark)
        if not looks:
            raise nothing_left(damaged)
        shapes = {name: shape for name, shape in shapes.items() if name in looks}
        blocked.update(dated(damaged, bookmark.blocked, bookmark.batch + 1))
        reasons = {name: everything or _unblocked(bookmark, name) for name in shapes}
        searches = {
            name: choose(bookmark.tables.get(name), shape, looks[name], reasons[name], name in allow_deletes)
            for name, shape in shapes.items()
        }
        newly = tuple(name for name, item in blocked.items() if not item.is_like(bookmark.blocked.get(name)))
        yield SourceLook(snapshot, identity, shapes, looks, searches, since_age, blocked, newly)


def _measured(
    session: Session, shapes: Mapping[str, Shape], since_age: int, next_age: int, bookmark: Bookmark
) -> tuple[dict[str, Look], dict[str, BlockedTable]]:
    """The measures of the tables that the server can read, and why it cannot read the others."""
    looks, blocked = {}, {}
    for name, shape in shapes.items():
        try:
            looks[name] = measure(session, shape, since_age, next_age)
            if is_unreadable(bookmark.blocked.get(name)):
                # a measure may succeed where a capture failed, which would then be tried at every look
                keys = (KeyHashes.of_keys(block) for block in copy_keys(session, shape))
                collections.deque(ascending(keys), maxlen=0)
                try_types(session, shape)
        except KeyOrderError:
            del looks[name]
            blocked[name] = unordered(name, f"{shape.schema}.{shape.table}", shape.key.name)
        except (psycopg2.Error, UnreadableError) as error:
            looks.pop(name, None)
            if is_of_locks(error):
                blocked.update(refused(session, (shape.schema, shape.table), error))
                continue
            if isinstance(error, psycopg2.Error) and not is_of_table(error):
                raise
            blocked[name] = unreadable(name, f"{shape.schema}.{shape.table}", said(error))
    return looks, blocked


def _rekeyed(shapes: Mapping[str, Shape], bookmark: Bookmark) -> dict[str, BlockedTable]:
    """Tables whose contract followed the source to another key, or whose key has values of another kind.

    One whose column is gone was renamed, and goes on.
    """
    found = {}
    for name, shape in shapes.items():
        state = bookmark.tables.get(name)
        if state is None:
            continue
        before, names = Key.recorded(state.key, state.key_kind), {column.name for column in shape.columns}
        is_kept = before.names == shape.key.names or not names.issuperset(before.names)
        if is_kept and before.kinds == shape.key.kinds:
            continue
        has_kinds = before.kinds == shape.key.kinds
        old, new = (key.name if has_kinds else key.described for key in (before, shape.key))
        is_retyped = before.names == shape.key.names
        again = f"make {old} the primary key again, in contract and source"
        why = (
            f"{shape.schema}.{shape.table} was captured under the key {old}; its key now is {new}, and rows captured "
            "under the old key cannot be matched to the new one; "
            f"{'give its columns their former types again' if is_retyped else again}"
        )
        found[name] = BlockedTable(changed_key(name, old, new), why)
    return found


def _unblocked(bookmark: Bookmark, name: str) -> str:
    """Why a table is compared whole that can be captured again; '' for one that always could."""
    blocked = bookmark.blocked.get(name)
    return f"it could not be captured from batch {blocked.since} on" if blocked else ""


def is_behind(standing: Standing) -> bool:
    """Whether a standby answers that has not yet replayed what the last batch saw."""
    return standing.kind == BEHIND
