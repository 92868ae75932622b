"""What Terraform plans and what `totelake deploy` creates, out of the same pipeline.yaml."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from tests.terraform.conftest import ACCOUNT, NAME, REGION, RELEASE, Terraform, other_words, plan_of
from tests.two_sources import FIRST, SECOND, add_second_source, tables_of
from totelake.contracts import load_contracts
from totelake.contracts.documents import read_folder
from totelake.contracts.pipeline import pipeline_of
from totelake.deploy.apply import apply, differs
from totelake.deploy.deploy import tables_by_source
from totelake.deploy.plan import Plan, Settings, plan
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
    jars=tuple(f"{ARTIFACTS}/{name}" for name in RELEASE["jars"]),
    alert_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-alerts",
    prefix=NAME,
)
# only AWS has these: one machine has one role, no keys and no retention of logs
AWS_ARGUMENTS = {
    "--TempDir",
    "--custom-logGroup-prefix",
    "--enable-job-insights",
    "--enable-spark-ui",
    "--spark-event-logs-path",
}

Resource = dict[str, Any]
# pipeline.yaml with the other way to publish
_SPLIT = other_words("\npublish: fused\n", "\npublish: split\n")


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
    return present(
        Name=values["name"],
        Description=values["description"],
        DatabaseName=values["database_name"],
        TablePrefix=values["table_prefix"],
        Targets={"S3Targets": sorted(({"Path": item["path"]} for item in values["s3_target"]), key=str)},
        SchemaChangePolicy={"UpdateBehavior": policy["update_behavior"], "DeleteBehavior": policy["delete_behavior"]},
        Configuration=json.loads(values["configuration"]),
    )


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


def of_this_repository() -> Plan:
    """What `totelake deploy` asks for."""
    return plan(load_contracts().pipeline, tables_by_source(load_contracts()), SETTINGS)


def requested(wanted: Plan) -> dict[str, Any]:
    """What deploy requests, by kind and name, without roles and without the order of a crawler's targets."""
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
    assert asked_of_aws(planned) == requested(of_this_repository())


def test_every_log_group_that_a_job_may_write_to_is_kept_with_a_limit(terraform: Terraform) -> None:
    fused, _ = planned_with(terraform, other_words("kind: pythonshell", "kind: pythonshell"))
    split, _ = planned_with(terraform, _SPLIT)
    kept = [
        {item["index"]: item["values"]["name"] for item in planned if item["type"] == "aws_cloudwatch_log_group"}
        for planned in (split, fused)
    ]
    # a change of the way to publish takes no logs away
    assert kept[0] == kept[1]
    jobs = [*of_type(split, "aws_glue_job"), *of_type(fused, "aws_glue_job")]
    written = {f"{log_group(on_aws(values))}/{stream}" for values in jobs for stream in STREAMS}
    # should AWS Glue put aside the prefix where there is a security configuration
    written |= {name.replace(f"/aws-glue/{NAME}/", "/aws-glue/jobs/") for name in written}
    crawlers = {f"/aws-glue/crawlers-role/{NAME}-crawler-{NAME}"}
    assert set(kept[0].values()) == written | crawlers
    limits = {values["retention_in_days"] for values in of_type(split, "aws_cloudwatch_log_group")}
    assert limits == {365}


def planned_with(terraform: Terraform, change: Callable[[Path], None]) -> tuple[list[Resource], dict[str, Any]]:
    """What Terraform plans and `totelake deploy` requests where the catalog is another."""
    catalog_folder = terraform.folder.parent / "catalog"
    kept = catalog_folder.rename(catalog_folder.with_name("kept"))
    try:
        shutil.copytree(kept, catalog_folder)
        change(catalog_folder)
        files = read_folder(catalog_folder)
        return plan_of(terraform), requested(plan(pipeline_of(files), tables_of(files), SETTINGS))
    finally:
        shutil.rmtree(catalog_folder)
        kept.rename(catalog_folder)


