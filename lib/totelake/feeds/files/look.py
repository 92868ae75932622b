"""A look at the files of a source: how many are there, are taken, and are new or changed."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.feeds.files.bucket import SourceBucket
from totelake.feeds.files.taken import TAKEN, UNREAD, TakenFiles
from totelake.feeds.looks import Place, TableLook
from totelake.feeds.tables import FeedTable
from totelake.lake.records.batch import Bookmark

_NAMED = 3
# in this hour of the day (UTC) files that could not be read are reason for a run, for somebody may have mended them
_AGAIN_HOUR = 3


def look_at_files(place: Place, source: Source, tables: Sequence[Table], bookmark: Bookmark) -> list[TableLook]:
    """Each table of a source of kind files. Raises SourceError when its bucket cannot be listed."""
    bucket = SourceBucket(place.clients, source, place.prefix)
    return [_look(place, bucket, table, bookmark) for table in tables]


def _look(place: Place, bucket: SourceBucket, table: Table, bookmark: Bookmark) -> TableLook:
    blocked, before = FeedTable(table).blocked_since(bookmark.tables.get(table.name)), bookmark.blocked.get(table.name)
    position = bookmark.position or {}
    taken, unread = (TakenFiles.of(position, table.name, place.ingestion, which) for which in (TAKEN, UNREAD))
    count = size = mine = 0
    news, waits = _Named("are new or changed"), _Named("cannot be read as they are")
    for item in bucket.files(table):
        count, size = count + 1, size + item.bytes
        if taken.has(item):
            mine += 1
        elif unread.has(item):
            waits.add(item.key)
        else:
            news.add(item.key)
    reasons = [news.said, *([waits.said] if place.now.hour == _AGAIN_HOUR else [])]
    said = "; ".join(reason for reason in reasons if reason)
    if blocked is not None:
        said = "" if blocked.is_like(before) else f"cannot be taken: {blocked.why}"
        return TableLook(table.name, f"{count} files of {size} bytes", f"{mine} files", said, blocked.why)
    if before is not None and not said:
        said = f"it can be taken again, which it could not since batch {before.since}"
    return TableLook(table.name, f"{count} files of {size} bytes", f"{mine} files", said, waits.said)


class _Named:
    """Files that are counted, of which the first are named."""

    def __init__(self, what: str) -> None:
        self._what, self._count, self._first = what, 0, list[str]()

    def add(self, key: str) -> None:
        """Count a file."""
        self._count += 1
        self._first += [key] if len(self._first) < _NAMED else []

    @property
    def said(self) -> str:
        """The files in a sentence, '' of none."""
        more = ", ..." if self._count > len(self._first) else ""
        return f"{self._count} files {self._what}: {', '.join(self._first)}{more}" if self._count else ""
