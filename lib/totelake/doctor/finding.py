"""What a check is and what it finds: one line each, with a remedy wherever something is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Callable

from botocore.exceptions import BotoCoreError, ClientError

from totelake.errors import ConfigurationError, NoAnswerError, TotelakeError, unexpected
from totelake.ports.aws_errors import translation_of
from totelake.runtime.outcome import PROBLEM, WARNING, Result, told
from totelake.runtime.time_limit import within

# nobody could look, for want of something else; the check itself failed
NOT_CHECKED, BROKEN = "not checked", "check failed"
_SECONDS = 30.0


@dataclass(frozen=True)
class Finding:
    """A result, with its check and the group of that."""

    group: str
    check: str
    outcome: str
    detail: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """What is and what to do."""
        return f"{self.detail}; {self.remedy}" if self.remedy else self.detail


Look = Callable[[], Iterable[Result]]


class NotCheckedError(TotelakeError):
    """A check lacks what it would look at."""


def refused(error: TotelakeError) -> Result:
    """A problem in the words of an error of ours."""
    return told(str(error), "see docs/operations.md")


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of the names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def examine(group: str, checks: Iterable[tuple[str, Look]]) -> list[Finding]:
    """What the checks of a group find, in their order. One that breaks ends no other and counts as nothing else."""
    return [
        Finding(group, name, result.outcome, result.detail, result.remedy)
        for name, look in checks
        for result in _guarded(look)
    ]


def _guarded(look: Look) -> Iterator[Result]:
    silent = f"there was no answer within {_SECONDS:.0f} s; see that what this check looks at is up and answers"
    try:
        yield from within(_SECONDS, look, silent)
    except NotCheckedError as error:
        detail, _, remedy = str(error).rpartition("; ")
        yield Result(NOT_CHECKED, detail, remedy)
    except NoAnswerError as error:
        yield replace(refused(error), outcome=BROKEN)
    except TotelakeError as error:
        yield refused(error)
    except (ClientError, BotoCoreError) as error:
        yield refused(translation_of(error))
    except Exception as error:  # whatever it is, it is told, and never taken for a success
        what = f"the check ended with {unexpected(error)}"
        yield Result(BROKEN, what, "see that what it names can be read, or report this line")


def of_outcome(findings: Iterable[Finding], *outcomes: str) -> list[Finding]:
    """Those with one of the outcomes."""
    return [finding for finding in findings if finding.outcome in outcomes]


def refuse(findings: Sequence[Finding], tell: Callable[[str], None]) -> None:
    """Tell of warnings and of checks that failed, a line each. Raises ConfigurationError when there is a problem."""
    for finding in of_outcome(findings, WARNING, BROKEN):
        tell(f"{finding.outcome}: {finding.check}: {finding.sentence}")
    problems = of_outcome(findings, PROBLEM)
    if problems:
        more = f" ({len(problems) - 1} more: see `totelake doctor`)" if len(problems) > 1 else ""
        raise ConfigurationError(f"{problems[0].check}: {problems[0].sentence}{more}")
