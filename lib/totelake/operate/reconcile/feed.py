"""A feed against what is taken of it. The content of what was taken is not read again."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.feeds.kinds import look_at_feed
from totelake.feeds.looks import Place
from totelake.lake.records.batch import Bookmark
from totelake.operate.reconcile.finding import EQUAL, IN_PROGRESS, Finding

CHECK = "source = taken"
_NOT_READ = "what was taken is not read again"


def compare_feed(place: Place, source: Source, tables: Sequence[Table], bookmark: Bookmark) -> list[Finding]:
    """One finding for each table: what is there, and what of it is taken. What the next run takes is in progress."""
    return [
        Finding(
            item.table,
            CHECK,
            item.there,
            item.taken,
            IN_PROGRESS if item.news or item.waits else EQUAL,
            item.news or item.waits or _NOT_READ,
        )
        for item in look_at_feed(place, source, tables, bookmark)
    ]
