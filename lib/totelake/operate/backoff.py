"""How long `watch` waits before it starts a refresh again that failed: by the cause, and how often it did; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from totelake.alerts.model import without_particulars
from totelake.runtime.run_reports import RunReport


class Cause(Enum):
    """What made runs fail, as far as it says whether they may succeed by themselves."""

    PASSING = "it may pass by itself"
    LASTING = "somebody has to correct it"
    UNKNOWN = "it is not known whether it passes"


@dataclass(frozen=True)
class Pause:
    """A pause after `failures` runs, one after the other, that failed for the same reason. `until` is in UTC."""

    cause: Cause
    failures: int
    until: datetime


MOST_RUNS = 8
"""Newest runs that tell everything: after as many failures no pause gets longer."""
# the first pause, and the longest; every further failure doubles it. No first pause: the next look starts a run
_PAUSES = {
    Cause.PASSING: (timedelta(), timedelta(hours=1)),
    Cause.LASTING: (timedelta(minutes=30), timedelta(hours=6)),
    Cause.UNKNOWN: (timedelta(), timedelta(hours=6)),
}
_SECOND = timedelta(minutes=10)
LONGEST = max(longest for _, longest in _PAUSES.values())
"""No pause lasts longer: what seems to was ended by a clock that has been set back since."""
PASSING_ERRORS = ("ContendedError", "ObjectChangedError", "QuotaError", "RetriableError", "StandbyConflictError")
"""The errors of ours that may pass by themselves, as their class says."""
LASTING_ERRORS = (
    "BlockedError",
    "CanaryError",
    "ConfigurationError",
    "ContractError",
    "DamagedError",
    "DamagedRecordError",
    "ForeignRecordError",
    "LakeError",
    "MismatchError",
    "NoAnswerError",
    "NoSuchObjectError",
    "NotCheckedError",
    "NotKnownError",
    "NotParquetError",
    "NoRateError",
    "NotThereError",
    "PortTakenError",
    "RefusedError",
    "RunFailedError",
    "SchemaMismatchError",
    "SourceError",
    "StarTableError",
    "TotelakeError",
    "UnknownTypeError",
    "UnreadableFileError",
    "WarehouseError",
)
"""All others of ours."""
# a job that fails names the class before its sentence; Glue may put words of its own before it
_OURS = re.compile(rf"\b({'|'.join((*PASSING_ERRORS, *LASTING_ERRORS))}): ")
# what others raise: throttling, credentials that have run out (the next run has new ones), the network
_FOREIGN_PASSING = re.compile(
    r"Throttl|SlowDown|TooManyRequests|ExpiredToken|RequestExpired|ConnectionError\b|ConnectTimeout|ReadTimeout",
    re.IGNORECASE,
)
_FOREIGN_LASTING = re.compile(r"AccessDenied")


def cause_of(problems: Sequence[str]) -> Cause:
    """What a failed run says of its cause. Where several steps failed, one that may pass is reason to try soon."""
    found = {_cause_of(problem) for problem in problems}
    return next((cause for cause in Cause if cause in found), Cause.UNKNOWN)


def _cause_of(problem: str) -> Cause:
    """The cause of one failure: by its class where it is an error of ours, else by its words."""
    ours = _OURS.search(problem)
    if ours:
        return Cause.PASSING if ours[1] in PASSING_ERRORS else Cause.LASTING
    if _FOREIGN_PASSING.search(problem):
        return Cause.PASSING
    return Cause.LASTING if _FOREIGN_LASTING.search(problem) else Cause.UNKNOWN


def pause_after(runs: Sequence[RunReport]) -> Pause | None:
    """The pause after the newest runs, the newest first; None when the newest did not fail, or its end is not known."""
    ended = _end(runs[0]) if runs and runs[0].has_failed else None
    if ended is None:
        return None
    problems = runs[0].problems
    reason, failures = _reason(problems), 0
    for run in runs:
        if not run.has_failed or _reason(run.problems) != reason:
            break
        failures += 1
    cause = cause_of(problems)
    return Pause(cause, failures, ended + _pause(cause, failures))


def _pause(cause: Cause, failures: int) -> timedelta:
    first, longest = _PAUSES[cause]
    if failures == 1:
        return first
    doubled: timedelta = max(first * 2, _SECOND) * 2 ** (failures - 2)
    return min(doubled, longest)


def _reason(problems: Sequence[str]) -> tuple[str, ...]:
    """The words of a failure without numbers and ids, which differ from run to run."""
    return tuple(without_particulars(problem) for problem in problems)


def _end(run: RunReport) -> datetime | None:
    if not run.started or run.seconds is None:
        return None
    return datetime.fromisoformat(run.started) + timedelta(seconds=run.seconds)
