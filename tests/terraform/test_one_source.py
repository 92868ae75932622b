"""What Terraform plans and what `totelake deploy` creates, out of the same pipeline.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import yaml

from tests.terraform.conftest import ACCOUNT, NAME, REGION, RELEASE, Terraform, plan_of
from totelake.contracts import catalog
from totelake.deploy.apply import apply, differs
from totelake.deploy.deploy import tables_by_source
from totelake.deploy.plan import Settings, plan
from totelake.operate.logs import STREAMS, log_group

ARTIFACTS = f"s3://{NAME}-artifacts-{ACCOUNT}-{REGION}/releases/{RELEASE['id']}"
SETTINGS = Settings(
    ingestion_bucket=f"{NAME}-ingestion-{ACCOUNT}-{REGION}",
    processed_bucket=f"{NAME}-processed-{ACCOUNT}-{REGION}",
    role="arn:aws:iam::123456789012:role/all-jobs",
    scripts=f"{ARTIFACTS}/glue_jobs",
    wheel=f"{ARTIFACTS}/{RELEASE['wheel']}",
    libraries=tuple(f"{ARTIFACTS}/{name}" for name in RELEASE["libraries"]),
    compiled=tuple(f"{ARTIFACTS}/{name}" for name in RELEASE["compiled"]),
    alert_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
    prefix=NAME,
)
# only AWS has these: one machine has one role, no keys and no retention of logs
AWS_ARGUMENTS = {"--custom-logGroup-prefix"}

Resource = dict[str, Any]


def of_type(planned: list[Resource], kind: str) -> list[Resource]:
    """The values of the planned resources of a type."""
    return [resource["values"] for resource in planned if resource["type"] == kind]


def present(**values: Any) -> Resource:
    """The values that are set."""
    return {name: value for name, value in values.items() if value is not None}


def job(values: Resource) -> Resource:
    """A planned job as the request that creates it, without role, security configuration and log group."""
    command, execution = values["command"][0], values["execution_property"][0]
    arguments = values["default_arguments"].items()
    return present(
        Name=values["name"],
        Description=values["description"],
        Command={
            "Name": command["name"],
            "PythonVersion": command["python_version"],
            "ScriptLocation": command["script_location"],
        },
        DefaultArguments={name: value for name, value in arguments if name not in AWS_ARGUMENTS},
        ExecutionProperty={"MaxConcurrentRuns": execution["max_concurrent_runs"]},
        MaxRetries=values["max_retries"],
        Timeout=values["timeout"],
        MaxCapacity=values.get("max_capacity"),
        GlueVersion=values.get("glue_version"),
        WorkerType=values.get("worker_type"),
        NumberOfWorkers=values.get("number_of_workers"),
    )


def on_aws(values: Resource) -> Resource:
    """A planned job as GetJob will describe it, with what only AWS has."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{values['name']}"
    added = {"Role": role, "SecurityConfiguration": values["security_configuration"]}
    return {**job(values), **added, "DefaultArguments": values["default_arguments"]}


def crawler(values: Resource) -> Resource:
    """A planned crawler as the request that creates it, without role; its targets in the order of their names."""
    policy = values["schema_change_policy"][0]
    return {
        "Name": values["name"],
        "Description": values["description"],
        "DatabaseName": values["database_name"],
        "Targets": {"S3Targets": sorted(({"Path": item["path"]} for item in values["s3_target"]), key=str)},
        "SchemaChangePolicy": {
            "UpdateBehavior": policy["update_behavior"],
            "DeleteBehavior": policy["delete_behavior"],
        },
        "Configuration": json.loads(values["configuration"]),
    }


def trigger(values: Resource) -> Resource:
    """A planned trigger as the request that creates it."""
    predicates = [
        {
            "Logical": item["logical"],
            "Conditions": [
                {"LogicalOperator": one["logical_operator"], "JobName": one["job_name"], "State": one["state"]}
                for one in item["conditions"]
            ],
        }
        for item in values["predicate"]
    ]
    return present(
        Name=values["name"],
        Type=values["type"],
        Schedule=values["schedule"],
        WorkflowName=values["workflow_name"],
        Actions=[{"JobName": action["job_name"]} for action in values["actions"]],
        Predicate=predicates[0] if predicates else None,
        # the provider starts what is enabled, and refuses to let an ON_DEMAND trigger be
        StartOnCreation=True if values["type"] == "CONDITIONAL" and values["enabled"] else None,
    )


def workflow(values: Resource) -> Resource:
    """A planned workflow as the request that creates it."""
    concurrent = values["max_concurrent_runs"]
    return present(Name=values["name"], Description=values["description"], MaxConcurrentRuns=concurrent)


def named(resources: list[Resource]) -> dict[str, Resource]:
    """Resources by name."""
    return {resource["Name"]: resource for resource in resources}


def requested(pipeline: Mapping[str, Any]) -> dict[str, Any]:
    """What deploy requests, by kind and name, without roles and without the order of a crawler's targets."""
    wanted = plan(pipeline, tables_by_source(catalog()), SETTINGS)
    jobs = {name: {key: value for key, value in item.items() if key != "Role"} for name, item in wanted.jobs.items()}
    crawlers = {
        name: {
            **{key: value for key, value in item.items() if key != "Role"},
            "Configuration": json.loads(item["Configuration"]),
            "Targets": {"S3Targets": sorted(item["Targets"]["S3Targets"], key=str)},
        }
        for name, item in wanted.crawlers.items()
    }
    return {
        "databases": set(wanted.databases),
        "jobs": jobs,
        "crawlers": crawlers,
        "workflows": dict(wanted.workflows),
        "triggers": dict(wanted.triggers),
    }


