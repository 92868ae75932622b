"""The Glue resources that catalog/pipeline.yaml asks for, as the requests that create them; pure, without any I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from totelake.contracts.pipeline import active
from totelake.deploy.compiled import wheel_of
from totelake.deploy.jars import jar_of
from totelake.errors import ContractError
from totelake.runtime.job_arguments import unknown_arguments

Resource = dict[str, Any]
PYTHON_SHELL, SPARK = "pythonshell", "glueetl"
SCHEDULED, CONDITIONAL = "SCHEDULED", "CONDITIONAL"
# Glue selects a Python shell's packages by this name alone; with dashes it would be one more argument of the script
_WITHOUT_DASHES = "library-set"


@dataclass(frozen=True)
class Settings:
    """What differs between deployments: buckets, role, where a release's files are, alerts' topic, names' prefix."""

    ingestion_bucket: str
    processed_bucket: str
    role: str
    scripts: str
    wheel: str
    libraries: tuple[str, ...] = ()
    compiled: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    alert_topic: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Plan:
    """Every resource by its name, each the parameters of its Create call.

    `retired` has the names of what an earlier deployment may have left, by kind: jobs, crawlers, workflows, triggers.
    """

    databases: Mapping[str, Resource]
    jobs: Mapping[str, Resource]
    crawlers: Mapping[str, Resource]
    workflows: Mapping[str, Resource]
    triggers: Mapping[str, Resource]
    retired: Mapping[str, Sequence[str]] = field(default_factory=dict)


def plan(pipeline: Mapping[str, Any], tables: Mapping[str, Sequence[str]], settings: Settings) -> Plan:
    """The resources of an expanded pipeline; `tables` names those of each source.

    Raises ContractError for a loose end.
    """
    pipeline = active(pipeline)
    _check(pipeline, tables)
    prefix = settings.prefix or pipeline["prefix"]
    pipeline = _filled(pipeline, _names(prefix, settings))
    return Plan(
        databases={name: {"Name": name} for name in pipeline["databases"].values()},
        jobs=_named(_job(prefix, name, entry, pipeline["defaults"], settings) for name, entry in _of(pipeline, "jobs")),
        crawlers=_named(_crawler(prefix, name, entry, tables, settings) for name, entry in _of(pipeline, "crawlers")),
        workflows=_named(_workflow(prefix, name, entry) for name, entry in _of(pipeline, "workflows")),
        triggers=_named(_trigger(prefix, name, entry) for name, entry in _of(pipeline, "triggers")),
        retired={part: [f"{prefix}-{name}" for name in names] for part, names in pipeline["retired"].items()},
    )


def _names(prefix: str, settings: Settings) -> Mapping[str, str]:
    """What stands in braces in pipeline.yaml. A database's name has no hyphen, which SQL would want quoted."""
    return {
        "prefix": prefix,
        "database_prefix": prefix.replace("-", "_"),
        "ingestion_bucket": settings.ingestion_bucket,
        "processed_bucket": settings.processed_bucket,
        "alert_topic": settings.alert_topic,
    }


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    """A document with every name in braces replaced. Raises ContractError for a name that is not known."""
    if isinstance(value, Mapping):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, names) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return value.format(**names)
    except (KeyError, IndexError, ValueError):
        known = ", ".join(f"{{{name}}}" for name in names)
        raise ContractError(f"catalog/pipeline.yaml: '{value}' has a name that is not known; use {known}") from None


