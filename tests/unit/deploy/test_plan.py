"""The resources of a pipeline, as the requests that create them."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from tests.conftest import ROOT
from totelake.contracts import catalog
from totelake.contracts.documents import documents
from totelake.deploy.deploy import tables_by_source
from totelake.deploy.plan import Plan, Settings, plan
from totelake.errors import ContractError

SETTINGS = Settings(
    "in", "out", "arn:aws:iam::1:role/jobs", "s3://art/r/glue_jobs", "s3://art/r/t.whl", ("s3://art/i.whl",)
)
SOURCES = {"shop": ["customer", "sale"]}


def pipeline(**parts: Any) -> dict[str, Any]:
    """A pipeline of two jobs, a crawler and a workflow, with some parts replaced."""
    return {
        "prefix": "shop",
        "databases": {"ingestion": "shop_in"},
        "defaults": {
            "arguments": {"ingestion_bucket": "{ingestion_bucket}", "depth": 3},
            "pythonshell": {"python_version": "3.9", "max_capacity": 0.0625, "arguments": {"library-set": "analytics"}},
            "glueetl": {
                "python_version": "3",
                "glue_version": "5.1",
                "worker_type": "G.1X",
                "number_of_workers": 2,
                "python_tags": {"5.1": "cp311", "6.0": "cp313"},
            },
        },
        "jobs": {
            "take-in": {"description": "In.", "kind": "pythonshell", "timeout_minutes": 5, "max_retries": 1},
            "build": {
                "description": "Build.",
                "kind": "glueetl",
                "timeout_minutes": 60,
                "max_retries": 0,
                "number_of_workers": 5,
                "arguments": {"depth": 4},
            },
        },
        "crawlers": {"in": {"description": "Crawl.", "database": "shop_in", "sources": ["shop"]}},
        "workflows": {"refresh": {"description": "All.", "max_concurrent_runs": 1}},
        "triggers": {
            "start": {"type": "ON_DEMAND", "workflow": "refresh", "jobs": ["take-in"]},
            "then": {"type": "CONDITIONAL", "workflow": "refresh", "after": ["take-in"], "jobs": ["build"]},
            "clock": {"type": "SCHEDULED", "schedule": "cron(0/10 * * * ? *)", "jobs": ["take-in"]},
        },
        **parts,
    }


def test_a_python_shell_job_gets_the_wheel_as_an_extra_file() -> None:
    assert plan(pipeline(), SOURCES, SETTINGS).jobs["shop-take-in"] == {
        "Name": "shop-take-in",
        "Description": "In.",
        "Role": "arn:aws:iam::1:role/jobs",
        "Command": {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": "s3://art/r/glue_jobs/take_in.py"},
        "DefaultArguments": {
            "--ingestion_bucket": "in",
            "--depth": "3",
            "--library-set": "analytics",
            "--extra-py-files": "s3://art/r/t.whl",
        },
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 1,
        "Timeout": 5,
        "MaxCapacity": 0.0625,
    }


def test_a_spark_job_gets_wheels_as_modules_and_its_own_values_override_the_defaults() -> None:
    assert plan(pipeline(), SOURCES, SETTINGS).jobs["shop-build"] == {
        "Name": "shop-build",
        "Description": "Build.",
        "Role": "arn:aws:iam::1:role/jobs",
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://art/r/glue_jobs/build.py"},
        "DefaultArguments": {
            "--ingestion_bucket": "in",
            "--depth": "4",
            "--additional-python-modules": "s3://art/r/t.whl,s3://art/i.whl",
        },
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 60,
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 5,
    }


def test_a_crawler_has_a_target_for_each_table_and_never_the_bucket() -> None:
    crawler = plan(pipeline(), SOURCES, SETTINGS).crawlers["shop-in"]
    assert crawler["Targets"] == {"S3Targets": [{"Path": "s3://in/shop/customer/"}, {"Path": "s3://in/shop/sale/"}]}
    assert json.loads(crawler["Configuration"])["CrawlerOutput"] == {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    }


def test_triggers_chain_the_jobs_of_their_workflow() -> None:
    assert plan(pipeline(), SOURCES, SETTINGS).triggers == {
        "shop-start": {
            "Name": "shop-start",
            "Type": "ON_DEMAND",
            "WorkflowName": "shop-refresh",
            "Actions": [{"JobName": "shop-take-in"}],
        },
        "shop-then": {
            "Name": "shop-then",
            "Type": "CONDITIONAL",
            "WorkflowName": "shop-refresh",
            "Actions": [{"JobName": "shop-build"}],
            "Predicate": {
                "Logical": "AND",
                "Conditions": [{"LogicalOperator": "EQUALS", "JobName": "shop-take-in", "State": "SUCCEEDED"}],
            },
            "StartOnCreation": True,
        },
        "shop-clock": {
            "Name": "shop-clock",
            "Type": "SCHEDULED",
            "Schedule": "cron(0/10 * * * ? *)",
            "Actions": [{"JobName": "shop-take-in"}],
        },
    }


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"triggers": {"start": {"type": "ON_DEMAND", "jobs": ["tkae-in"]}}},
            "catalog/pipeline.yaml: the trigger start names the job tkae-in, which is not there; "
            "known are take-in, build",
        ),
        (
            {"triggers": {"start": {"type": "ON_DEMAND", "workflow": "nightly", "jobs": ["build"]}}},
            "catalog/pipeline.yaml: the trigger start belongs to the workflow nightly, which is not there; "
            "add it or correct the name",
        ),
        (
            {"crawlers": {"in": {"description": "", "database": "shop_in", "sources": ["shpo"]}}},
            "catalog/pipeline.yaml: the crawler in names the source shpo, which has no contracts under "
            "catalog/sources; add them or correct the name",
        ),
        (
            {"jobs": {"build": {"kind": "ray"}}, "triggers": {}},
            "catalog/pipeline.yaml: the job build is of kind ray; use pythonshell or glueetl",
        ),
        (
            {"databases": {"ingestion": "{stage}_in"}},
            "catalog/pipeline.yaml: '{stage}_in' has a name that is not known; "
            "use {prefix}, {database_prefix}, {ingestion_bucket}, {processed_bucket}, {alert_topic}",
        ),
    ],
    ids=["unknown job", "unknown workflow", "unknown source", "unknown kind", "unknown name"],
)
def test_a_loose_end_is_named(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError) as raised:
        plan(pipeline(**parts), SOURCES, SETTINGS)
    assert str(raised.value) == message


def test_another_prefix_names_a_deployment_of_its_own() -> None:
    parts = {
        "databases": {"ingestion": "{database_prefix}_in"},
        "crawlers": {"in": {"description": "", "database": "{database_prefix}_in", "sources": ["shop"]}},
        "jobs": {
            "look": {
                "description": "",
                "kind": "pythonshell",
                "timeout_minutes": 5,
                "max_retries": 0,
                "arguments": {"shop_secret": "{prefix}/shop", "refresh_workflow": "{prefix}-refresh"},
            }
        },
        "triggers": {"start": {"type": "ON_DEMAND", "workflow": "refresh", "jobs": ["look"]}},
    }
    found = plan(pipeline(**parts), SOURCES, replace(SETTINGS, prefix="shop-dev"))
    names = [list(kind) for kind in (found.databases, found.jobs, found.crawlers, found.workflows, found.triggers)]
    assert names == [["shop_dev_in"], ["shop-dev-look"], ["shop-dev-in"], ["shop-dev-refresh"], ["shop-dev-start"]]
    assert found.crawlers["shop-dev-in"]["DatabaseName"] == "shop_dev_in"
    arguments = found.jobs["shop-dev-look"]["DefaultArguments"]
    assert arguments["--shop_secret"] == "shop-dev/shop"
    assert arguments["--refresh_workflow"] == "shop-dev-refresh"


def our_plan(publish: str) -> Plan:
    """The plan of this repository with a way to publish."""
    described = {**documents()["pipeline.yaml"], "publish": publish}
    return plan(described, tables_by_source(catalog()), SETTINGS)


WAYS = pytest.mark.parametrize("publish", ["split", "fused"])


@WAYS
def test_every_request_is_one_that_glue_accepts(publish: str) -> None:
    service = botocore.session.get_session().get_service_model("glue")
    ours = our_plan(publish)
    kinds = {"CreateJob": ours.jobs, "CreateCrawler": ours.crawlers, "CreateWorkflow": ours.workflows}
    problems = [
        (name, report.generate_report())
        for operation, resources in {**kinds, "CreateTrigger": ours.triggers}.items()
        for name, resource in resources.items()
        if (report := ParamValidator().validate(resource, service.operation_model(operation).input_shape)).has_errors()
    ]
    assert problems == []


def test_every_job_has_its_script_and_every_script_its_job() -> None:
    jobs = {**our_plan("split").jobs, **our_plan("fused").jobs}
    planned = {job["Command"]["ScriptLocation"].rsplit("/", 1)[1] for job in jobs.values()}
    assert planned == {path.name for path in (ROOT / "glue_jobs").glob("*.py")}


def test_a_script_runs_under_the_name_of_its_file() -> None:
    for path in sorted((ROOT / "glue_jobs").glob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = [call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)]
        assert names == [path.stem], path.name


@WAYS
def test_the_triggers_of_a_workflow_form_no_circle(publish: str) -> None:
    after: dict[str, set[str]] = {}
    for trigger in our_plan(publish).triggers.values():
        watched = {condition["JobName"] for condition in trigger.get("Predicate", {}).get("Conditions", ())}
        for action in trigger["Actions"]:
            after.setdefault(action["JobName"], set()).update(watched)
    while after:
        free = [name for name, before in after.items() if not before & set(after)]
        assert free, f"a circle among {sorted(after)}"
        for name in free:
            del after[name]


def test_a_shell_job_that_becomes_a_spark_job_gets_the_wheel_of_its_module_for_its_glue_version() -> None:
    wheels = tuple(f"s3://art/a_b-1-{tag}-{tag}-manylinux2014_x86_64.whl" for tag in ("cp311", "cp313"))
    job = {"description": "In.", "modules": ["a-b"], "timeout_minutes": 5, "max_retries": 1}

    def modules(**more: str) -> str | None:
        jobs = {"take-in": {**job, **more}}
        found = plan(pipeline(jobs=jobs, triggers={}), SOURCES, replace(SETTINGS, compiled=wheels)).jobs["shop-take-in"]
        arguments: dict[str, str] = found["DefaultArguments"]
        return arguments.get("--additional-python-modules")

    pure = "s3://art/r/t.whl,s3://art/i.whl"
    assert modules(kind="pythonshell") is None
    assert modules(kind="glueetl") == f"{pure},{wheels[0]}"
    assert modules(kind="glueetl", glue_version="6.0") == f"{pure},{wheels[1]}"


def test_a_release_without_the_wheel_of_a_module_is_refused() -> None:
    jobs = {"a": {"description": "A.", "kind": "glueetl", "modules": ["b"], "timeout_minutes": 5, "max_retries": 1}}
    with pytest.raises(
        ContractError, match="the release has no wheel of b for cp311; build it again with `make release`"
    ):
        plan(pipeline(jobs=jobs, triggers={}), SOURCES, SETTINGS)


def test_jobs_and_triggers_of_the_other_way_to_publish_are_not_deployed_and_known_as_retired() -> None:
    jobs = ({"shop-build-dimensions", "shop-build-facts", "shop-load-warehouse"}, {"shop-build-and-load"})
    triggers = ({"shop-refresh-build", "shop-refresh-load"}, {"shop-refresh-publish"})
    described = {**documents()["pipeline.yaml"], "prefix": "shop"}
    split, fused = (
        plan({**described, "publish": way}, tables_by_source(catalog()), SETTINGS) for way in ("split", "fused")
    )
    assert (set(split.retired_jobs), set(fused.retired_jobs)) == (jobs[1], jobs[0])
    assert (set(split.retired_triggers), set(fused.retired_triggers)) == (triggers[1], triggers[0])
    assert set(split.jobs) ^ set(fused.jobs) == jobs[0] | jobs[1]
    assert set(split.triggers) ^ set(fused.triggers) == triggers[0] | triggers[1]


def test_an_unknown_way_to_publish_is_refused() -> None:
    with pytest.raises(ContractError, match="publish is 'both'; use split or fused"):
        plan(pipeline(publish="both"), SOURCES, SETTINGS)
