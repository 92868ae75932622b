"""What may be deleted of a log: decided from its manifests and a listing, without any I/O. In doubt it is kept.

This is the one reader of manifests that does not use the records: it keeps every key of a state object that a manifest
names, wherever in its state. So no object is deleted because a log has no record here (a table whose contract is gone),
or because a later version names state in a new place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from totelake.contracts.model import TableId
from totelake.lake.keys import INFLIGHT, STATE, apart_mark
from totelake.lake.manifest import Manifest
from totelake.ports.object_store import Listed

WAIT = timedelta(days=1)
_ATTEMPT = re.compile(rf"{INFLIGHT}/([^/]+)/(\d{{12}})/([^/]+)/")
_STATE_KEY = re.compile(rf"{STATE}/([^/]+)/(?:[^/]+/)?(\d{{12}})-")


@dataclass(frozen=True)
class Commit:
    """One manifest as expiry needs it: the attempts and the objects of state that it names."""

    number: int
    committed_at: datetime
    attempts: frozenset[str]
    state: frozenset[str]

    @classmethod
    def of(cls, manifest: Manifest) -> Commit:
        """Read a commit of any log."""
        staged = (_ATTEMPT.match(item.staged) for item in manifest.objects())
        others = {found[3] for found in staged if found and found[1] == manifest.log}
        return cls(
            manifest.number,
            datetime.fromisoformat(manifest.committed_at),
            frozenset({manifest.attempt, *others}),
            frozenset(_state_keys(manifest.state)),
        )


@dataclass(frozen=True)
class Log:
    """The end of a log: its commits from some number on, in order and without a gap, up to the newest."""

    name: str
    commits: Sequence[Commit]

    def settled(self, now: datetime) -> int:
        """How many of the commits are older than a day, before the first that is not."""
        young = (index for index, commit in enumerate(self.commits) if commit.committed_at > now - WAIT)
        return next(young, len(self.commits))

    def named_state(self, now: datetime) -> frozenset[str]:
        """The state that a manifest has named which was the newest at any time since a day ago."""
        recent = self.commits[max(self.settled(now) - 1, 0) :]
        return frozenset().union(*(commit.state for commit in recent))


def stale_attempts(log: Log, listed: Iterable[Listed], now: datetime) -> list[Listed]:
    """What attempts left that lost: the manifest of their number names another, and they are older than a day."""
    owners = {commit.number: commit.attempts for commit in log.commits}
    return [
        item
        for (number, attempt), items in _by_attempt(log, listed).items()
        if number in owners and attempt not in owners[number] and _is_old(items, now)
        for item in items
    ]


def stale_state(log: Log, listed: Iterable[Listed], now: datetime) -> list[Listed]:
    """The state of committed numbers that no manifest names which was the newest at any time since a day ago."""
    if not log.commits:
        return []
    named, newest = log.named_state(now), log.commits[-1].number
    found = []
    for item in listed:
        match = _STATE_KEY.match(item.key)
        is_ours = match is not None and match[1] == log.name and int(match[2]) <= newest
        if is_ours and item.key not in named and _is_old([item], now):
            found.append(item)
    return found


def stale_marks(listed: Iterable[Listed], tables: Collection[TableId], now: datetime) -> list[Listed]:
    """The marks of tables left apart that are none of these tables, and older than a day: no run takes them up.

    A younger one may be that of a run with newer contracts.
    """
    found = ((item, apart_mark(item.key)) for item in listed)
    return [item for item, mark in found if mark and TableId(mark[0], mark[1]) not in tables and _is_old([item], now)]


def next_mark(log: Log, mark: int, listed: Iterable[Listed], now: datetime) -> int:
    """The number up to which nothing is left to be done: settled, and without an attempt that has yet to expire."""
    settled = log.commits[: log.settled(now)]
    reached = max([mark, *[commit.number for commit in settled]])
    owners = {commit.number: commit.attempts for commit in log.commits}
    for (number, attempt), items in _by_attempt(log, listed).items():
        if attempt not in owners.get(number, frozenset()) and not _is_old(items, now):
            reached = min(reached, number - 1)
    return max(mark, reached)


def _by_attempt(log: Log, listed: Iterable[Listed]) -> Mapping[tuple[int, str], list[Listed]]:
    found: dict[tuple[int, str], list[Listed]] = {}
    for item in listed:
        match = _ATTEMPT.match(item.key)
        if match and match[1] == log.name:
            found.setdefault((int(match[2]), match[3]), []).append(item)
    return found


def _is_old(items: Sequence[Listed], now: datetime) -> bool:
    return all(item.modified < now - WAIT for item in items)


def _state_keys(value: Any) -> Iterator[str]:
    """Every key of a state object, wherever in a manifest's state it stands."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _state_keys(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _state_keys(part)
    elif isinstance(value, str) and value.startswith(f"{STATE}/"):
        yield value
