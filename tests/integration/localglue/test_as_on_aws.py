"""What AWS does and users rely on: regions, queues of runs, start triggers of workflows, what moto keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from localglue.app import REGIONS
from localglue.store import FILE
from tests.integration.localglue.bench import KEYS, SLOW_SCRIPT, Bench, Service, serve, unique, until


def in_region(service: Service, region: str) -> Any:
    """A client of Glue that signs for another region."""
    return boto3.client(
        "glue",
        endpoint_url=service.settings.own_url,
        region_name=region,
        aws_access_key_id=KEYS.access_key_id,
        aws_secret_access_key=KEYS.secret_access_key,
    )


def test_each_region_has_its_own_resources_and_keeps_them(endpoint: str, tmp_path: Path, bench: Bench) -> None:
    script = bench.put("region.py", b"import os; print(os.environ['AWS_REGION'])")
    first = serve(endpoint, tmp_path)
    far = in_region(first, "ap-south-1")
    command = {"Name": "pythonshell", "ScriptLocation": script, "PythonVersion": "3.9"}
    far.create_job(Name="far", Role="local", Command=command)
    name = unique("database")
    far.create_database(DatabaseInput={"Name": name})
    near = in_region(first, "eu-west-2")
    assert near.list_jobs()["JobNames"] == []
    with pytest.raises(near.exceptions.EntityNotFoundException):
        near.get_database(Name=name)
    run_id = far.start_job_run(JobName="far")["JobRunId"]
    until(lambda: far.get_job_run(JobName="far", RunId=run_id)["JobRun"]["JobRunState"] == "SUCCEEDED")
    with pytest.raises(far.exceptions.InvalidInputException, match="signed for 'nowhere', which is no region of AWS"):
        in_region(first, "nowhere").list_jobs()
    for client in (far, near):
        client.close()
    first.close()

    assert (tmp_path / REGIONS / "ap-south-1" / FILE).is_file()
    second = serve(endpoint, tmp_path)
    again = in_region(second, "ap-south-1")
    assert again.list_jobs()["JobNames"] == ["far"]
    again.close()
    second.close()


def test_runs_of_a_job_that_queues_wait_for_each_other(bench: Bench) -> None:
    job = bench.job(SLOW_SCRIPT, JobRunQueuingEnabled=True)
    first = bench.running(job)
    second, third = (bench.glue.start_job_run(JobName=job)["JobRunId"] for _ in range(2))
    waiting = bench.get(job, second)
    assert (waiting["JobRunState"], "fewer than 1 runs" in waiting["StateDetail"]) == ("WAITING", True)
    with pytest.raises(
        bench.glue.exceptions.ConcurrentRunsExceededException, match=f"Concurrent runs exceeded for {job}"
    ):
        bench.glue.start_job_run(JobName=job, JobRunQueuingEnabled=False)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[second])
    assert bench.get(job, second)["JobRunState"] == "STOPPED"
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[first])
    until(lambda: bench.get(job, third)["JobRunState"] == "RUNNING")
    assert "StateDetail" not in bench.get(job, third)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[third])
    assert bench.ended(job, third)["JobRunState"] == "STOPPED"


def test_a_workflow_run_goes_on_while_one_of_its_runs_waits(bench: Bench) -> None:
    job, last = bench.job(SLOW_SCRIPT, JobRunQueuingEnabled=True), bench.job()
    workflow = bench.workflow()
    start = bench.trigger([job], WorkflowName=workflow)
    bench.trigger([last], {job: "STOPPED"}, WorkflowName=workflow)
    blocking = bench.running(job)
    bench.glue.start_trigger(Name=start)
    run = bench.glue.get_workflow_runs(Name=workflow)["Runs"][0]
    assert (run["Status"], run["Statistics"]["WaitingActions"]) == ("RUNNING", 1)
    (waiting,) = (one for one in bench.glue.get_job_runs(JobName=job)["JobRuns"] if one["JobRunState"] == "WAITING")
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[waiting["Id"], blocking])
    ended = bench.workflow_ended(workflow, run["WorkflowRunId"])
    assert (ended["Statistics"]["StoppedActions"], ended["Statistics"]["SucceededActions"]) == (1, 1)


def test_a_run_takes_the_script_that_its_arguments_name_whatever_its_key(bench: Bench) -> None:
    job = bench.job("raise SystemExit('the default script ran')")
    other = bench.put("scripts/other #1?.py", b"import sys; print(sys.argv[sys.argv.index('--scriptLocation') + 1])")
    run = bench.run(job, Arguments={"--scriptLocation": other})
    assert run["JobRunState"] == "SUCCEEDED"
    assert bench.lines(f"{run['LogGroupName']}/output", run["Id"]) == [other]


def test_what_moto_keeps_is_reached_through_localglue(bench: Bench) -> None:
    glue, name = bench.glue, unique("registry")
    arn = glue.create_registry(RegistryName=name, Tags={"a": "1"})["RegistryArn"]
    schema = '{"type": "record", "name": "r",\n "fields": [{"name": "a", "type": "int"}]}'
    wanted = {"DataFormat": "AVRO", "Compatibility": "BACKWARD", "SchemaDefinition": schema}
    made = glue.create_schema(RegistryId={"RegistryArn": arn}, SchemaName="s", **wanted)
    assert glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])["SchemaDefinition"] == schema
    too_long = "The resource name contains too many or too few characters. Parameter Name: registryName"
    with pytest.raises(glue.exceptions.InvalidInputException, match=too_long):
        glue.create_registry(RegistryName="x" * 300)
    with pytest.raises(glue.exceptions.ClientError, match="localglue does not support ImportCatalogToGlue"):
        glue.import_catalog_to_glue()


def test_partitions_are_found_by_expression_and_segment_and_refused_with_too_few_values(bench: Bench) -> None:
    glue, database = bench.glue, bench.database()
    keys = [{"Name": "Region", "Type": "string"}, {"Name": "day", "Type": "bigint"}]
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/t"}
    glue.create_table(
        DatabaseName=database.upper(), TableInput={"Name": "SALES", "PartitionKeys": keys, "StorageDescriptor": storage}
    )
    names = {"DatabaseName": database, "TableName": "Sales"}
    inputs = [
        {"Values": values, "StorageDescriptor": storage} for values in (["eu", "1"], ["us", "2"], ["eu", "3"], ["eu"])
    ]
    (error,) = glue.batch_create_partition(**names, PartitionInputList=inputs)["Errors"]
    assert (error["PartitionValues"], error["ErrorDetail"]["ErrorCode"]) == (["eu"], "InvalidInputException")
    with pytest.raises(glue.exceptions.InvalidInputException, match="partition keys do not match"):
        glue.create_partition(**names, PartitionInput=inputs[3])

    def days(**request: Any) -> list[str]:
        return sorted(one["Values"][1] for one in glue.get_partitions(**names, **request)["Partitions"])

    assert days(Expression="NOT REGION = 'us' AND DAY < 3") == ["1"]
    assert days(Expression="region = 'eu' AND Day NOT IN (1)") == ["3"]
    parts = [days(Segment={"SegmentNumber": number, "TotalSegments": 2}) for number in range(2)]
    assert sorted(day for part in parts for day in part) == ["1", "2", "3"]
    (bare, *_) = glue.get_partitions(**names, ExcludeColumnSchema=True)["Partitions"]
    assert "Columns" not in bare["StorageDescriptor"]
    assert glue.get_tables(DatabaseName=database, AttributesToGet=["NAME"])["TableList"] == [{"Name": "sales"}]
    page = glue.get_databases(MaxResults=1)
    assert len(page["DatabaseList"]) == 1
