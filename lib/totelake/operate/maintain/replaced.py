"""What compactions left behind: objects whose rows lie elsewhere since more than a day. In doubt they are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Callable

from totelake.contracts.model import Table
from totelake.lake import loaded
from totelake.lake.commits import CommitLog
from totelake.lake.keys import COMPACTED
from totelake.lake.layout import Layout
from totelake.lake.locations import Place, places
from totelake.lake.manifest import REPLAY, Manifest
from totelake.operate.maintain.expire import objects_below
from totelake.operate.maintain.garbage import WAIT, Listed


def replaced_of(s3: Any, glue: Any, bucket: str, database: str, table: Table, now: datetime) -> list[Listed]:
    """Look up a star table's objects that nobody needs at their keys any more."""
    log = CommitLog(s3, bucket, table.name)
    newest = log.newest()
    layout = Layout.of(newest.state) if newest else Layout()
    if not layout.moved:
        return []
    settled = settled_moves(
        layout, places(glue, database, table), loaded.taken(CommitLog(s3, bucket, loaded.LOG)).get(table.name, 0), now
    )
    listed = [
        item
        for prefix in (f"{table.name}/", f"{COMPACTED}/{table.name}/")
        for item in objects_below(s3, bucket, prefix)
    ]
    # a commit has an object in each partition that it touched, and is read once for all of them
    return replaced(table.name, settled, listed, lru_cache(maxsize=None)(log.get), now)


def settled_moves(layout: Layout, found: Mapping[str, Place], taken: int, now: datetime) -> dict[str, int]:
    """The moves that no reader is behind any more: the catalogue knows them since a day, and a load was beyond them."""
    settled = {}
    for folder, number in layout.moved.items():
        place = found.get(folder, Place(0))
        if place.moved == number and place.since is not None and place.since < now - WAIT and taken >= number:
            settled[folder] = number
    return settled


def replaced(
    table: str, settled: Mapping[str, int], listed: Iterable[Listed], get: Callable[[int], Manifest], now: datetime
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
        manifest = get(int(match[3]))
        names = {named.key for named in manifest.objects_of(table)}
        if manifest.kind != REPLAY and item.key in names:
            found.append(item)
    return found