def asked_of_aws(planned: list[Resource]) -> dict[str, Any]:
    """What Terraform would request, in the same form."""
    return {
        "databases": {values["name"] for values in of_type(planned, "aws_glue_catalog_database")},
        "jobs": named([job(values) for values in of_type(planned, "aws_glue_job")]),
        "crawlers": named([crawler(values) for values in of_type(planned, "aws_glue_crawler")]),
        "workflows": named([workflow(values) for values in of_type(planned, "aws_glue_workflow")]),
        "triggers": named([trigger(values) for values in of_type(planned, "aws_glue_trigger")]),
    }


def test_terraform_plans_what_deploy_requests(planned: list[Resource]) -> None:
    assert asked_of_aws(planned) == requested(catalog().pipeline)


def test_the_log_groups_that_are_kept_are_those_that_jobs_write_to(planned: list[Resource]) -> None:
    groups = {values["name"] for values in of_type(planned, "aws_cloudwatch_log_group")}
    written = {
        f"{log_group(on_aws(values))}/{stream}" for values in of_type(planned, "aws_glue_job") for stream in STREAMS
    }
    assert groups == written


def planned_with(terraform: Terraform, old: str, new: str) -> tuple[Any, Any]:
    """What Terraform plans and `totelake deploy` requests where words of pipeline.yaml are others."""
    file = terraform.folder.parent / "catalog" / "pipeline.yaml"
    before = file.read_text()
    changed = before.replace(old, new)
    assert changed != before
    try:
        file.write_text(changed)
        planned = plan_of(terraform)
    finally:
        file.write_text(before)
    return asked_of_aws(planned), requested(yaml.safe_load(changed))


def test_a_shell_job_becomes_a_spark_job_by_its_kind_alone(terraform: Terraform) -> None:
    found, wanted = planned_with(terraform, "kind: pythonshell", "kind: glueetl")
    assert found == wanted
    assert {item["Command"]["Name"] for item in found["jobs"].values()} == {"glueetl"}
    with_driver = {name for name, item in found["jobs"].items() if "psycopg2_binary" in str(item["DefaultArguments"])}
    assert with_driver == {f"{NAME}-watch", f"{NAME}-ingest-totesys"}


def test_builders_and_load_become_one_job_by_the_way_to_publish_alone(terraform: Terraform) -> None:
    found, wanted = planned_with(terraform, "\npublish: split\n", "\npublish: fused\n")
    assert found == wanted
    split = requested(catalog().pipeline)
    assert set(split["jobs"]) - set(wanted["jobs"]) == {
        f"{NAME}-{name}" for name in ("build-dimensions", "build-facts", "load-warehouse")
    }
    assert set(wanted["jobs"]) - set(split["jobs"]) == {f"{NAME}-build-and-load"}
    assert set(wanted["triggers"]) ^ set(split["triggers"]) == {
        f"{NAME}-{name}" for name in ("refresh-build", "refresh-load", "refresh-publish")
    }


def test_terraform_plans_what_deploy_creates(planned: list[Resource], aws: str, localglue_endpoint: str) -> None:
    glue = boto3.client("glue", endpoint_url=localglue_endpoint, region_name=REGION)
    list(apply(glue, plan(catalog().pipeline, tables_by_source(catalog()), SETTINGS), activate_schedule=True))
    try:
        for values in of_type(planned, "aws_glue_job"):
            created = glue.get_job(JobName=values["name"])["Job"]
            arguments = {k: v for k, v in values["default_arguments"].items() if k not in AWS_ARGUMENTS}
            assert not differs(job(values), created), values["name"]
            assert created["DefaultArguments"] == arguments
        for values in of_type(planned, "aws_glue_workflow"):
            assert not differs(workflow(values), glue.get_workflow(Name=values["name"])["Workflow"]), values["name"]
        states = {}
        for values in of_type(planned, "aws_glue_trigger"):
            created = glue.get_trigger(Name=values["name"])["Trigger"]
            wanted = {key: value for key, value in trigger(values).items() if key != "StartOnCreation"}
            assert not differs(wanted, created), values["name"]
            states[values["name"]] = (values["enabled"], created["State"])
        assert {state for enabled, state in states.values() if enabled} == {"ACTIVATED"}
        assert {state for enabled, state in states.values() if not enabled} == {"CREATED"}
        for values in of_type(planned, "aws_glue_crawler"):
            created = glue.get_crawler(Name=values["name"])["Crawler"]
            paths = {target["Path"] for target in created["Targets"]["S3Targets"]}
            assert paths == {target["path"] for target in values["s3_target"]}
            assert json.loads(created["Configuration"]) == json.loads(values["configuration"])
        ours = {values["name"] for values in of_type(planned, "aws_glue_trigger")}
        listed = {item["Name"] for item in glue.get_triggers()["Triggers"] if item["Name"].startswith(f"{NAME}-")}
        assert listed == ours
    finally:
        # a schedule that goes on would start jobs under other tests
        for values in of_type(planned, "aws_glue_trigger"):
            glue.delete_trigger(Name=values["name"])
