"""The kinds of feeds: how each is looked at. A source that is a database is none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from totelake.contracts.model import Table
from totelake.contracts.sources import FILES, HTTP, Source
from totelake.errors import ConfigurationError
from totelake.feeds.files.look import look_at_files
from totelake.feeds.looks import Look, Place, TableLook
from totelake.feeds.rates.place import look_at_rates
from totelake.lake.records.batch import Bookmark

LOOKS: Mapping[str, Look] = {FILES: look_at_files, HTTP: look_at_rates}


def look_at_feed(place: Place, source: Source, tables: Sequence[Table], bookmark: Bookmark) -> list[TableLook]:
    """Each table of a feed. Raises SourceError when the feed cannot be looked at."""
    look = LOOKS.get(source.kind)
    if look is None:
        raise ConfigurationError(f"{source.name} is of kind {source.kind}, which is no feed; use {', '.join(LOOKS)}")
    return look(place, source, tables, bookmark)
