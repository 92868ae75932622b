"""What somebody who looks at a machine, an account or a database says: how it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from totelake.errors import parted

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Result:
    """How something is: `detail` what is, `remedy` what to do, which only an OK has not."""

    outcome: str
    detail: str
    remedy: str = ""


def ok(detail: str) -> Result:
    """Nothing is to be done."""
    return Result(OK, detail)


def warning(detail: str, remedy: str) -> Result:
    """It works, with something that its user should know or change."""
    return Result(WARNING, detail, remedy)


def problem(detail: str, remedy: str) -> Result:
    """It does not work like this."""
    return Result(PROBLEM, detail, remedy)


def told(sentence: str, otherwise: str) -> Result:
    """A problem by a sentence of ours, which ends in the remedy; `otherwise` is that of one which has none."""
    return problem(*parted(sentence, otherwise))
