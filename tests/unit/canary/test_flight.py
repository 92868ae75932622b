"""A run of the canary as its caller sees it, whatever becomes of the job runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.conftest import SOURCE
from tests.unit.operate.jobs import NOON
from tests.unit.ports.answers import client_error
from totelake.canary.deployment import left_behind, logs
from totelake.canary.flight import CanaryJob, Flight, Seen, canary_jobs, new_run
from totelake.canary.look import UNKNOWN, Finding, examine
from totelake.canary.report import CanaryReport, put
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError, LakeError, RetriableError
from totelake.operate.job_runs import JobRunReport
from totelake.ports.memory import MemoryStore
from totelake.runtime.outcome import OK, PROBLEM, WARNING, ok, problem

JOB = CanaryJob("lake-canary-spark", "canary_spark", "processed")
WELL, BAD = Finding("well", "this", OK, "this"), Finding("login", "in", PROBLEM, "out", "do")


class NotThereError(Exception):
    """What Glue says of a job or table that is not there."""


class BusyError(Exception):
    """What Glue says of a job that runs."""


EXCEPTIONS = SimpleNamespace(EntityNotFoundException=NotThereError, ConcurrentRunsExceededException=BusyError)


class Glue:
    """Starts runs, unless it is told what to raise."""

    exceptions = EXCEPTIONS

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.arguments = error, dict[str, str]()

    def start_job_run(self, JobName: str, Arguments: dict[str, str]) -> dict[str, str]:  # noqa: N803
        if self.error:
            raise self.error
        self.arguments = Arguments
        return {"JobRunId": "jr_1"}


def flown(findings: Sequence[Finding] | None, ended: Exception | int, content: bytes = b"") -> list[Finding]:
    """What is seen of a run that left these findings and ended so."""
    store = MemoryStore("ingestion")
    flight = Flight(Glue(), store, "run")  # type: ignore[arg-type]
    if findings is not None:
        put(store, CanaryReport("run", JOB.label, NOON.isoformat(), tuple(findings)))
    if content:
        store.put("_canary/run/canary_spark.json", content)
    flight.start([JOB])

    def wait(glue: Any, job: str, run_id: str, within: float) -> JobRunReport:
        if isinstance(ended, Exception):
            raise ended
        return JobRunReport(job, run_id, "SUCCEEDED", ended, "")

    assert flight.going == {JOB.name: "jr_1"}
    seen = list(flight.seen(JOB, wait))
    has_ended = not isinstance(ended, Exception) or isinstance(ended, LakeError)
    assert flight.going == ({} if has_ended else {JOB.name: "jr_1"})
    assert {item.job for item in seen} == {JOB.name}
    return [item.finding for item in seen]


FAILED = LakeError("lake-canary-spark FAILED: it broke; see `totelake logs jr_1`")


@pytest.mark.parametrize(
    ("findings", "ended", "outcome", "told", "remedy"),
    [
        ([WELL], 7, OK, "jr_1 SUCCEEDED in 7 s", ""),
        ([BAD], FAILED, OK, "jr_1 FAILED for what follows", ""),
        ([WELL], FAILED, PROBLEM, "FAILED: it broke", "totelake logs jr_1"),
        (None, FAILED, PROBLEM, "FAILED: it broke", "totelake logs jr_1"),
        (None, 7, PROBLEM, "SUCCEEDED", "leaves no report"),
        (None, RetriableError("it has not ended; look later"), PROBLEM, "it has not ended", "look later"),
        (None, client_error("AccessDeniedException"), PROBLEM, "AccessDeniedException", "grant"),
    ],
)
def test_a_run_is_told_before_what_it_reported(
    findings: Sequence[Finding] | None, ended: Any, outcome: str, told: str, remedy: str
) -> None:
    run, *others = flown(findings, ended)
    assert (run.look, run.outcome, told in run.found, remedy in run.remedy) == ("run", outcome, True, True)
    assert others == list(findings or ())


def test_a_report_that_cannot_be_read_is_told() -> None:
    (run,) = flown(None, 7, b"{")
    assert (run.outcome, "no readable report" in run.found) == (PROBLEM, True)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotThereError(), "there is no job lake-canary-spark"),
        (BusyError(), "is running already"),
        (client_error("AccessDeniedException", operation="StartJobRun"), "StartJobRun failed"),
    ],
)
def test_a_job_that_cannot_be_started_is_told_and_nobody_waits_for_it(error: Exception, told: str) -> None:
    flight = Flight(Glue(error), MemoryStore("ingestion"), "run")  # type: ignore[arg-type]
    flight.start([JOB])
    (seen,) = flight.seen(JOB)
    assert (seen.finding.outcome, told in seen.finding.found) == (PROBLEM, True)
    assert flight.started == {}


def test_the_jobs_are_told_which_run_they_report_for() -> None:
    glue = Glue()
    Flight(glue, MemoryStore("ingestion"), "run").start([JOB])  # type: ignore[arg-type]
    assert glue.arguments == {"--canary_run": "run"}


def test_the_jobs_are_those_of_the_pipeline_for_the_sources_asked_about() -> None:
    pipeline = load_contracts().pipeline
    assert canary_jobs(pipeline, "lake", [SOURCE]) == [
        CanaryJob(f"lake-canary-shell-{SOURCE}", f"canary_shell-{SOURCE}", "ingestion"),
        JOB,
    ]
    assert canary_jobs(pipeline, "lake", ["another"]) == [JOB]
    with pytest.raises(ConfigurationError, match="no job with the script"):
        canary_jobs({"jobs": {}}, "lake", [SOURCE])


def test_no_trigger_starts_the_canary() -> None:
    pipeline = load_contracts().pipeline
    started = {name for trigger in pipeline["triggers"].values() for name in trigger["jobs"]}
    assert not [name for name in started if "canary" in name]


def test_runs_have_names_of_their_own_that_sort_by_time() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    one, other = new_run(at), new_run(at)
    assert one != other
    assert one.startswith("20260102T030405Z-")


def test_a_finding_for_machines_has_all_that_it_says() -> None:
    assert Seen("a", BAD).document() == {
        "job": "a", "look": "login", "expected": "in", "outcome": PROBLEM, "found": "out", "remedy": "do",
    }  # fmt: skip


class Deleting:
    """Deletes tables, unless it is told what to raise."""

    exceptions = EXCEPTIONS

    def __init__(self, error: Exception | None, seen: Exception | None) -> None:
        self.error, self.seen, self.deleted = error, seen, list[tuple[str, str]]()

    def get_table(self, DatabaseName: str, Name: str) -> None:  # noqa: N803
        if self.seen:
            raise self.seen

    def delete_table(self, DatabaseName: str, Name: str) -> None:  # noqa: N803
        if self.error:
            raise self.error
        self.deleted.append((DatabaseName, Name))


@pytest.mark.parametrize(
    ("error", "seen", "outcome", "deleted"),
    [
        (None, None, OK, [("lake_processed", "totelake_canary_spark")]),
        (NotThereError(), None, OK, []),
        (client_error("AccessDeniedException"), None, WARNING, []),
        (client_error("AccessDeniedException"), NotThereError(), OK, []),
        (client_error("AccessDeniedException"), client_error("AccessDeniedException"), UNKNOWN, []),
        (EndpointConnectionError(endpoint_url="x"), EndpointConnectionError(endpoint_url="x"), UNKNOWN, []),
    ],
)
def test_the_tables_of_the_jobs_are_deleted(
    error: Exception | None, seen: Exception | None, outcome: str, deleted: list[tuple[str, str]]
) -> None:
    glue: Any = Deleting(error, seen)
    (found,) = examine([left_behind(glue, {"processed": "lake_processed"}, [JOB])])
    assert (found.outcome, glue.deleted) == (outcome, deleted)


class Logs:
    """Shows a stream at the second look."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotThereError)

    def __init__(self, group: str, refused: str = "") -> None:
        self.group, self.asked, self.refused = group, 0, refused

    def describe_log_streams(self, logGroupName: str, logStreamNamePrefix: str) -> Any:  # noqa: N803
        if self.refused and logGroupName.startswith(self.refused):
            raise client_error("AccessDeniedException")
        if logGroupName != self.group:
            raise NotThereError
        self.asked += 1
        return {"logStreams": [{"logStreamName": logStreamNamePrefix}] if self.asked > 1 else []}


