"""Job definitions."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localglue.bench import Bench


def test_jobs_can_be_listed_changed_and_deleted(bench: Bench) -> None:
    job = bench.job(Description="before", MaxRetries=2)
    definition = bench.glue.get_job(JobName=job)["Job"]
    update = {"Role": "local", "Command": definition["Command"], "Description": "after"}
    bench.glue.update_job(JobName=job, JobUpdate=update)
    changed = bench.glue.get_job(JobName=job)["Job"]
    assert (changed["Description"], changed["MaxRetries"], changed["CreatedOn"]) == (
        "after",
        0,
        definition["CreatedOn"],
    )
    assert job in bench.glue.list_jobs(MaxResults=1000)["JobNames"]
    assert job in [one["Name"] for page in bench.glue.get_paginator("get_jobs").paginate() for one in page["Jobs"]]
    batch = bench.glue.batch_get_jobs(JobNames=[job, "nobody"])
    assert ([one["Name"] for one in batch["Jobs"]], batch["JobsNotFound"]) == ([job], ["nobody"])
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException, match=f"job {job} already exists"):
        bench.glue.create_job(Name=job, Role="local", Command=definition["Command"])
    bench.glue.delete_job(JobName=job)
    bench.glue.delete_job(JobName=job)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match=f"job {job} does not exist"):
        bench.glue.get_job(JobName=job)


@pytest.mark.parametrize(
    ("command", "more", "message"),
    [
        ({"Name": "gluestreaming"}, {}, "localglue runs pythonshell and glueetl"),
        ({"Name": "pythonshell", "ScriptLocation": "/tmp/a.py"}, {}, "must be an s3:// address"),
        ({"Name": "pythonshell", "ScriptLocation": "s3://b/a.py"}, {"MaxCapacity": 2.0}, "is 0.0625 or 1"),
    ],
)
def test_a_job_that_can_never_run_is_rejected(bench: Bench, command: Any, more: Any, message: str) -> None:
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match=message):
        bench.glue.create_job(Name="never", Role="local", Command=command, **more)


def test_an_unsupported_operation_is_an_error_and_does_nothing(bench: Bench) -> None:
    with pytest.raises(ClientError, match="localglue does not support CreateBlueprint; nothing was done"):
        bench.glue.create_blueprint(Name="one", BlueprintLocation="s3://bucket/one")
