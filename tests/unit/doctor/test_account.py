"""The account: who asks, the clock, buckets, jobs and their files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from tests.unit.doctor.results import outcomes
from tests.unit.ports.answers import Client, client_error
from totelake.doctor import account
from totelake.doctor.finding import NOT_CHECKED, examine
from totelake.runtime import Clients
from totelake.runtime.outcome import OK, PROBLEM, WARNING

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
DATE = {"HTTPHeaders": {"date": "Tue, 24 Nov 2026 12:00:00 GMT"}}


def clients(**services: Any) -> Clients:
    """Clients of made-up answers."""
    found = Clients()
    found._made = services
    return found


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0, OK), (59, OK), (-59, OK), (60, WARNING), (-299, WARNING), (300, PROBLEM), (-3600, PROBLEM)],
)
def test_the_clock(seconds: int, outcome: str) -> None:
    answer = {"Account": "1", "Arn": "arn", "ResponseMetadata": DATE}
    now = datetime.fromtimestamp(NOON.timestamp() + seconds, timezone.utc)
    sts = Client(get_caller_identity=[answer])
    assert outcomes(account.clock(clients(sts=sts), lambda: now)) == [outcome]


def test_an_answer_that_refuses_tells_the_time_too() -> None:
    refused = client_error("SignatureDoesNotMatch", 403)
    refused.response["ResponseMetadata"].update(DATE)
    sts = Client(get_caller_identity=[refused])
    late = datetime.fromtimestamp(NOON.timestamp() + 3600, timezone.utc)
    (result,) = account.clock(clients(sts=sts), lambda: late)
    assert result.detail == "this machine's clock is 3600 s ahead of AWS's, which refuses its signatures"


def test_the_user() -> None:
    answer = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/u", "ResponseMetadata": DATE}
    found = account.of_user(clients(sts=Client(get_caller_identity=[answer, answer])))
    assert [finding.check for finding in found] == ["identity", "clock"]
    assert found[0].outcome == OK and "123456789012" in found[0].detail


def test_without_credentials_the_clock_is_not_checked() -> None:
    error = NoCredentialsError()
    found = account.of_user(clients(sts=Client(get_caller_identity=[error, error])))
    assert [finding.outcome for finding in found] == [PROBLEM, NOT_CHECKED]


@pytest.mark.parametrize(
    ("answer", "outcome", "remedy"),
    [
        ({}, OK, ""),
        (client_error("404", 404), PROBLEM, "make it"),
        (client_error("403", 403), PROBLEM, "see AWS_PROFILE and its rights"),
        (client_error("301", 301), PROBLEM, "set AWS_REGION to that of the deployment"),
        (client_error("500", 500), PROBLEM, "run the job again"),
    ],
)
def test_a_bucket(answer: Any, outcome: str, remedy: str) -> None:
    s3 = Client(head_bucket=[answer])
    (finding,) = examine("AWS", (("bucket", lambda: account.bucket(s3, "b", "make it")),))
    assert (finding.outcome, finding.remedy) == (outcome, remedy)


def job(name: str, **arguments: str) -> dict[str, Any]:
    """A job as Glue has it."""
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://files/{name}.py"}
    return {"Name": name, "Command": command, "DefaultArguments": {f"--{key}": text for key, text in arguments.items()}}


class Files:
    """A bucket whose some keys are not there."""

    def __init__(self, *missing: str, error: ClientError | None = None) -> None:
        self.missing, self.error, self.asked = missing, error, list[str]()

    def head_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        """Of `files` alone."""
        assert Bucket == "files"
        self.asked.append(Key)
        if Key in self.missing:
            raise self.error or client_error("404", 404)
        return {}


@pytest.mark.parametrize(
    ("there", "missing", "expected"),
    [
        (("a", "b"), (), [OK]),
        ((), (), [WARNING]),
        (("a",), (), [PROBLEM]),
        (("a", "b"), ("a.py",), [PROBLEM]),
        (("a", "b"), ("w.whl", "v.whl"), [PROBLEM]),
        (("a", "b"), ("driver.jar",), [PROBLEM]),
        (("a",), ("a.py",), [PROBLEM, PROBLEM]),
    ],
    ids=["all", "nothing deployed", "a job lost", "a script lost", "wheels lost", "a jar lost", "both"],
)
def test_jobs_and_their_files(there: Sequence[str], missing: Sequence[str], expected: list[str]) -> None:
    arguments = {"extra-py-files": "s3://files/w.whl", "additional-python-modules": "s3://files/v.whl,pandas==2"}
    arguments["extra-jars"] = "s3://files/driver.jar"
    glue = Client(batch_get_jobs=[{"Jobs": [job(name, **arguments) for name in there]}])
    files = Files(*missing)
    assert outcomes(account.deployed_jobs(glue, files, ["a", "b"])) == expected
    assert set(files.asked) == ({*(f"{name}.py" for name in there), "w.whl", "v.whl", "driver.jar"} if there else set())


def test_files_that_may_not_be_seen_are_not_said_to_be_gone() -> None:
    glue = Client(batch_get_jobs=[{"Jobs": [job("a")]}])
    files = Files("a.py", error=client_error("403", 403, "HeadObject", "Forbidden"))
    (finding,) = examine("AWS", (("jobs", lambda: account.deployed_jobs(glue, files, ["a"])),))
    assert finding.sentence == "HeadObject failed with 403: Forbidden; grant the job's role this action"


def test_more_jobs_than_glue_tells_at_once() -> None:
    names = [f"job-{number}" for number in range(150)]
    glue = Client(batch_get_jobs=[{"Jobs": [job(name) for name in names[:100]]}, {"Jobs": [job(names[100])]}])
    (result,) = account.deployed_jobs(glue, Files(), names)
    assert result.outcome == PROBLEM and result.detail.startswith("job-101, ")
    assert [len(parameters["JobNames"]) for _, parameters in glue.calls] == [100, 50]
