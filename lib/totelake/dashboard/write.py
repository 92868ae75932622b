"""A dashboard as a file: written whole or not at all, once or again and again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Callable

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from totelake.contracts.dashboards import Dashboard
from totelake.contracts.queries import Query
from totelake.dashboard.answers import Ask, document, gather
from totelake.dashboard.page import page
from totelake.errors import LakeError, RetriableError, WarehouseError
from totelake.pages.files import beside, replace

_PASSING = (WarehouseError, LakeError, RetriableError, psycopg2.OperationalError, ClientError, BotoCoreError)


@dataclass(frozen=True)
class Wanted:
    """A page to write: which dashboard, over which queries, from where (`on`), and the oldest day of its events.

    `asking` gives what answers a query; one such answers all queries of a page. `every` are the seconds after which
    the page looks for a newer one, 0 for never.
    """

    dashboard: Dashboard
    queries: Mapping[str, Query]
    on: str
    asking: Callable[[], AbstractContextManager[Ask]]
    since: date | None = None
    every: int = 0


@dataclass(frozen=True)
class Written:
    """A file that was written: where, its bytes, and the rows of all its queries."""

    file: Path
    size: int
    rows: int


def write(wanted: Wanted, file: Path) -> Written:
    """Write the page. Raises what `gather` and `page` raise, and then leaves the file as it was."""
    taken = datetime.now(timezone.utc)
    with wanted.asking() as ask:
        answers = gather(wanted.dashboard, wanted.queries, wanted.on, ask, wanted.since)
    moment = f"{taken:%Y-%m-%dT%H:%M:%SZ}"
    shown = document(wanted.dashboard, wanted.queries, answers, wanted.on, moment, wanted.every, wanted.since)
    text = page({**shown, "beside": beside(file)})
    return Written(file, replace(file, text), sum(len(answer.rows) for answer in answers.values()))


def watch(
    wanted: Wanted, file: Path, told: Callable[[Written | Exception], None], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Write the page every `wanted.every` seconds, until it is interrupted; each writing is `told`.

    The first has to succeed. What a later one fails by is told too, and the file stays as it was: a warehouse that is
    away for a minute ends no watching. Raises what another time would not mend either.
    """
    told(write(wanted, file))
    while True:
        sleep(wanted.every)
        try:
            told(write(wanted, file))
        except _PASSING as error:
            told(error)
