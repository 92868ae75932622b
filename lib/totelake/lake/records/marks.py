"""Marks: how far the load, the nightly maintenance and the nightly audit have come. Each only ever grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.lake.reading import checked, reading

LOADED, MAINTENANCE, AUDIT = "warehouse", "maintenance", "audit"
_BEGINNING = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class LoadMark:
    """By star table, the newest commit that is loaded whole.

    It is for jobs that may not ask the warehouse. The load itself decides by `etl.batch`, so a warehouse that was
    restored from a backup gets what it lacks, whatever the mark says.
    """

    commits: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest | None) -> LoadMark:
        """Read a commit of the log; an empty mark before the first load."""
        if manifest is None:
            return cls()
        with reading(manifest.key):
            return checked(cls(manifest.state["commits"]))

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        return Manifest.of_attempt(attempt, BOOKMARK, now, {"commits": dict(self.commits)})

    def grown(self, commits: Mapping[str, int]) -> LoadMark:
        """The mark after a load; a load that writes late takes nothing back."""
        further = {name: max(number, self.commits.get(name, 0)) for name, number in commits.items()}
        return LoadMark({**self.commits, **further})


def remember_load(log: CommitLog, commits: Mapping[str, int], run_id: str, now: datetime) -> None:
    """Commit how far a load came, unless the mark says so. Raises RetriableError when others are always faster."""

    def decide(newest: Manifest | None) -> Manifest | None:
        known = LoadMark.of(newest)
        grown = known.grown(commits)
        return None if grown == known else grown.manifest(log.attempt(newest, run_id), now)

    log.append(decide)


@dataclass(frozen=True)
class MaintenanceMark:
    """By bucket and log (`ingestion/verdicts`), the number up to which nothing is left to do; by source, the day on
    which its ledgers were rewritten last."""

    marks: Mapping[str, int] = field(default_factory=dict)
    nights: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest | None) -> MaintenanceMark:
        """Read a commit of the log; an empty mark before the first night."""
        if manifest is None:
            return cls()
        with reading(manifest.key):
            return checked(cls(manifest.state["marks"], manifest.state.get("nights", {})))

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        state = {"marks": dict(self.marks), "nights": dict(self.nights)}
        return Manifest.of_attempt(attempt, BOOKMARK, now, state)


@dataclass(frozen=True)
class AuditMark:
    """The moment (ISO 8601) up to which an audit has found that files, Data Catalog and contracts agree.

    `told` is a later one, up to which it has told of the objects that nobody reads; '' when it is the same.
    """

    through: str = _BEGINNING
    told: str = ""

    @classmethod
    def of(cls, manifest: Manifest | None) -> AuditMark:
        """Read a commit of the log; the beginning of time before the first audit."""
        if manifest is None:
            return cls()
        with reading(manifest.key):
            return checked(cls(manifest.state["through"], manifest.state.get("told", "")))

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        told = {"told": self.told} if self.told else {}
        return Manifest.of_attempt(attempt, BOOKMARK, now, {"through": self.through, **told})
