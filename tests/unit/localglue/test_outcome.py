"""The outcome of a process that has ended."""

from __future__ import annotations

import pytest

from localglue.outcome import Outcome, explanation, outcome_of

SILENT = "the script ended with exit status 2 and wrote nothing to stderr; raise, or sys.exit('a sentence')"
DIED = 'Exception in thread "main" java.lang.Error: jar'
TRACE = ["Traceback (most recent call last):", '  File "job.py", line 3, in <module>', "    main()", "    ~~~~^^"]


def test_status_zero_is_success_whatever_was_written() -> None:
    assert outcome_of(0, [*TRACE, "ValueError: caught"]) == Outcome("SUCCEEDED")


@pytest.mark.parametrize(
    ("status", "tail", "message"),
    [
        (1, [*TRACE, "ValueError: no"], "ValueError: no"),
        (1, [*TRACE, "KeyError: 'a'", "", "During handling ...", "", *TRACE, "errors.Other: b"], "errors.Other: b"),
        (1, [*TRACE, "errors.Other: two", "lines of text"], "errors.Other: two"),
        (1, [*TRACE, "ValueError: no", "26/11/24 05:00:00 INFO ShutdownHookManager: bye"], "ValueError: no"),
        (
            1,
            [
                *TRACE,
                "py4j.protocol.Py4JJavaError: An error occurred while calling o45.count.",
                ": java.io.IOException: gone",
                "\tat a.b(C.java:1)",
            ],
            "py4j.protocol.Py4JJavaError: An error occurred while calling o45.count.: java.io.IOException: gone",
        ),
        (1, ["the source is down; check it", "", "26/11/24 05:00:00 INFO X: y"], "the source is down; check it"),
        (2, [], SILENT),
        (2, ["WARNING: Using incubator modules", "\tat a.b"], SILENT),
        (-15, ["anything"], "the script's process was ended by SIGTERM"),
        (-99, [], "the script's process was ended by signal 99"),
        (1, TRACE, "Traceback (most recent call last):"),
    ],
)  # fmt: skip
def test_a_failure_has_one_sentence(status: int, tail: list[str], message: str) -> None:
    assert outcome_of(status, tail) == Outcome("FAILED", message)


def test_a_long_message_is_cut() -> None:
    assert len(explanation(1, ["x" * 5000])) == 2003


@pytest.mark.parametrize(
    ("tail", "output", "message"),
    [
        (["26/11/24 05:00:00 INFO X: y"], ["done", *TRACE, "ValueError: no"], "ValueError: no"),
        (["26/11/24 05:00:00 INFO X: y"], ["done", "the lake is gone"], "the lake is gone"),
        ([DIED, "\tat a.b"], ["done"], DIED),
        (["Error: Missing application resource."], [], "Error: Missing application resource."),
    ],
)  # fmt: skip
def test_a_spark_script_s_error_is_found_in_the_output(tail: list[str], output: list[str], message: str) -> None:
    assert outcome_of(1, tail, output) == Outcome("FAILED", message)