def test_a_shell_job_becomes_a_spark_job_by_its_kind_alone(terraform: Terraform) -> None:
    planned, wanted = planned_with(terraform, other_words("kind: pythonshell", "kind: glueetl"))
    found = asked_of_aws(planned)
    assert found == wanted
    assert {item["Command"]["Name"] for item in found["jobs"].values()} == {"glueetl"}
    with_driver = {name for name, item in found["jobs"].items() if "psycopg2_binary" in str(item["DefaultArguments"])}
    assert with_driver == {f"{NAME}-{name}-totesys" for name in ("watch", "ingest", "canary-shell")}


def test_builders_and_load_become_jobs_of_their_own_by_the_way_to_publish_alone(terraform: Terraform) -> None:
    planned, wanted = planned_with(terraform, _SPLIT)
    assert asked_of_aws(planned) == wanted
    fused = requested(of_this_repository())
    sources, steps = load_contracts().sources, ("build-dimensions", "build-facts", "load-warehouse")
    apart = {f"{NAME}-{name}-{source}" for name in steps for source in sources}
    assert set(wanted["jobs"]) - set(fused["jobs"]) == apart
    assert set(fused["jobs"]) - set(wanted["jobs"]) == {f"{NAME}-build-and-load-{source}" for source in sources}
    names = {f"{NAME}-refresh-{source}-{name}" for name in ("build", "load", "publish") for source in sources}
    assert set(wanted["triggers"]) ^ set(fused["triggers"]) == names


def test_of_a_second_source_both_make_what_is_there_for_each_and_nothing_else(
    planned: list[Resource], terraform: Terraform
) -> None:
    with_second, wanted = planned_with(terraform, add_second_source)
    assert asked_of_aws(with_second) == wanted
    one, two = ({item["address"]: item["values"] for item in resources} for resources in (planned, with_second))
    assert set(two) - set(one) == {address.replace(FIRST, SECOND) for address in one if FIRST in address}
    # what names every source, and nothing else, is another than before
    assert {address.split(".", 2)[2] for address in one if two[address] != one[address]} == {
        "aws_cloudwatch_dashboard.this",
        'data.aws_iam_policy_document.job["audit-catalog"]',
        'data.aws_iam_policy_document.job["maintain-lake"]',
        *(f'data.aws_iam_policy_document.job["watch-{source}"]' for source in load_contracts().sources),
    }


def test_a_job_of_a_source_starts_and_crawls_nothing_of_another(terraform: Terraform) -> None:
    with_second, _ = planned_with(terraform, add_second_source)
    allowed = {
        item["index"]: {one["sid"]: set(one["resources"]) for one in item["values"]["statement"] if "resources" in one}
        for item in with_second
        if item["address"].startswith("module.iam.data.aws_iam_policy_document.job[")
    }
    glue = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    data = f"arn:aws:s3:::{NAME}-ingestion-{ACCOUNT}-{REGION}"
    for source in (FIRST, SECOND):
        workflow, crawler = {f"{glue}:workflow/{NAME}-refresh-{source}"}, {f"{glue}:crawler/{NAME}-ingestion-{source}"}
        watching, checking = allowed[f"watch-{source}"], allowed[f"check-schemas-{source}"]
        assert (watching["Start"], checking["RunProperties"], checking["Crawl"]) == (workflow, workflow, crawler)
        tables = {f"{data}/{name}/*" for name in (FIRST, SECOND)}
        assert checking["Write"] & tables == checking["Read"] & tables == {f"{data}/{source}/*"}
    crawlers = {f"{glue}:crawler/{NAME}-ingestion-{source}" for source in (*load_contracts().sources, SECOND)}
    assert allowed["maintain-lake"]["Crawl"] == crawlers


def test_terraform_plans_what_deploy_creates(planned: list[Resource], aws: str, localglue_endpoint: str) -> None:
    glue = boto3.client("glue", endpoint_url=localglue_endpoint, region_name=REGION)
    list(apply(glue, of_this_repository(), activate_schedule=True))
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
