"""Job arguments, parsed once at the edge from the `--name value` pairs that Glue gives a script."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from totelake.errors import ConfigurationError

ENABLE, PAUSE, DISABLE = "enable", "pause", "disable"
_BOOKMARKS = (ENABLE, PAUSE, DISABLE)
_FLAGS = ("debug", "dry_run", "whole_history")
_LAKE = ("ingestion_bucket", "processed_bucket", "ingestion_database", "processed_database")
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "watch": _LAKE + ("totesys_secret", "refresh_workflow"),
    "ingest_totesys": _LAKE + ("totesys_secret",),
    "check_schemas": _LAKE + ("ingestion_crawler",),
    "build_dimensions": _LAKE,
    "build_facts": _LAKE,
    "load_warehouse": _LAKE + ("warehouse_secret",),
    "build_and_load": _LAKE + ("warehouse_secret",),
    "maintain_lake": _LAKE + ("ingestion_crawler",),
    "audit_catalog": _LAKE + ("ingestion_crawler",),
}
# what Glue passes on, or reads before the script starts; developer guide, "Using job parameters in AWS Glue jobs"
_GLUE_OWN = frozenset(
    [
        "JOB_NAME",
        "JOB_ID",
        "JOB_RUN_ID",
        "SECURITY_CONFIGURATION",
        "TempDir",
        "RedshiftTempDir",
        "WORKFLOW_NAME",
        "WORKFLOW_RUN_ID",
        "job-bookmark-option",
        "job-bookmark-from",
        "job-bookmark-to",
        "job-language",
        "library-set",
        "scriptLocation",
        "encryption-type",
        "extra-py-files",
        "extra-files",
        "extra-jars",
        "user-jars-first",
        "additional-python-modules",
        "python-modules-installer-option",
        "enable-metrics",
        "enable-observability-metrics",
        "enable-continuous-cloudwatch-log",
        "enable-continuous-log-filter",
        "continuous-log-logGroup",
        "continuous-log-logStreamPrefix",
        "continuous-log-conversionPattern",
        "enable-job-insights",
        "enable-spark-ui",
        "spark-event-logs-path",
        "enable-glue-datacatalog",
        "enable-auto-scaling",
        "datalake-formats",
        "conf",
        "custom-logGroup-prefix",
        "custom-logStream-prefix",
        "executor-cores",
        "customer-driver-env-vars",
        "customer-executor-env-vars",
        "enable-rename-algorithm-v2",
        "enable-s3-parquet-optimized-committer",
    ]
)


@dataclass(frozen=True)
class JobArguments:
    """The arguments of one run."""

    job: str
    ingestion_bucket: str = ""
    processed_bucket: str = ""
    ingestion_database: str = ""
    processed_database: str = ""
    totesys_secret: str = ""
    warehouse_secret: str = ""
    refresh_workflow: str = ""
    ingestion_crawler: str = ""
    alert_topic: str = ""
    metric_namespace: str = "totelake"
    dead_letter_queue: str = ""
    bookmark: str = ENABLE
    allow_deletes: str = ""
    row_limit: int = 20_000_000
    compact_objects: int = 32
    dry_run: bool = False
    whole_history: bool = False
    debug: bool = False
    job_name: str = ""
    job_run_id: str = ""
    workflow: str | None = None
    workflow_run_id: str | None = None

    @property
    def allowed_deletes(self) -> tuple[str, ...]:
        """The tables whose deletions pass however many they are, from a list with commas."""
        return tuple(name.strip() for name in self.allow_deletes.split(",") if name.strip())

    @classmethod
    def from_argv(cls, argv: Sequence[str], job: str) -> JobArguments:
        """Parse a script's argv, its own name first. Raises ConfigurationError for what is unknown or missing."""
        given = _pairs(argv[1:])
        own = {name: value for name, value in given.items() if name not in _GLUE_OWN}
        settable = {field.name for field in fields(cls)} - {
            "job",
            "job_name",
            "job_run_id",
            "workflow",
            "workflow_run_id",
        }
        unknown = sorted(set(own) - settable)
        if unknown:
            raise ConfigurationError(
                f"job {job}: unknown argument --{unknown[0]}; known are --{', --'.join(sorted(settable))}"
            )
        missing = [name for name in _REQUIRED[job] if not own.get(name)]
        if missing:
            raise ConfigurationError(
                f"job {job}: the argument --{missing[0]} is missing; give it to the job or to the run"
            )
        values: dict[str, object] = dict(own)
        values["bookmark"] = _one_of(job, "bookmark", own.get("bookmark", ENABLE), _BOOKMARKS)
        for name in ("row_limit", "compact_objects"):
            values[name] = _positive(job, name, own.get(name, str(getattr(cls, name))))
        values.update({name: _flag(job, name, own[name]) for name in _FLAGS if name in own})
        return cls(
            job=job,
            job_name=given.get("JOB_NAME", job),
            job_run_id=given.get("JOB_RUN_ID") or f"local_{uuid.uuid4().hex[:16]}",
            workflow=given.get("WORKFLOW_NAME"),
            workflow_run_id=given.get("WORKFLOW_RUN_ID"),
            **values,  # type: ignore[arg-type]
        )


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        if not word.startswith("--"):
            raise ConfigurationError(f"'{word}' is no argument; write arguments as --name value")
        name, equals, value = word[2:].partition("=")
        follows = position + 1 < len(words) and not words[position + 1].startswith("--")
        if not equals and follows:
            position += 1
            value = words[position]
        pairs[name] = value
        position += 1
    return pairs


def _one_of(job: str, name: str, value: str, allowed: Sequence[str]) -> str:
    plain = value.replace("job-bookmark-", "")
    if plain not in allowed:
        raise ConfigurationError(f"job {job}: --{name} is '{value}'; use {', '.join(allowed[:-1])} or {allowed[-1]}")
    return plain


def _positive(job: str, name: str, value: str) -> int:
    if not value.isdigit() or int(value) == 0:
        raise ConfigurationError(f"job {job}: --{name} is '{value}'; use a whole number above 0")
    return int(value)


def _flag(job: str, name: str, value: str) -> bool:
    return _one_of(job, name, value.lower() or "true", ("true", "false")) == "true"
