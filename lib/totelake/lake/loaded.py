"""How far a load has taken the star logs, for who may not ask the warehouse. No load decides by it: `etl.batch` does.

It only grows, so a load that writes late takes nothing back. A warehouse that was restored from a backup is not seen
here; the next load, by `totelake run` or after the next change, brings what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from totelake.errors import RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, Manifest

LOG = "warehouse"
_TRIES = 5


def taken(log: CommitLog) -> dict[str, int]:
    """By star table, the newest commit that a load has found and left nothing due of; empty before the first load."""
    return _commits(log.newest())


def remember(log: CommitLog, commits: Mapping[str, int], run_id: str, now: datetime) -> None:
    """Note what an ended load has taken, unless that is known. Raises RetriableError when others are always faster."""
    for _ in range(_TRIES):
        newest = log.newest()
        known = _commits(newest)
        further = {name: max(number, known.get(name, 0)) for name, number in commits.items()}
        if all(known.get(name) == number for name, number in further.items()):
            return
        attempt = Attempt.new(log.log, newest.number + 1 if newest else 1, run_id)
        state = {"commits": {**known, **further}}
        if log.commit(Manifest(log.log, attempt.number, attempt.id, BOOKMARK, now.isoformat(), state=state)):
            return
    raise RetriableError(f"other loads committed {_TRIES} times to the log {log.log} first; run the job again")


def _commits(manifest: Manifest | None) -> dict[str, int]:
    return {} if manifest is None else {name: int(number) for name, number in manifest.state["commits"].items()}
