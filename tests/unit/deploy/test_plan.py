"""The resources of a pipeline, as the requests that create them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from totelake.contracts.pipeline import expanded
from totelake.contracts.sources import Source
from totelake.deploy.plan import Settings, plan
from totelake.errors import ContractError

SETTINGS = Settings(
    "in",
    "out",
    "arn:aws:iam::1:role/jobs",
    "s3://art/r/glue_jobs",
    "s3://art/r/t.whl",
    ("s3://art/i.whl",),
    jars=("s3://art/r/postgresql-42.7.7.jar",),
)
SOURCE = Source("shop", "postgres", "", "", "{prefix}/shop", "cron(0 * * * ? *)", "")
TABLES = {"shop": ["customer", "sale"]}


def pipeline(source: Source = SOURCE, **parts: Any) -> dict[str, Any]:
    """An expanded pipeline of two jobs, a crawler and a workflow, with some parts replaced."""
    described = {
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
        "crawlers": {
            "in-{source}": {"description": "Crawl.", "database": "shop_in", "table_prefix": "{source_table_prefix}"}
        },
        "workflows": {"refresh": {"description": "All.", "max_concurrent_runs": 1}},
        "triggers": {
            "start": {"type": "ON_DEMAND", "workflow": "refresh", "jobs": ["take-in"]},
            "then": {"type": "CONDITIONAL", "workflow": "refresh", "after": ["take-in"], "jobs": ["build"]},
            "clock": {"type": "SCHEDULED", "schedule": "cron(0/10 * * * ? *)", "jobs": ["take-in"]},
        },
        **parts,
    }
    return dict(expanded(described, {source.name: source}, ()))


def test_a_python_shell_job_gets_the_wheel_as_an_extra_file() -> None:
    assert plan(pipeline(), TABLES, SETTINGS).jobs["shop-take-in"] == {
        "Name": "shop-take-in",
        "Description": "In.",
        "Role": "arn:aws:iam::1:role/jobs",
        "Command": {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": "s3://art/r/glue_jobs/take_in.py"},
        "DefaultArguments": {
            "--ingestion_bucket": "in",
            "--depth": "3",
            "library-set": "analytics",
            "--extra-py-files": "s3://art/r/t.whl",
        },
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 1,
        "Timeout": 5,
        "MaxCapacity": 0.0625,
    }


def test_a_spark_job_gets_wheels_as_modules_and_its_own_values_override_the_defaults() -> None:
    assert plan(pipeline(), TABLES, SETTINGS).jobs["shop-build"] == {
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
    crawler = plan(pipeline(), TABLES, SETTINGS).crawlers["shop-in-shop"]
    assert crawler["Targets"] == {"S3Targets": [{"Path": "s3://in/shop/customer/"}, {"Path": "s3://in/shop/sale/"}]}
    assert json.loads(crawler["Configuration"])["CrawlerOutput"] == {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    }
    assert "TablePrefix" not in crawler


def test_a_crawler_registers_tables_with_the_prefix_of_their_source() -> None:
    described = pipeline(source=replace(SOURCE, table_prefix="shop_"))
    assert plan(described, TABLES, SETTINGS).crawlers["shop-in-shop"]["TablePrefix"] == "shop_"


def test_a_source_without_contracts_is_named() -> None:
    with pytest.raises(ContractError) as raised:
        plan(pipeline(), {"shop": []}, SETTINGS)
    assert str(raised.value) == (
        "catalog/pipeline.yaml: the crawler in-shop has nothing to crawl, because the source shop has no contracts; "
        "write them to catalog/sources/shop"
    )


def test_triggers_chain_the_jobs_of_their_workflow() -> None:
    assert plan(pipeline(), TABLES, SETTINGS).triggers == {
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
            {"crawlers": {"in": {"description": "", "database": "shop_in"}}},
            "catalog/pipeline.yaml: the crawler in belongs to no source; put {source} into its name",
        ),
        (
            {"jobs": {"build": {"kind": "ray"}}, "triggers": {}},
            "catalog/pipeline.yaml: the job build is of kind ray; use pythonshell or glueetl",
        ),
        (
            {
                "jobs": {"watch": {"kind": "pythonshell", "description": "", "max_retries": 0, "timeout_minutes": 1}},
                "triggers": {},
            },
            "catalog/pipeline.yaml: the job watch is given depth, which glue_jobs/watch.py does not take; "
            "correct the name (lib/totelake/runtime/job_arguments.py has them)",
        ),
        (
            {"databases": {"ingestion": "{stage}_in"}},
            "catalog/pipeline.yaml: '{stage}_in' has a name that is not known; "
            "use {prefix}, {database_prefix}, {ingestion_bucket}, {processed_bucket}, {alert_topic}",
        ),
    ],
    ids=["unknown job", "unknown workflow", "crawler of no source", "unknown kind", "unknown argument", "unknown name"],
)
def test_a_loose_end_is_named(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError) as raised:
        plan(pipeline(**parts), TABLES, SETTINGS)
    assert str(raised.value) == message


def test_another_prefix_names_a_deployment_of_its_own() -> None:
    parts = {
        "databases": {"ingestion": "{database_prefix}_in"},
        "crawlers": {"in-{source}": {"description": "", "database": "{database_prefix}_in"}},
        "jobs": {
            "look-{source}": {
                "description": "",
                "kind": "pythonshell",
                "timeout_minutes": 5,
                "max_retries": 0,
                "arguments": {"source_secret": "{source_secret}", "crawlers": "{prefix}-in"},
            }
        },
        "triggers": {"start-{source}": {"type": "ON_DEMAND", "workflow": "refresh", "jobs": ["look-{source}"]}},
    }
    found = plan(pipeline(**parts), TABLES, replace(SETTINGS, prefix="shop-dev"))
    names = [list(kind) for kind in (found.databases, found.jobs, found.crawlers, found.workflows, found.triggers)]
    assert names == [
        ["shop_dev_in"],
        ["shop-dev-look-shop"],
        ["shop-dev-in-shop"],
        ["shop-dev-refresh"],
        ["shop-dev-start-shop"],
    ]
    assert found.crawlers["shop-dev-in-shop"]["DatabaseName"] == "shop_dev_in"
    arguments = found.jobs["shop-dev-look-shop"]["DefaultArguments"]
    assert arguments["--source_secret"] == "shop-dev/shop"
    assert arguments["--crawlers"] == "shop-dev-in"
    assert found.jobs["shop-dev-look-shop"]["Command"]["ScriptLocation"].endswith("/look.py")


def test_a_shell_job_that_becomes_a_spark_job_gets_the_wheel_of_its_module_for_its_glue_version() -> None:
    wheels = tuple(f"s3://art/a_b-1-{tag}-{tag}-manylinux2014_x86_64.whl" for tag in ("cp311", "cp313"))
    job = {"description": "In.", "modules": ["a-b"], "timeout_minutes": 5, "max_retries": 1}

    def modules(**more: str) -> str | None:
        jobs = {"take-in": {**job, **more}}
        found = plan(pipeline(jobs=jobs, triggers={}), TABLES, replace(SETTINGS, compiled=wheels)).jobs["shop-take-in"]
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
        plan(pipeline(jobs=jobs, triggers={}), TABLES, SETTINGS)


def test_a_jar_that_a_spark_job_names_stands_before_what_glue_brings() -> None:
    jars = ("s3://art/r/postgresql-ng-1.0.jar", "s3://art/r/postgresql-42.7.7.jar", "s3://art/r/other-1.jar")
    common = {"description": "A.", "timeout_minutes": 5, "max_retries": 1}
    jobs = {
        "load": {**common, "kind": "glueetl", "jars": ["postgresql", "other"]},
        "build": {**common, "kind": "glueetl"},
        "look": {**common, "kind": "pythonshell", "jars": ["postgresql"]},
    }
    found = plan(pipeline(jobs=jobs, triggers={}), TABLES, replace(SETTINGS, jars=jars)).jobs
    given = {name: job["DefaultArguments"] for name, job in found.items()}
    assert {name: "--extra-jars" in arguments for name, arguments in given.items()} == {
        "shop-load": True, "shop-build": False, "shop-look": False,
    }  # fmt: skip
    assert given["shop-load"]["--extra-jars"] == f"{jars[1]},{jars[2]}"
    assert given["shop-load"]["--user-jars-first"] == "true"


def test_a_release_without_a_jar_that_a_job_names_is_refused() -> None:
    jobs = {"a": {"description": "A.", "kind": "glueetl", "jars": ["b"], "timeout_minutes": 5, "max_retries": 1}}
    with pytest.raises(ContractError, match="^the release has no jar of b; build it again with `make release`$"):
        plan(pipeline(jobs=jobs, triggers={}), TABLES, SETTINGS)


def test_an_unknown_way_to_publish_is_refused() -> None:
    with pytest.raises(ContractError, match="publish is 'both'; use split or fused"):
        plan(pipeline(publish="both"), TABLES, SETTINGS)
