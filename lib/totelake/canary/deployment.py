"""Looks that need no job: where the runs' logs are, the account's quotas, Lake Formation, what the canary left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from botocore.exceptions import ClientError

from totelake.canary.account import probe_table
from totelake.canary.flight import CanaryJob
from totelake.canary.look import Look, NotKnownError, unknown
from totelake.operate.logs import STREAMS, log_group
from totelake.ports.aws_errors import AwsError, code_of, translation_of
from totelake.runtime.clients import Clients
from totelake.runtime.outcome import Result, ok, warning

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient

Sleep = Callable[[float], None]
_BASES = ("/aws-glue/python-jobs", "/aws-glue/jobs")
# CloudWatch shows a line a while after it was written
_LOOKS, _BETWEEN = 6, 5.0
_RUNS, _DPUS = "Max concurrent job runs per account", "Max task dpus per account"
_ANYBODY = "IAM_ALLOWED_PRINCIPALS"
_GRANT = (
    "grant IAMAllowedPrincipals Super on both databases and their tables, or each role its rights there: "
    "docs/deployment.md, Lake Formation"
)


def logs(glue: GlueClient, logs: CloudWatchLogsClient, job: str, run_id: str, sleep: Sleep = time.sleep) -> Look:
    """The log group and stream that a run has really written."""
    expected = "a stream with the run's id where `totelake logs` reads"
    return Look("log group", expected, partial(_logs, glue, logs, job, run_id, sleep), seconds=90)


def _logs(glue: GlueClient, logs: CloudWatchLogsClient, name: str, run_id: str, sleep: Sleep) -> Result:
    job: Mapping[str, Any] = glue.get_job(JobName=name)["Job"]
    run: Mapping[str, Any] = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
    wanted = log_group(job, run)
    configured = wanted.partition("-role/")[0].rsplit("/", 1)[-1] if "-role/" in wanted else ""
    beside = [f"{base}/{configured}-role/{job['Role'].rsplit('/', 1)[-1]}" for base in _BASES] if configured else []
    others = {str(run.get("LogGroupName") or wanted), *beside, *_BASES} - {wanted}
    # who reads the deployment's own groups alone is not refused as long as the stream is where it should be
    with _asking(True, "grant logs:DescribeLogStreams on these groups, or see them in the console"):
        for attempt in range(_LOOKS):
            found = _written(logs, [wanted], run_id) or _written(logs, sorted(others), run_id)
            if found or attempt == _LOOKS - 1:
                break
            sleep(_BETWEEN)
    return judge_logs(wanted, run_id, found)


def _written(logs: CloudWatchLogsClient, groups: Sequence[str], run_id: str) -> list[tuple[str, str]]:
    """The groups in which a run has streams, each with a stream."""
    return [
        (f"{group}/{stream}", written)
        for group in groups
        for stream in STREAMS
        for written in _streams(logs, f"{group}/{stream}", run_id)
    ]


def _streams(logs: CloudWatchLogsClient, group: str, run_id: str) -> list[str]:
    """The streams of a group that begin with a run's id; none where there is no such group."""
    try:
        answer = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=run_id)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [stream["logStreamName"] for stream in answer["logStreams"]]


def judge_logs(wanted: str, run_id: str, found: Sequence[tuple[str, str]]) -> Result:
    """What a run wrote, as groups with streams, against the group that `totelake logs` reads."""
    told = ", ".join(f"{group} {stream}" for group, stream in found)
    if not found:
        return warning(
            f"no stream of the run in {wanted}",
            "see in the run's page of the console where its logs are, and that its role may write there",
        )
    if (f"{wanted}/output", run_id) in found:
        return ok(told)
    return warning(told, f"`totelake logs` reads the stream {run_id} of {wanted}/output: read these in the console")


def quotas(clients: Clients, pipeline: Mapping[str, Any], dpu_of_worker: Mapping[str, float], is_aws: bool) -> Look:
    """AWS Glue's quotas of the account, against all jobs of the pipeline at once."""
    runs, dpus = needed(pipeline, dpu_of_worker)
    expected = f"at least {runs} job runs and {dpus:g} DPUs at once"
    return Look("quotas", expected, partial(_quotas, clients, runs, dpus, is_aws))


def needed(pipeline: Mapping[str, Any], dpu_of_worker: Mapping[str, float]) -> tuple[int, float]:
    """The job runs and the DPUs of every job of a pipeline at once."""
    jobs = [{**pipeline["defaults"][job["kind"]], **job} for job in pipeline["jobs"].values()]
    return len(jobs), sum(
        float(job["max_capacity"])
        if job["kind"] == "pythonshell"
        else int(job["number_of_workers"]) * float(dpu_of_worker[job["worker_type"]])
        for job in jobs
    )


