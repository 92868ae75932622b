"""One look at the source: what `watch` measures and `ingest` acts on, in one transaction over all tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from totelake.capture.bookmark import Bookmark
from totelake.capture.identity import BEHIND, Identity, Standing, judge, read_identity
from totelake.capture.search import MOST_XIDS, NOTHING, Look, Search, age_of, choose, measure, reason_for_everything
from totelake.capture.session import Session, Snapshot, one_snapshot
from totelake.capture.shape import Shape, check_presence, read_shapes
from totelake.contracts.model import Table


@dataclass(frozen=True)
class SourceLook:
    """What one snapshot shows beside the bookmark; `since_age` is the window's bound in this transaction."""

    snapshot: Snapshot
    identity: Identity
    shapes: Mapping[str, Shape]
    looks: Mapping[str, Look]
    searches: Mapping[str, Search]
    since_age: int

    @property
    def has_work(self) -> bool:
        """Whether any table has to be searched."""
        return any(search.kind != NOTHING for search in self.searches.values())


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
    """Open the snapshot, measure every table and choose its search; further reads inside see the same snapshot."""
    check_presence(session, tables)
    with one_snapshot(session, tables) as snapshot:
        identity = read_identity(session)
        everything = reason_for_everything(bookmark, identity, snapshot, disabled)
        shapes = read_shapes(session, tables)
        since = bookmark.snapshot or snapshot
        distance = snapshot.xmax - since.xmin
        since_age = age_of(session, since.xmin) if 0 <= distance < MOST_XIDS else 0
        next_age = age_of(session, snapshot.xmin)
        looks = {name: measure(session, shape, since_age, next_age) for name, shape in shapes.items()}
        searches = {
            name: choose(bookmark.tables.get(name), shape, looks[name], everything, name in allow_deletes)
            for name, shape in shapes.items()
        }
        yield SourceLook(snapshot, identity, shapes, looks, searches, since_age)


def is_behind(standing: Standing) -> bool:
    """Whether a standby answers that has not yet replayed what the last batch saw."""
    return standing.kind == BEHIND
