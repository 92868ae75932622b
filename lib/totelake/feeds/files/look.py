"""A look at the files of a source: how many are there, are taken, and are new or changed."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.feeds.files.bucket import SourceBucket
from totelake.feeds.files.taken import TakenFiles
from totelake.feeds.looks import Place, TableLook
from totelake.lake.records.batch import Bookmark

_NAMED = 3


def look_at_files(place: Place, source: Source, tables: Sequence[Table], bookmark: Bookmark) -> list[TableLook]:
    """Each table of a source of kind files. Raises SourceError when its bucket cannot be listed."""
    bucket = SourceBucket(place.clients, source, place.prefix)
    found = []
    for table in tables:
        taken = TakenFiles.of(bookmark.position or {}, table.name, place.ingestion)
        count = size = mine = news = 0
        first: list[str] = []
        for item in bucket.files(table):
            count, size = count + 1, size + item.bytes
            if taken.has(item):
                mine += 1
            else:
                news += 1
                first += [item.key] if len(first) < _NAMED else []
        more = ", ..." if news > len(first) else ""
        said = f"{news} files are new or changed: {', '.join(first)}{more}" if news else ""
        found.append(TableLook(table.name, f"{count} files of {size} bytes", f"{mine} files", said))
    return found