@contextmanager
def _asking(is_aws: bool, remedy: str) -> Iterator[None]:
    """Raises NotKnownError for what the caller may not ask, or what stands for AWS on one machine does not answer."""
    try:
        yield
    except ClientError as error:
        if is_aws and "AccessDenied" not in code_of(error):
            raise
        raise NotKnownError(f"{code_of(error)} to {error.operation_name}; {remedy}") from error


def _quotas(clients: Clients, runs: int, dpus: float, is_aws: bool) -> Result:
    remedy = "grant servicequotas:ListServiceQuotas, or see them in the console: Service Quotas, AWS Glue"
    if not is_aws:
        raise NotKnownError("one machine has no quotas; look on AWS")
    with _asking(is_aws, remedy):
        pages = clients.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="glue")
        found = {item["QuotaName"].lower(): float(item["Value"]) for page in pages for item in page["Quotas"]}
    return judge_quotas(found, runs, dpus, remedy)


def judge_quotas(found: Mapping[str, float], runs: int, dpus: float, remedy: str) -> Result:
    """The quotas by their names in small letters, against what is needed."""
    wanted = {_RUNS: float(runs), _DPUS: dpus}
    known = {name: found[name.lower()] for name in wanted if name.lower() in found}
    told = ", ".join(f"{name}: {value:g}" for name, value in known.items())
    low = [name for name, value in known.items() if value < wanted[name]]
    if low:
        return warning(told, f"ask for more of {', '.join(low)} in Service Quotas: runs beyond it fail or wait")
    missing = [name for name in wanted if name not in known]
    if missing:
        return unknown(f"{told or 'none'}; {', '.join(missing)} is not listed", remedy)
    return ok(told)


def lake_formation(clients: Clients, is_aws: bool) -> Look:
    """Whether new databases and tables are left to IAM."""
    expected = "new databases and tables are open to whom IAM allows"
    return Look("Lake Formation", expected, partial(_lake_formation, clients, is_aws))


def _lake_formation(clients: Clients, is_aws: bool) -> Result:
    with _asking(is_aws, "grant lakeformation:GetDataLakeSettings, or see the Data Catalog settings in the console"):
        settings = clients.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    return judge_lake_formation(settings)


def judge_lake_formation(settings: Mapping[str, Any]) -> Result:
    """The settings as GetDataLakeSettings gives them."""
    parts = {"databases": "CreateDatabaseDefaultPermissions", "tables": "CreateTableDefaultPermissions"}
    closed = [name for name, key in parts.items() if not _is_open(settings.get(key, ()))]
    if not closed:
        return ok(f"{_ANYBODY} has ALL on new databases and tables")
    return warning(f"{_ANYBODY} has no ALL on new {' and '.join(closed)}", _GRANT)


def _is_open(permissions: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        item.get("Principal", {}).get("DataLakePrincipalIdentifier") == _ANYBODY and "ALL" in item["Permissions"]
        for item in permissions
    )


def left_behind(glue: GlueClient, databases: Mapping[str, str], jobs: Sequence[CanaryJob]) -> Look:
    """The tables of jobs that were started, which no job may delete: they are deleted here. `databases` are by zone."""
    return Look("left behind", "no table of the canary", partial(_left_behind, glue, databases, jobs))


def _left_behind(glue: GlueClient, databases: Mapping[str, str], jobs: Sequence[CanaryJob]) -> Result:
    left: list[str] = []
    unseen: list[str] = []
    for database, table in ((databases[job.zone], probe_table(job.label)) for job in jobs):
        try:
            glue.delete_table(DatabaseName=database, Name=table)
        except glue.exceptions.EntityNotFoundException:
            continue
        except AwsError as error:
            is_there = _is_there(glue, database, table)
            if is_there is not False:
                (left if is_there else unseen).append(f"{database}.{table} ({translation_of(error)})")
    if left:
        return warning(", ".join(left + unseen), "delete these tables in the console: nothing else tells of them")
    if unseen:
        return unknown(f"nothing of {', '.join(unseen)}", "look for these tables in the console, and delete them")
    return ok("none: what the jobs made was deleted")


def _is_there(glue: GlueClient, database: str, table: str) -> bool | None:
    """Whether a table that could not be deleted is there; None where nobody says."""
    try:
        glue.get_table(DatabaseName=database, Name=table)
    except glue.exceptions.EntityNotFoundException:
        return False
    except AwsError:
        return None
    return True
