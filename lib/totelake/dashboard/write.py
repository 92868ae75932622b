"""A dashboard as a file: written whole or not at all, once or again and again."""

from __future__ import annotations

import os
import tempfile
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
from totelake.errors import ConfigurationError, LakeError, RetriableError, WarehouseError

_FILE_MODE = 0o666
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
    text = page(document(wanted.dashboard, wanted.queries, answers, wanted.on, moment, wanted.every, wanted.since))
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


def replace(file: Path, text: str) -> int:
    """Put the text in the file's place at once, for readers see the old or the new one; the bytes of it.

    Raises ConfigurationError for what is no file, OSError where it cannot be written.
    """
    target = file.resolve()
    if target.exists() and not target.is_file():
        raise ConfigurationError(f"{file} is no file; name one with --output")
    content = text.encode()
    descriptor, part = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        os.chmod(part, _mode(target))
        os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return len(content)


def _mode(target: Path) -> int:
    """That of the file which is replaced, else what the user's umask leaves."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return _FILE_MODE & ~mask
