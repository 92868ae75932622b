"""deploy: a release in the artifacts bucket, the Glue resources over it, the tables of the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from totelake.contracts import Contracts, load_contracts
from totelake.deploy.apply import CREATED, UNCHANGED, UPDATED, Change, apply
from totelake.deploy.plan import Plan, Settings, plan
from totelake.deploy.release import Release, build, checkout
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError

Progress = Callable[[str], None]


def deploy(target: Target, progress: Progress = lambda _: None, activate_schedule: bool = False) -> list[Change]:
    """Bring a target to what this checkout describes; what was done to each resource. A second call changes nothing.

    Raises ConfigurationError for an account that Terraform deploys to.
    """
    if not target.role:
        raise ConfigurationError(
            "on AWS each job has a role of its own, which Terraform gives it: use `make deploy ENV=dev`, "
            "or name one role for all jobs by TOTELAKE_JOB_ROLE"
        )
    progress("building the wheel")
    release = build(checkout())
    progress("uploading the release")
    changes = [upload(target.clients.s3, target.artifacts_bucket, release)]
    for change in apply(target.clients.glue, desired(load_contracts(), target, release), activate_schedule):
        progress(f"{change.kind} {change.name}: {change.outcome}")
        changes.append(change)
    if target.warehouse_dsn:
        progress("bringing the warehouse to the contracts")
        changes.append(_warehouse(target.warehouse_dsn, progress))
    return changes


def desired(contracts: Contracts, target: Target, release: Release) -> Plan:
    """The resources of this release on that target."""
    root = f"s3://{target.artifacts_bucket}"
    settings = Settings(
        ingestion_bucket=target.ingestion_bucket,
        processed_bucket=target.processed_bucket,
        role=target.role,
        scripts=f"{root}/{release.key('glue_jobs')}",
        wheel=f"{root}/{release.key(release.wheel)}",
        libraries=tuple(f"{root}/{release.key(name)}" for name in release.libraries),
        compiled=tuple(f"{root}/{release.key(name)}" for name in release.compiled),
        jars=tuple(f"{root}/{release.key(name)}" for name in release.jars),
        alert_topic=target.alert_topic,
        prefix=target.prefix,
    )
    return plan(contracts.pipeline, tables_by_source(contracts), settings)


def tables_by_source(contracts: Contracts) -> Mapping[str, list[str]]:
    """The names of the ingested tables, by source."""
    return {name: [table.name for table in contracts.source_tables(name)] for name in contracts.sources}


def upload(s3: Any, bucket: str, release: Release) -> Change:
    """Upload the files that are not there: a key names its content, so one that is there is right."""
    missing = list(_missing(s3, bucket, release))
    for name in missing:
        s3.put_object(Bucket=bucket, Key=release.key(name), Body=release.files[name])
    return Change("release", release.id, CREATED if missing else UNCHANGED)


def _missing(s3: Any, bucket: str, release: Release) -> Iterator[str]:
    for name in release.files:
        try:
            s3.head_object(Bucket=bucket, Key=release.key(name))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            yield name


def _warehouse(dsn: str, progress: Progress) -> Change:
    from totelake.warehouse import tables

    found = tables.create(dsn, load_contracts())
    for step in found.steps:
        progress(f"warehouse {step.words}")
    outcome = CREATED if found.is_first else UPDATED if found.steps else UNCHANGED
    return Change("warehouse", "tables and views", outcome)
