"""Everything that a stack's runs have left behind, as bytes: files, objects, logs, arguments and states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.e2e.pipeline import Pipeline
from totelake.stack.model import STATE_FILE


def traces(pipeline: Pipeline) -> Iterator[tuple[str, bytes]]:
    """Each with the name of its place, but for the stack's own record, in which the passwords are kept."""
    yield from _files(pipeline)
    yield from _objects(pipeline)
    yield from _logs(pipeline)
    yield from _states(pipeline)


def _files(pipeline: Pipeline) -> Iterator[tuple[str, bytes]]:
    home, data = Path(pipeline.stack.home), Path(pipeline.stack.data)
    for path in home.rglob("*"):
        if path.is_file() and not path.is_symlink() and data not in path.parents and path != home / STATE_FILE:
            yield f"file {path.relative_to(home)}", path.read_bytes()


def _objects(pipeline: Pipeline) -> Iterator[tuple[str, bytes]]:
    stack = pipeline.stack
    for bucket in (stack.ingestion_bucket, stack.processed_bucket, stack.artifacts_bucket):
        for page in pipeline.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", ()):
                body = pipeline.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                yield f"object {bucket}/{item['Key']}", body


def _logs(pipeline: Pipeline) -> Iterator[tuple[str, bytes]]:
    for group in pipeline.logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in pipeline.logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            for event in page["events"]:
                yield f"log {name}", event["message"].encode()


def _states(pipeline: Pipeline) -> Iterator[tuple[str, bytes]]:
    glue = pipeline.glue
    for job in glue.get_jobs()["Jobs"]:
        yield f"job {job['Name']}", repr(job).encode()
        yield f"runs of {job['Name']}", repr(glue.get_job_runs(JobName=job["Name"])["JobRuns"]).encode()
    for workflow in glue.list_workflows()["Workflows"]:
        yield f"runs of {workflow}", repr(glue.get_workflow_runs(Name=workflow, IncludeGraph=True)["Runs"]).encode()
