"""What a command's exit status says."""

from __future__ import annotations

from totelake.stack.interrupts import SIGNALLED

SUCCESS, FAILURE, USAGE = 0, 1, 2
INTERRUPTED, TERMINATED = SIGNALLED + 2, SIGNALLED + 15
BREAKING_DRIFT = NOTHING_CAPTURED = PROBLEM_FOUND = 3
MEANINGS = {
    SUCCESS: "done",
    FAILURE: "failed; one sentence on stderr says what, where and what to do",
    USAGE: "the words of the command are wrong; stderr names the help",
    BREAKING_DRIFT: "drift found a difference that breaks what is built on a table; "
    "reconcile found nothing captured yet; doctor or source check found a problem; source add left a table out",
    INTERRUPTED: "interrupted (Ctrl-C)",
    TERMINATED: "interrupted by SIGTERM; after SIGHUP it is 129",
}
