"""The arguments of every job, one frozen dataclass for each. A new argument is a field here and, where a deployment
has to give it, a line in catalog/pipeline.yaml; a test holds both against each other.

A `required()` field has to be given. `runtime.argv` reads them from Glue's `--name value`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from totelake.runtime.argv import choice, is_known, parse, required

ENABLE, PAUSE, DISABLE = "enable", "pause", "disable"
_ROWS = 20_000_000


@dataclass(frozen=True)
class JobRun:
    """What Glue says of a run: the job's name, the run's id, the workflow run that it is part of, if any, and the
    arguments that the job does not know.

    Glue tells a Python-shell job neither name nor run id: its id is then made of the workflow run's.
    """

    job: str = ""
    id: str = field(default_factory=lambda: f"local_{uuid.uuid4().hex[:16]}")
    workflow: str = ""
    workflow_run_id: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobArguments:
    """What every job is given: both buckets, both databases of the Data Catalog, the namespace of its metrics."""

    name: ClassVar[str] = "job"
    ingestion_bucket: str = required()
    processed_bucket: str = required()
    ingestion_database: str = required()
    processed_database: str = required()
    metric_namespace: str = "totelake"
    verbose: bool = False
    run: JobRun = field(default_factory=JobRun)


@dataclass(frozen=True)
class WatchArguments(JobArguments):
    """`prefix` begins the names of the deployment's jobs and workflows; `alert_topic` is the SNS topic of alerts.

    A database has a `source_secret`, a feed has none.
    """

    name: ClassVar[str] = "watch"
    source: str = required()
    prefix: str = required()
    source_secret: str = ""
    alert_topic: str = ""


@dataclass(frozen=True)
class IngestArguments(JobArguments):
    """`bookmark`: pause captures without a commit, disable compares everything. `allow_deletes`: tables whose
    deletions pass however many they are."""

    name: ClassVar[str] = "ingest"
    source: str = required()
    source_secret: str = required()
    bookmark: str = choice(ENABLE, PAUSE, DISABLE)
    allow_deletes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedArguments(JobArguments):
    """What a job is given that takes records of a feed. `prefix` is the deployment's, which stands in braces in
    source.yaml. `bookmark`: pause takes without a commit, disable takes everything again."""

    source: str = required()
    prefix: str = required()
    bookmark: str = choice(ENABLE, PAUSE, DISABLE)


@dataclass(frozen=True)
class IngestFilesArguments(FeedArguments):
    """A source of kind files."""

    name: ClassVar[str] = "ingest_files"


@dataclass(frozen=True)
class IngestRatesArguments(FeedArguments):
    """A source of kind http."""

    name: ClassVar[str] = "ingest_rates"


@dataclass(frozen=True)
class CheckArguments(JobArguments):
    """`crawler` registers the source's tables; `row_limit` is how many rows one verdict takes at most."""

    name: ClassVar[str] = "check_schemas"
    source: str = required()
    crawler: str = required()
    dead_letter_queue: str = ""
    row_limit: int = _ROWS


@dataclass(frozen=True)
class BuildArguments(JobArguments):
    """`compact_objects` is the number of small objects from which a partition is written anew."""

    name: ClassVar[str] = "build"
    source: str = required()
    compact_objects: int = 32
    row_limit: int = _ROWS


@dataclass(frozen=True)
class LoadArguments(JobArguments):
    """The source whose star tables are loaded, and the secret of the warehouse."""

    name: ClassVar[str] = "load_warehouse"
    source: str = required()
    warehouse_secret: str = required()


@dataclass(frozen=True)
class BuildAndLoadArguments(BuildArguments, LoadArguments):
    """Builders and load in one job."""

    name: ClassVar[str] = "build_and_load"


@dataclass(frozen=True)
class MaintainArguments(JobArguments):
    """`crawlers` begins the crawlers' names, a source's ends with it. `dry_run` reports and changes nothing;
    `whole_history` goes through all commits."""

    name: ClassVar[str] = "maintain_lake"
    crawlers: str = required()
    dead_letter_queue: str = ""
    dry_run: bool = False
    whole_history: bool = False


@dataclass(frozen=True)
class AuditArguments(JobArguments):
    """`crawlers` begins the crawlers' names, a source's ends with it. `whole_history` opens every file again.

    `crawl_days`: the audit starts a crawler whose last crawl is so many days old; 1 stands for every audit.
    """

    name: ClassVar[str] = "audit_catalog"
    crawlers: str = required()
    whole_history: bool = False
    crawl_days: int = 1


@dataclass(frozen=True)
class CanaryShellArguments(JobArguments):
    """The source whose secret, if it has one, the canary tries; `canary_run` names the run that the report is of, by
    default this."""

    name: ClassVar[str] = "canary_shell"
    source: str = required()
    source_secret: str = ""
    canary_run: str = ""


@dataclass(frozen=True)
class CanarySparkArguments(JobArguments):
    """The secret of the warehouse, which the canary tries; `canary_run` as of the Python-shell job."""

    name: ClassVar[str] = "canary_spark"
    warehouse_secret: str = required()
    canary_run: str = ""


A = TypeVar("A", bound=JobArguments)


# by the script in glue_jobs/
KINDS: Mapping[str, type[JobArguments]] = {
    "watch": WatchArguments,
    "ingest": IngestArguments,
    "ingest_files": IngestFilesArguments,
    "ingest_rates": IngestRatesArguments,
    "check_schemas": CheckArguments,
    "build_dimensions": BuildArguments,
    "build_facts": BuildArguments,
    "load_warehouse": LoadArguments,
    "build_and_load": BuildAndLoadArguments,
    "maintain_lake": MaintainArguments,
    "audit_catalog": AuditArguments,
    "canary_shell": CanaryShellArguments,
    "canary_spark": CanarySparkArguments,
}


def unknown_arguments(script: str, names: Iterable[str]) -> list[str]:
    """Which of the arguments a script of glue_jobs/ does not take; none for a script that is not ours."""
    kind = KINDS.get(script)
    return [] if kind is None else sorted(name for name in names if not is_known(kind, name))


def parse_arguments(argv: Sequence[str], kind: type[A]) -> A:
    """Read a script's argv, its own name first. Raises ConfigurationError for what is missing or wrong."""
    given = parse(argv[1:], kind.name, kind)
    workflow_run = given.glue.get("WORKFLOW_RUN_ID", "")
    run = {
        "job": given.glue.get("JOB_NAME") or kind.name,
        "id": given.glue.get("JOB_RUN_ID") or (f"{workflow_run}_{uuid.uuid4().hex[:8]}" if workflow_run else ""),
        "workflow": given.glue.get("WORKFLOW_NAME", ""),
        "workflow_run_id": workflow_run,
    }
    set_values: dict[str, Any] = {name: value for name, value in run.items() if value}
    return kind(**given.values, run=JobRun(**set_values, unknown=given.unknown))
