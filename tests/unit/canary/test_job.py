"""A job of the canary: every look is told, whatever another does, and a problem fails the run after its report."""

from __future__ import annotations

import json
import logging
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from tests.unit.operate.jobs import NOON, ZONES, MemoryJob
from tests.unit.ports.answers import client_error
from totelake.canary import report
from totelake.canary.job import CanaryError, look_and_report
from totelake.canary.look import UNKNOWN, Finding, Look, NotKnownError, examine, unknown
from totelake.canary.report import CanaryReport
from totelake.errors import DamagedError, LakeError, SourceError
from totelake.ports.memory import MemoryStore
from totelake.runtime.job_arguments import JobArguments
from totelake.runtime.outcome import OK, PROBLEM, WARNING, Result, ok, problem, warning

WELL = Look("well", "this", lambda: ok("this"))


def raising(error: Exception) -> Look:
    """A look that fails."""

    def find() -> Result:
        raise error

    return Look("bad", "that", find)


@pytest.mark.parametrize(
    ("error", "outcome", "found", "remedy"),
    [
        (SourceError("the server\nsaid no; mend it"), PROBLEM, "the server said no", "mend it"),
        (SourceError("it is broken"), PROBLEM, "it is broken", "see docs/canary.md"),
        (NotKnownError("nobody answers; look on AWS"), UNKNOWN, "nobody answers", "look on AWS"),
        (client_error("AccessDenied", 403), PROBLEM, "GetTable failed with AccessDenied: no",
         "grant the job's role this action"),
        (NoCredentialsError(), PROBLEM, "there are no AWS credentials: Unable to locate credentials",
         "give the job a role, or as a person use `aws sso login`, a profile in AWS_PROFILE or keys in variables"),
        (KeyError("x"), PROBLEM, "the look ended with KeyError: 'x'", "see that what it names can be used"),
    ],
)  # fmt: skip
def test_a_look_that_fails_is_told_and_stops_no_other(error: Exception, outcome: str, found: str, remedy: str) -> None:
    told = list(examine([raising(error), WELL]))
    assert told == [Finding("bad", "that", outcome, found, remedy), Finding("well", "this", OK, "this")]


def test_a_look_that_never_answers_is_a_problem_and_stops_no_other() -> None:
    answered = Event()

    def silent() -> Result:
        answered.wait()
        return ok("too late")

    told = list(examine([Look("silent", "an answer", silent, seconds=0.01), WELL]))
    answered.set()
    assert [item.outcome for item in told] == [PROBLEM, OK]
    assert told[0].found == "no answer within 0.01 s"


def job() -> MemoryJob[JobArguments]:
    """A job over buckets in memory."""
    return MemoryJob(JobArguments(**ZONES))


def test_a_job_leaves_a_report_and_a_line_for_each_look(caplog: pytest.LogCaptureFixture) -> None:
    one = job()
    looks = [WELL, Look("w", "a", lambda: warning("b", "do c")), Look("u", "a", lambda: unknown("d"))]
    with caplog.at_level(logging.INFO, one.log.name):
        look_and_report(one, "run", "canary_spark", looks)
    assert [(item.levelname, item.getMessage()) for item in caplog.records] == [
        ("INFO", "well: ok: expected this; found this"),
        ("WARNING", "w: warning: expected a; found b; do c"),
        ("INFO", "u: not known: expected a; found d"),
    ]
    assert report.find(one.ingestion, "run", "canary_spark") == CanaryReport(
        "run",
        "canary_spark",
        NOON.isoformat(),
        (Finding("well", "this", OK, "this"), Finding("w", "a", WARNING, "b", "do c"), Finding("u", "a", UNKNOWN, "d")),
    )
    assert [item.key for item in one.ingestion.list("")] == ["_canary/run/canary_spark.json"]


def test_what_would_stop_the_pipeline_fails_the_job_after_its_report() -> None:
    one = job()
    with pytest.raises(CanaryError, match=r"1 of 2 looks found what would stop the pipeline \(login\)"):
        look_and_report(one, "run", "label", [Look("login", "in", lambda: problem("out", "do")), WELL])
    found = report.find(one.ingestion, "run", "label")
    assert found is not None
    assert [item.look for item in found.findings] == ["login", "well"]


def test_a_report_is_never_written_over() -> None:
    one = job()
    look_and_report(one, "run", "label", [WELL])
    with pytest.raises(LakeError, match="another --canary_run"):
        look_and_report(one, "run", "label", [WELL])


def body(**changed: Any) -> bytes:
    """A report as JSON, with other values."""
    whole = CanaryReport("run", "label", NOON.isoformat(), (Finding("well", "this", OK, "this"),))
    return json.dumps({**json.loads(whole.to_json()), **changed}).encode()


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"{", DamagedError, "no readable report"),
        (b"[]", DamagedError, "no readable report"),
        (body(run=1), DamagedError, "run of CanaryReport is 1"),
        (body(findings=[{"look": "well"}]), DamagedError, "no readable report"),
        (
            body(findings=[{"look": "a", "expected": "b", "outcome": "ok", "found": 3}]),
            DamagedError,
            "found of Finding",
        ),
        (body(format=2), LakeError, "has format 2, this version reads 1; upgrade totelake"),
        (body(format=True), LakeError, "has format True"),
        (body(more="x"), DamagedError, "no readable report"),
    ],
)
def test_a_report_that_is_none_is_refused(content: bytes, kind: type[Exception], told: str) -> None:
    store = MemoryStore("ingestion")
    store.put("_canary/run/label.json", content)
    with pytest.raises(kind, match=told) as error:
        report.find(store, "run", "label")
    assert "s3://ingestion/_canary/run/label.json" in str(error.value)
