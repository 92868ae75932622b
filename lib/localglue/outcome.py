"""The outcome of a run: its final state and, if it failed, the reason in one sentence."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from localglue.states import FAILED, SUCCEEDED

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_MAX_LENGTH = 2000
_JVM_DIED = "Exception in thread "
# what Spark and its libraries write to stderr besides the script's own output
_LIBRARY_OUTPUT = re.compile(
    r"\d\d(\d\d)?[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d\S* (TRACE|DEBUG|INFO|WARN)\b"
    r"|\s|WARNING:|Caused by:|log4j|SLF4J|:: |Using Spark's"
)


@dataclass(frozen=True)
class Outcome:
    """The final state of a run and, unless it succeeded, the reason."""

    state: str
    message: str | None = None


def outcome_of(status: int, tail: Sequence[str], output: Sequence[str] = ()) -> Outcome:
    """The outcome of a process, from its exit status and last lines of stderr; for Spark also of stdout (`output`)."""
    return Outcome(SUCCEEDED) if status == 0 else Outcome(FAILED, explanation(status, tail, output))


def explanation(status: int, tail: Sequence[str], output: Sequence[str] = ()) -> str:
    """Why the process failed: the exception's line, or else the last line before the exit, or else the exit status."""
    if status < 0:
        return f"the script's process was ended by {_signal(-status)}"
    reason = _exception(tail) or _exception(output) or _jvm_error(tail) or _last_line(output) or _last_line(tail)
    if not reason:
        return (
            f"the script ended with exit status {status} and wrote nothing to stderr; raise, or sys.exit('a sentence')"
        )
    return reason if len(reason) <= _MAX_LENGTH else f"{reason[:_MAX_LENGTH]}..."


def _exception(tail: Sequence[str]) -> str | None:
    """The line after the frames of the last traceback."""
    starts = [position for position, line in enumerate(tail) if _TRACEBACK.match(line)]
    if not starts:
        return None
    own_lines = [line.strip() for line in tail[starts[-1] + 1 :] if line.strip() and not line[0].isspace()]
    if len(own_lines) > 1 and own_lines[1].startswith(": "):  # py4j writes the JVM's exception on the next line
        return own_lines[0] + own_lines[1]
    return own_lines[0] if own_lines else None


def _jvm_error(tail: Sequence[str]) -> str | None:
    """The JVM's uncaught exception: the JVM failed, not the script."""
    return next((line for line in reversed(tail) if line.startswith(_JVM_DIED)), None)


def _last_line(tail: Sequence[str]) -> str | None:
    """The last line that is the script's own."""
    lines = [line.strip() for line in tail if line.strip() and not _LIBRARY_OUTPUT.match(line)]
    return lines[-1] if lines else None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
