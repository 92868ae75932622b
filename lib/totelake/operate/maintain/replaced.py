"""What compactions left behind: objects whose rows are elsewhere since more than a day. In doubt they are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Callable

from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.keys import COMPACTED
from totelake.lake.layout import Layout
from totelake.lake.locations import Place, places
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.marks import LOADED, LoadMark
from totelake.lake.records.star_commit import StarCommit
from totelake.operate.maintain.garbage import WAIT
from totelake.ports.object_store import Listed


def replaced_of(zone: ProcessedZone, table: Table, now: datetime) -> list[Listed]:
    """Look up a star table's objects that nobody needs at their keys any more."""
    layout = zone.newest(table).layout
    if not layout.moved:
        return []
    loaded = LoadMark.of(CommitLog(zone.store, LOADED).newest()).commits.get(table.name, 0)
    settled = settled_moves(layout, places(zone.catalog, table), loaded, now)
    listed = [item for prefix in (f"{table.name}/", f"{COMPACTED}/{table.name}/") for item in zone.store.list(prefix)]
    log = zone.log(table)

    # a commit has an object in each partition that it touched, and is read once for all of them
    @cache
    def get(number: int) -> StarCommit:
        return StarCommit.of(table, log.get(number))

    return replaced(table.name, settled, listed, get, now)


def settled_moves(layout: Layout, found: Mapping[str, Place], loaded: int, now: datetime) -> dict[str, int]:
    """The moves that no reader is behind any more: the Data Catalog has them since a day, and a load was beyond them.

    `found` says where the Data Catalog has each partition, `loaded` is the newest commit that a load has taken.
    """
    settled = {}
    for folder, number in layout.moved.items():
        place = found.get(folder, Place(0))
        if place.moved == number and place.since is not None and place.since < now - WAIT and loaded >= number:
            settled[folder] = number
    return settled


def replaced(
    table: str, settled: Mapping[str, int], listed: Iterable[Listed], get: Callable[[int], StarCommit], now: datetime
) -> list[Listed]:
    """Of the objects of a star table those that a settled move replaced; `get` gives the commit of a number.

    What a replay wrote stays, because the next replay reads it there to know what is done.
    """
    key = re.compile(rf"^(?:{COMPACTED}/{table}/(\d{{12}})|{table})/(?:([^/]+)/)?(\d{{12}})-\d+\.parquet$")
    found = []
    for item in listed:
        match = key.match(item.key)
        if match is None or int(match[1] or 0) >= settled.get(match[2] or "", 0) or item.modified >= now - WAIT:
            continue
        commit = get(int(match[3]))
        if not commit.is_replay and item.key in {named.key for named in commit.objects}:
            found.append(item)
    return found
