"""What a look is: its name, what is expected, what was found, and what to change where that is not the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Callable

from totelake.errors import TotelakeError, unexpected
from totelake.ports.aws_errors import AwsError, translation_of
from totelake.runtime.outcome import PROBLEM, Result, problem, told
from totelake.runtime.time_limit import within

UNKNOWN = "not known"
_SEE = "see docs/canary.md"
SECONDS = 30.0


@dataclass(frozen=True)
class Look:
    """One look. `find` may raise whatever it meets; it has `seconds` for it."""

    name: str
    expected: str
    find: Callable[[], Result]
    seconds: float = SECONDS


@dataclass(frozen=True)
class Finding:
    """What a look found, with its name and what was expected. A problem would stop the pipeline, a warning not."""

    look: str
    expected: str
    outcome: str
    found: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """The finding on one line."""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.look}: {self.outcome}: expected {self.expected}; found {self.found}{remedy}"


class NotKnownError(TotelakeError):
    """What a look is about is not there to be looked at: on one machine, or without a right to ask."""


def unknown(detail: str, remedy: str = "") -> Result:
    """Nobody can say here."""
    return Result(UNKNOWN, detail, remedy)


def examine(looks: Iterable[Look]) -> Iterator[Finding]:
    """What each look finds, one after the other. One that fails or never answers ends no other, and is a problem."""
    for look in looks:
        found = _guarded(look)
        yield Finding(look.name, look.expected, found.outcome, " ".join(found.detail.split()), found.remedy)


def problems(findings: Iterable[Finding]) -> list[Finding]:
    """Those that would stop the pipeline."""
    return [finding for finding in findings if finding.outcome == PROBLEM]


def _guarded(look: Look) -> Result:
    silent = f"no answer within {look.seconds:g} s; see the network on the way to what this look asks"
    try:
        (found,) = within(look.seconds, lambda: [look.find()], silent)
        return found
    except NotKnownError as error:
        return replace(told(str(error), _SEE), outcome=UNKNOWN)
    except TotelakeError as error:
        return told(str(error), _SEE)
    except AwsError as error:
        return told(str(translation_of(error)), _SEE)
    except Exception as error:  # whatever it is, it is told, and never taken for a success
        return problem(f"the look ended with {unexpected(error)}", "see that what it names can be used")
