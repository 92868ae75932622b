"""One look at the source: what `watch` measures and `ingest` acts on, in one transaction over all tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from totelake.capture.detect.blocked import Obstacle, dated, without_contract
from totelake.capture.detect.bookmark import Bookmark
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
from totelake.capture.postgres.relations import out_of_reach
from totelake.capture.postgres.server import BEHIND, Identity, Standing, judge, read_identity
from totelake.capture.postgres.session import Session, Snapshot, one_snapshot
from totelake.capture.postgres.shape import Shape, read_shapes
from totelake.contracts.model import Table
from totelake.errors import SourceError
from totelake.schemas.changes import changed_key


@dataclass(frozen=True)
class SourceLook:
    """What one snapshot shows beside the bookmark; `since_age` is the window's bound in this transaction.

    `obstacles` are of the tables that are left out, `news` says which of them are not as the bookmark has them.
    """

    snapshot: Snapshot
    identity: Identity
    shapes: Mapping[str, Shape]
    looks: Mapping[str, Look]
    searches: Mapping[str, Search]
    since_age: int
    obstacles: Mapping[str, Obstacle]
    news: tuple[str, ...]

    @property
    def has_work(self) -> bool:
        """Whether any table has to be searched, or cannot be captured any more, or for another reason than before."""
        return bool(self.news) or any(search.kind != NOTHING for search in self.searches.values())


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

    Tables that cannot be captured, or have no contract any more, are left out. Raises SourceError when that is any
    before the first batch, when the set-up is what is wrong, or all of them.
    """
    unreachable = out_of_reach(session, tables, strict=not bookmark.batch)
    reachable = [table for table in tables if table.name not in unreachable]
    if not reachable:
        raise SourceError(next(iter(unreachable.values())).why)
    with one_snapshot(session, reachable) as snapshot:
        identity = read_identity(session)
        everything = reason_for_everything(bookmark, identity, snapshot, disabled)
        shapes, unfit = read_shapes(session, reachable)
        rekeyed = _rekeyed(shapes, bookmark)
        shapes = {name: shape for name, shape in shapes.items() if name not in rekeyed}
        names = {table.name for table in tables}
        dropped = {name: without_contract(name) for name in bookmark.tables if name not in names}
        obstacles = dated({**unreachable, **unfit, **rekeyed, **dropped}, bookmark.obstacles, bookmark.batch + 1)
        if obstacles and not (shapes and bookmark.batch):
            raise SourceError(next(iter(obstacles.values())).why)
        since = bookmark.snapshot or snapshot
        distance = snapshot.xmax - since.xmin
        since_age = age_of(session, since.xmin) if 0 <= distance < MOST_XIDS else 0
        next_age = age_of(session, snapshot.xmin)
        looks = {name: measure(session, shape, since_age, next_age) for name, shape in shapes.items()}
        reasons = {name: everything or _return(bookmark, name) for name in shapes}
        searches = {
            name: choose(bookmark.tables.get(name), shape, looks[name], reasons[name], name in allow_deletes)
            for name, shape in shapes.items()
        }
        news = tuple(name for name, item in obstacles.items() if not item.is_like(bookmark.obstacles.get(name)))
        yield SourceLook(snapshot, identity, shapes, looks, searches, since_age, obstacles, news)


def _rekeyed(shapes: Mapping[str, Shape], bookmark: Bookmark) -> dict[str, Obstacle]:
    """Tables whose contract followed the source to another key; one whose column is gone was renamed, and goes on."""
    found = {}
    for name, shape in shapes.items():
        before = bookmark.tables[name].key if name in bookmark.tables else ""
        if before not in ("", shape.key) and before in {column.name for column in shape.columns}:
            why = (
                f"{shape.schema}.{shape.table} was captured by its key {before}, which its contract now says is "
                f"{shape.key}, and what was captured by the one cannot be told by the other; make {before} the primary "
                "key again, in contract and source"
            )
            found[name] = Obstacle(changed_key(name, before, shape.key), why)
    return found


def _return(bookmark: Bookmark, name: str) -> str:
    """Why a table is compared whole that can be captured again; '' for one that always could."""
    obstacle = bookmark.obstacles.get(name)
    return f"it could not be captured from batch {obstacle.since} on" if obstacle else ""


def is_behind(standing: Standing) -> bool:
    """Whether a standby answers that has not yet replayed what the last batch saw."""
    return standing.kind == BEHIND
