"""A check that breaks ends no other and is never an OK; quick checks stop at a problem and tell warnings."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from threading import Event

import pytest
from botocore.exceptions import NoCredentialsError

from tests.unit.ports.answers import client_error
from totelake.doctor import finding
from totelake.doctor.finding import BROKEN, NOT_CHECKED, Finding, NotCheckedError, examine, refuse
from totelake.errors import ConfigurationError, SourceError
from totelake.runtime.outcome import OK, PROBLEM, WARNING, Result, ok, problem, warning


def breaking(error: Exception) -> Iterator[Result]:
    """A check that says one thing and then raises."""
    yield ok("begun")
    raise error


@pytest.mark.parametrize(
    ("error", "outcome", "detail", "remedy"),
    [
        (SourceError("the server said: a; b; mend it"), PROBLEM, "the server said: a; b", "mend it"),
        (SourceError("it is broken"), PROBLEM, "it is broken", "see docs/operations.md"),
        (NotCheckedError("there is no connection; see above"), NOT_CHECKED, "there is no connection", "see above"),
        (NoCredentialsError(), PROBLEM, "there are no AWS credentials: Unable to locate credentials",
         "give the job a role, or as a person use `aws sso login`, a profile in AWS_PROFILE or keys in variables"),
        (client_error("AccessDenied", 403), PROBLEM, "GetTable failed with AccessDenied: no",
         "grant the job's role this action"),
        (KeyError("x"), BROKEN, "the check ended with KeyError: 'x'",
         "see that what it names can be read, or report this line"),
        (PermissionError(13, "Permission denied", "/x"), BROKEN,
         "the check ended with PermissionError: [Errno 13] Permission denied: '/x'",
         "see that what it names can be read, or report this line"),
        (RuntimeError(), BROKEN, "the check ended with RuntimeError",
         "see that what it names can be read, or report this line"),
    ],
)  # fmt: skip
def test_what_a_check_raises_is_told_and_ends_no_other(
    error: Exception, outcome: str, detail: str, remedy: str
) -> None:
    found = examine("g", (("one", lambda: breaking(error)), ("other", lambda: [ok("well")])))
    assert found == [
        Finding("g", "one", OK, "begun"),
        Finding("g", "one", outcome, detail, remedy),
        Finding("g", "other", OK, "well"),
    ]


def test_a_check_without_an_answer_failed_and_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    silence = Event()

    def waiting() -> Iterator[Result]:
        yield ok("begun")
        silence.wait()

    monkeypatch.setattr(finding, "_SECONDS", 0.2)
    found = examine("g", (("one", waiting), ("other", lambda: [ok("well")])))
    silence.set()
    assert [(item.check, item.outcome) for item in found] == [("one", OK), ("one", BROKEN), ("other", OK)]
    assert found[1].detail.startswith("there was no answer within ")


def test_a_check_has_the_context_of_who_asks() -> None:
    known: ContextVar[str] = ContextVar("known", default="")
    known.set("seen")
    assert [item.detail for item in examine("g", (("one", lambda: [ok(known.get())]),))] == ["seen"]


def test_an_interrupt_ends_all() -> None:
    def interrupted() -> Iterator[Result]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        examine("g", (("one", interrupted),))


def test_warnings_are_told_and_stop_nothing() -> None:
    told: list[str] = []
    found = examine("g", (("a", lambda: [ok("x"), warning("y", "do z")]), ("b", lambda: breaking(KeyError("k")))))
    refuse(found, told.append)
    assert [line.split(";")[0] for line in told] == [
        "warning: a: y",
        "check failed: b: the check ended with KeyError: 'k'",
    ]
    assert told[0] == "warning: a: y; do z"


@pytest.mark.parametrize(("count", "more"), [(1, ""), (3, " (2 more: see `totelake doctor`)")])
def test_a_problem_stops_with_its_sentence(count: int, more: str) -> None:
    found = examine("g", (("a", lambda: [warning("y", "do z"), *[problem("p", "do q")] * count]),))
    told: list[str] = []
    with pytest.raises(ConfigurationError) as refused:
        refuse(found, told.append)
    assert (str(refused.value), told) == (f"a: p; do q{more}", ["warning: a: y; do z"])
    assert {finding.outcome for finding in found} == {WARNING, PROBLEM}