def _of(pipeline: Mapping[str, Any], kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    return list(pipeline.get(kind, {}).items())


def _named(resources: Any) -> dict[str, Resource]:
    return {resource["Name"]: resource for resource in resources}


def _check(pipeline: Mapping[str, Any], tables: Mapping[str, Sequence[str]]) -> None:
    jobs, workflows = pipeline["jobs"], pipeline.get("workflows", {})
    for name, trigger in _of(pipeline, "triggers"):
        for job in [*trigger["jobs"], *trigger.get("after", ())]:
            if job not in jobs:
                raise ContractError(
                    f"catalog/pipeline.yaml: the trigger {name} names the job {job}, which is not there; "
                    f"known are {', '.join(jobs) or 'none'}"
                )
        if trigger.get("workflow") not in (None, *workflows):
            raise ContractError(
                f"catalog/pipeline.yaml: the trigger {name} belongs to the workflow {trigger['workflow']}, "
                "which is not there; add it or correct the name"
            )
    for name, crawler in _of(pipeline, "crawlers"):
        source = crawler.get("source")
        if not source:
            raise ContractError(
                f"catalog/pipeline.yaml: the crawler {name} belongs to no source; put {{source}} into its name"
            )
        if not tables.get(source):
            raise ContractError(
                f"catalog/pipeline.yaml: the crawler {name} has nothing to crawl, because the source {source} has no "
                f"contracts; write them to catalog/sources/{source}"
            )


def _job(prefix: str, name: str, entry: Mapping[str, Any], defaults: Mapping[str, Any], settings: Settings) -> Resource:
    kind = entry["kind"]
    if kind not in (PYTHON_SHELL, SPARK):
        raise ContractError(f"catalog/pipeline.yaml: the job {name} is of kind {kind}; use {PYTHON_SHELL} or {SPARK}")
    own = {**defaults[kind], **entry}
    script = f"{settings.scripts}/{entry['script']}.py"
    resource: Resource = {
        "Name": f"{prefix}-{name}",
        "Description": entry["description"],
        "Role": settings.role,
        "Command": {"Name": kind, "PythonVersion": own["python_version"], "ScriptLocation": script},
        "DefaultArguments": _arguments(name, kind, entry, defaults, settings),
        "ExecutionProperty": {"MaxConcurrentRuns": own.get("max_concurrent_runs", 1)},
        "MaxRetries": own["max_retries"],
        "Timeout": own["timeout_minutes"],
    }
    if kind == PYTHON_SHELL:
        return {**resource, "MaxCapacity": own["max_capacity"]}
    size = {"WorkerType": own["worker_type"], "NumberOfWorkers": own["number_of_workers"]}
    return {**resource, "GlueVersion": own["glue_version"], **size}


def _arguments(
    name: str, kind: str, entry: Mapping[str, Any], defaults: Mapping[str, Any], settings: Settings
) -> dict[str, str]:
    """Common, kind's and job's arguments, the later overriding the earlier, with the wheel where its kind wants it."""
    merged = {**defaults["arguments"], **defaults[kind].get("arguments", {}), **entry.get("arguments", {})}
    unknown = unknown_arguments(entry["script"], merged)
    if unknown:
        raise ContractError(
            f"catalog/pipeline.yaml: the job {name} is given {unknown[0]}, which glue_jobs/{entry['script']}.py does "
            "not take; correct the name (lib/totelake/runtime/job_arguments.py has them)"
        )
    filled = {name if name == _WITHOUT_DASHES else f"--{name}": str(value) for name, value in merged.items()}
    arguments = {name: value for name, value in filled.items() if value}
    if kind == PYTHON_SHELL:
        return {**arguments, "--extra-py-files": settings.wheel}
    tag = defaults[SPARK]["python_tags"][_glue_version(entry, defaults)] if entry.get("modules") else ""
    compiled = [wheel_of(module, tag, settings.compiled) for module in entry.get("modules", ())]
    modules = {"--additional-python-modules": ",".join((settings.wheel, *settings.libraries, *compiled))}
    jars = ",".join(jar_of(name, settings.jars) for name in entry.get("jars", ()))
    # Glue brings drivers of its own, which stand first in the class path unless it is told otherwise
    return {**arguments, **modules, **({"--extra-jars": jars, "--user-jars-first": "true"} if jars else {})}


def _glue_version(entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    return str({**defaults[SPARK], **entry}["glue_version"])


def _crawler(
    prefix: str, name: str, entry: Mapping[str, Any], tables: Mapping[str, Sequence[str]], settings: Settings
) -> Resource:
    """One S3 target for each table, never the bucket; a partition takes its columns from the table."""
    source = entry["source"]
    paths = [f"s3://{settings.ingestion_bucket}/{source}/{table}/" for table in tables[source]]
    output = {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    }
    # bucket, source, table: one table for each target, however unlike its files are
    grouping = {"TableLevelConfiguration": 3}
    before = entry.get("table_prefix")
    return {
        "Name": f"{prefix}-{name}",
        "Description": entry["description"],
        "Role": settings.role,
        "DatabaseName": entry["database"],
        **({"TablePrefix": before} if before else {}),
        "Targets": {"S3Targets": [{"Path": path} for path in paths]},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        "Configuration": json.dumps({"Version": 1.0, "CrawlerOutput": output, "Grouping": grouping}, sort_keys=True),
    }


def _workflow(prefix: str, name: str, entry: Mapping[str, Any]) -> Resource:
    return {
        "Name": f"{prefix}-{name}",
        "Description": entry["description"],
        "MaxConcurrentRuns": entry["max_concurrent_runs"],
    }


def _trigger(prefix: str, name: str, entry: Mapping[str, Any]) -> Resource:
    resource: Resource = {
        "Name": f"{prefix}-{name}",
        "Type": entry["type"],
        "Actions": [{"JobName": f"{prefix}-{job}"} for job in entry["jobs"]],
    }
    if entry.get("workflow"):
        resource["WorkflowName"] = f"{prefix}-{entry['workflow']}"
    if entry["type"] == SCHEDULED:
        resource["Schedule"] = entry["schedule"]
    if entry["type"] == CONDITIONAL:
        conditions = [
            {"LogicalOperator": "EQUALS", "JobName": f"{prefix}-{job}", "State": "SUCCEEDED"} for job in entry["after"]
        ]
        resource["Predicate"] = {"Logical": "AND", "Conditions": conditions}
        resource["StartOnCreation"] = True
    return resource