@pytest.mark.parametrize(
    ("group", "outcome"),
    [("/aws-glue/lake/lake-role/lake-canary-spark", OK), ("/aws-glue/jobs/lake-role/lake-canary-spark", WARNING)],
)
def test_a_log_is_found_where_glue_wrote_it_and_waited_for(group: str, outcome: str) -> None:
    described = {
        "Command": {"Name": "glueetl"},
        "Role": "arn:aws:iam::1:role/lake-canary-spark",
        "SecurityConfiguration": "lake",
        "DefaultArguments": {"--custom-logGroup-prefix": "/aws-glue/lake"},
    }
    glue: Any = SimpleNamespace(get_job=lambda **_: {"Job": described}, get_job_run=lambda **_: {"JobRun": {}})
    written: Any = Logs(f"{group}/output")
    waited: list[float] = []
    (found,) = examine([logs(glue, written, JOB.name, "jr_1", waited.append)])
    assert (found.outcome, f"{group}/output jr_1" in found.found) == (outcome, True)
    assert len(waited) == 1


@pytest.mark.parametrize(
    ("is_there", "refused", "outcome"),
    [(True, "/aws-glue/jobs", OK), (False, "/aws-glue/jobs", UNKNOWN), (True, "/aws-glue/lake", UNKNOWN)],
)
def test_who_may_not_read_other_groups_is_told_so_only_if_the_log_is_not_in_its_own(
    is_there: bool, refused: str, outcome: str
) -> None:
    described = {"Command": {"Name": "glueetl"}, "Role": "arn:aws:iam::1:role/lake-canary-spark"}
    described |= {"SecurityConfiguration": "lake", "DefaultArguments": {"--custom-logGroup-prefix": "/aws-glue/lake"}}
    glue: Any = SimpleNamespace(get_job=lambda **_: {"Job": described}, get_job_run=lambda **_: {"JobRun": {}})
    written: Any = Logs("/aws-glue/lake/lake-role/lake-canary-spark/output", refused)
    written.asked = 1 if is_there else -100
    (found,) = examine([logs(glue, written, JOB.name, "jr_1", lambda _: None)])
    assert (found.outcome, "grant logs:DescribeLogStreams" in f"{found.found} {found.remedy}") == (
        outcome,
        outcome == UNKNOWN,
    )


def test_what_a_look_says_has_a_remedy_where_something_is_to_be_done() -> None:
    assert (ok("a").remedy, problem("a", "b").remedy) == ("", "b")
