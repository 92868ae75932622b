"""What a look at a feed shows, table by table: what is there, and what of it the next run would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Callable

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.lake.records.batch import Bookmark
from totelake.ports.object_store import ObjectStore
from totelake.runtime.clients import Clients


@dataclass(frozen=True)
class Place:
    """From where a feed is looked at: the deployment's clients, ingestion bucket and prefix, and the time there."""

    clients: Clients
    ingestion: ObjectStore
    prefix: str
    now: datetime


@dataclass(frozen=True)
class TableLook:
    """One table of a feed: what is `there`, what of it is `taken`, and what is reason for a run, '' for nothing.

    `waits` is what cannot be taken as it is, '' for nothing. All are words for people.
    """

    table: str
    there: str
    taken: str
    news: str = ""
    waits: str = ""


Look = Callable[[Place, Source, Sequence[Table], Bookmark], "list[TableLook]"]
