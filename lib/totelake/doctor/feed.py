"""A source that is no database: whether what it names can be looked at, and what is there of each table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.doctor.finding import Finding, examine
from totelake.feeds.kinds import look_at_feed
from totelake.feeds.looks import Place
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Bookmark
from totelake.runtime.outcome import Result, ok


def examine_feed(place: Place, source: Source, tables: Sequence[Table]) -> list[Finding]:
    """What is there of each table. Nothing is taken."""
    return examine(f"source {source.name}", ((source.kind, partial(_looks, place, source, tables)),))


def _looks(place: Place, source: Source, tables: Sequence[Table]) -> Iterator[Result]:
    """One result for each table. Raises SourceError when the source cannot be looked at."""
    bookmark = Bookmark.of(CommitLog(place.ingestion, source.name).newest())
    for item in look_at_feed(place, source, tables, bookmark):
        yield ok(
            f"{item.table}: {item.there}, {item.taken} taken"
            + (f"; {item.news or item.waits}" if item.news or item.waits else "")
        )
