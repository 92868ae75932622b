"""What became of a run's process, said in one sentence."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from localglue.states import FAILED, SUCCEEDED

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_LONGEST = 2000
_JVM_DIED = "Exception in thread "
# what Spark and its libraries write to stderr beside the script's own words
_CHATTER = re.compile(
    r"\d\d(\d\d)?[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d\S* (TRACE|DEBUG|INFO|WARN)\b"
    r"|\s|WARNING:|Caused by:|log4j|SLF4J|:: |Using Spark's"
)


@dataclass(frozen=True)
class Outcome:
    """The final state of a run and, unless it succeeded, why."""

    state: str
    message: str | None = None


def of_exit(status: int, tail: Sequence[str], output: Sequence[str] = ()) -> Outcome:
    """Judge a process by its exit status and the last lines of stderr, and of `output` if that has the script's too."""
    return Outcome(SUCCEEDED) if status == 0 else Outcome(FAILED, explanation(status, tail, output))


def explanation(status: int, tail: Sequence[str], output: Sequence[str] = ()) -> str:
    """The exception's own line, or the last words before the exit, or the bare status."""
    if status < 0:
        return f"the script's process was ended by {_signal(-status)}"
    words = _exception(tail) or _exception(output) or _of_the_jvm(tail) or _last_words(output) or _last_words(tail)
    if not words:
        return (
            f"the script ended with exit status {status} and wrote nothing to stderr; raise, or sys.exit('a sentence')"
        )
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def _exception(tail: Sequence[str]) -> str | None:
    """The line that follows the frames of the last traceback."""
    starts = [position for position, line in enumerate(tail) if _TRACEBACK.match(line)]
    if not starts:
        return None
    own_lines = [line.strip() for line in tail[starts[-1] + 1 :] if line.strip() and not line[0].isspace()]
    if len(own_lines) > 1 and own_lines[1].startswith(": "):  # py4j says what the JVM threw on the line below its own
        return own_lines[0] + own_lines[1]
    return own_lines[0] if own_lines else None


def _of_the_jvm(tail: Sequence[str]) -> str | None:
    """What the JVM died of, when it was not the script."""
    return next((line for line in reversed(tail) if line.startswith(_JVM_DIED)), None)


def _last_words(tail: Sequence[str]) -> str | None:
    spoken = [line.strip() for line in tail if line.strip() and not _CHATTER.match(line)]
    return spoken[-1] if spoken else None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
