"""What a command's exit status says."""

from __future__ import annotations

SUCCESS, FAILURE, USAGE, BREAKING_DRIFT, INTERRUPTED = 0, 1, 2, 3, 130
MEANINGS = {
    SUCCESS: "done",
    FAILURE: "failed; one sentence on stderr says what, where and what to do",
    USAGE: "the words of the command are wrong; stderr names the help",
    BREAKING_DRIFT: "drift found a difference that breaks what is built on a table",
    INTERRUPTED: "interrupted (Ctrl-C)",
}
