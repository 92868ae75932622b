"""The AWS account, or what stands for it on one machine: who asks, the clock, buckets, jobs and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from totelake.doctor.finding import Finding, Look, NotCheckedError, examine
from totelake.ports.aws_errors import code_of, status_of
from totelake.runtime.clients import Clients
from totelake.runtime.outcome import Result, ok, problem, warning

GROUP, DEPLOYMENT = "AWS", "deployment"
# AWS refuses a signature that is 5 minutes old, S3 one of 15
_MOST_SKEW, _NOTABLE_SKEW = 300, 60
_JOBS_AT_ONCE = 100
_FILES = ("--extra-py-files", "--additional-python-modules", "--extra-jars")


class Place(Protocol):
    """A deployment: its clients and names."""

    @property
    def clients(self) -> Clients:
        """Clients of the account or the stack."""

    @property
    def ingestion_bucket(self) -> str:
        """Of the ingestion zone."""

    @property
    def processed_bucket(self) -> str:
        """Of the processed zone."""

    @property
    def artifacts_bucket(self) -> str:
        """Of the releases."""


def of_user(clients: Clients) -> list[Finding]:
    """Who asks, and whether AWS takes signatures of this machine's clock."""
    return examine(GROUP, (("identity", partial(identity, clients)), ("clock", partial(clock, clients))))


def look_at_account(place: Place, jobs: Sequence[str], remedy: str) -> list[Finding]:
    """Buckets and jobs; `remedy` says how buckets come to be."""
    names = (place.ingestion_bucket, place.processed_bucket, place.artifacts_bucket)
    checks: list[tuple[str, Look]] = [
        (f"bucket {name}", partial(bucket, place.clients.s3, name, remedy)) for name in names
    ]
    checks.append(("jobs", partial(deployed_jobs, place.clients.glue, place.clients.s3, jobs)))
    return examine(DEPLOYMENT, checks)


def identity(clients: Clients) -> Iterator[Result]:
    """Who the credentials are. Raises what AWS refuses them for."""
    found = clients.client("sts").get_caller_identity()
    yield ok(f"account {found['Account']} as {found['Arn']}, region {clients.region or 'of the profile'}")


def clock(clients: Clients, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> Iterator[Result]:
    """This machine's clock against that of AWS, which dates also the answers that refuse."""
    try:
        metadata = clients.client("sts").get_caller_identity()["ResponseMetadata"]
    except ClientError as error:
        metadata = error.response.get("ResponseMetadata", {})
    except BotoCoreError:
        raise NotCheckedError("AWS gave no answer to compare with; see the line above") from None
    yield from judge_skew(round((now() - _date(metadata)).total_seconds()))


def _date(metadata: Mapping[str, Any]) -> datetime:
    return parsedate_to_datetime(metadata["HTTPHeaders"]["date"])


def judge_skew(seconds: int) -> Iterator[Result]:
    """Seconds that this machine is ahead of AWS."""
    way = "ahead of" if seconds > 0 else "behind"
    remedy = "set it by NTP (`timedatectl set-ntp true`)"
    if abs(seconds) >= _MOST_SKEW:
        yield problem(f"this machine's clock is {abs(seconds)} s {way} AWS's, which refuses its signatures", remedy)
    elif abs(seconds) >= _NOTABLE_SKEW:
        yield warning(f"this machine's clock is {abs(seconds)} s {way} AWS's", remedy)
    else:
        yield ok("as AWS's, to the minute")


def bucket(s3: Any, name: str, remedy: str) -> Iterator[Result]:
    """Whether a bucket is there and may be used."""
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if status_of(error) == 404:
            yield problem("it does not exist", remedy)
        elif status_of(error) in (301, 400):
            yield problem(f"it is in another region ({code_of(error)})", "set AWS_REGION to that of the deployment")
        elif status_of(error) == 403:
            yield problem("it belongs to others, or these credentials may not use it", "see AWS_PROFILE and its rights")
        else:
            raise
        return
    yield ok("it is there")


def deployed_jobs(glue: Any, s3: Any, names: Sequence[str]) -> Iterator[Result]:
    """Whether the jobs of catalog/pipeline.yaml are there, and their scripts, wheels and jars."""
    found: dict[str, Any] = {}
    for start in range(0, len(names), _JOBS_AT_ONCE):
        answer = glue.batch_get_jobs(JobNames=list(names[start : start + _JOBS_AT_ONCE]))
        found.update({job["Name"]: job for job in answer["Jobs"]})
    missing = [name for name in names if name not in found]
    if not found:
        yield warning("no job is there yet", "run `totelake deploy` (AWS: `make deploy`)")
        return
    if missing:
        yield problem(f"{', '.join(missing)} is not there", "run `totelake deploy` (AWS: `make deploy`) again")
    addresses = sorted({address for job in found.values() for address in _files(job)})
    lost = [address for address in addresses if not _is_there(s3, address)]
    if lost:
        yield problem(
            f"{lost[0]}{f' and {len(lost) - 1} more files' if lost[1:] else ''}, which jobs need, is not there",
            "run `totelake deploy` (AWS: `make deploy`) again, which publishes them",
        )
    if not missing and not lost:
        yield ok(f"all {len(found)} are there, and the {len(addresses)} files that they need")


def _files(job: Mapping[str, Any]) -> list[str]:
    """The S3 addresses of a job's script, wheels and jars."""
    arguments = job.get("DefaultArguments", {})
    libraries = [address for name in _FILES for address in str(arguments.get(name, "")).split(",")]
    return [address for address in (job["Command"]["ScriptLocation"], *libraries) if address.startswith("s3://")]


def _is_there(s3: Any, address: str) -> bool:
    bucket, _, key = address[len("s3://") :].partition("/")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if status_of(error) == 404:
            return False
        raise
    return True
