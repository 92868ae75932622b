"""Tear a deployment down: with its data, or so that buckets, key, secrets and catalogue stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from totelake.deploy.terraform import Resource, Terraform
from totelake.errors import ConfigurationError
from totelake.ports.aws_errors import translation_of
from totelake.runtime.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient

# what holds data, and what the data cannot be read without; terraform/adopt.tf takes the same over
KEPT = ("module.storage.", "module.secrets.", "module.catalog.aws_glue_catalog_database.")
# what writes to the buckets: it goes first, so that an emptied bucket stays empty
_WRITERS = ("module.workflow", "module.jobs", "module.catalog.aws_glue_crawler.this")
_RUNNING = ("RUNNING", "STOPPING")


def tear_down(
    terraform: Terraform,
    clients: Clients,
    is_data_kept: bool,
    agree: Callable[[str], None],
    is_agreed: bool,
    say: Callable[[str], None] = print,
) -> None:
    """Destroy what is deployed. `agree` is told the deployment's name, and raises when it is not meant.

    Raises ConfigurationError, before anything is touched, when a workflow runs or RDS protects the warehouse.
    """
    terraform.init()
    found = terraform.resources()
    if not found:
        say("nothing is deployed; there is nothing to destroy")
        return
    _check(found, clients)
    agree(_name(found))
    # a checkout that has deployed nothing does not know the release, which Terraform wants to be told
    release = terraform.outputs().get("release")
    told = [f"-var=release={json.dumps(release)}"] if release else []
    if is_data_kept:
        _keep(terraform, found, told, say)
    else:
        _delete(clients, found, partial(terraform.destroy, is_agreed, *told), say)


def _keep(terraform: Terraform, found: Sequence[Resource], told: Sequence[str], say: Callable[[str], None]) -> None:
    """Let Terraform forget what is kept, then destroy the rest; a second time goes on where the first one ended.

    Terraform does not ask: a "no" would leave a deployment whose data it no longer knows, and the name was typed.
    """
    terraform.forget([one.address for one in found if one.address.startswith(KEPT)])
    try:
        terraform.destroy(True, *told)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}; buckets, key, secrets and databases are out of the state by now, so destroy again, or deploy "
            "with ADOPT=1, which takes them back"
        ) from error
    say("destroyed; buckets, key, secrets and the catalogue's databases are kept, and `deploy --adopt` takes them over")


def _delete(
    clients: Clients, found: Sequence[Resource], destroy: Callable[..., None], say: Callable[[str], None]
) -> None:
    """Destroy what writes, empty the buckets, free the secrets' names, then destroy everything.

    The secrets go while the state still has them, so that a second time finds those that are left.
    """
    destroy(*(f"-target={address}" for address in _WRITERS))
    for one in _of(found, "aws_s3_bucket"):
        bucket = one.values["bucket"]
        say(f"{bucket}: {empty(clients.s3, bucket)} versions deleted")
    _free(clients.secretsmanager, [one.values["arn"] for one in _of(found, "aws_secretsmanager_secret")])
    destroy()
    say("destroyed with all data; its key goes in 30 days")


def _free(secrets: SecretsManagerClient, arns: Sequence[str]) -> None:
    """Delete secrets at once: Terraform would leave their names taken for as long as they can be restored.

    One that is gone already is none that fails. Raises ConfigurationError for those refused, after all were tried.
    """
    refused = []
    for arn in arns:
        try:
            secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
        except (ClientError, BotoCoreError) as error:
            refused.append(f"{arn}: {translation_of(error)}")
    if refused:
        raise ConfigurationError(
            f"not every secret could be deleted: {'; '.join(refused)}; correct that and destroy again, as the rest is "
            "still there"
        )


def empty(s3: S3Client, bucket: str, at_once: int = 1000) -> int:
    """Delete every version and every delete marker of a bucket; how many there were. Raises ConfigurationError."""
    deleted = 0
    # from the start again each time: what a page begins with may be gone
    while objects := _versions(s3, bucket, at_once):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", ()):
            raise ConfigurationError(
                f"s3://{bucket}/{error.get('Key')} cannot be deleted: {error.get('Message')}; "
                "correct that and destroy again"
            )
        deleted += len(objects)
    return deleted


def _versions(s3: S3Client, bucket: str, most: int) -> list[ObjectIdentifierTypeDef]:
    page = s3.list_object_versions(Bucket=bucket, MaxKeys=most)
    listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in listed]


def _check(found: Sequence[Resource], clients: Clients) -> None:
    for one in _of(found, "aws_db_instance"):
        if one.values["deletion_protection"]:
            raise ConfigurationError(
                f"RDS protects the warehouse {one.values['identifier']} from being deleted; set "
                "warehouse_deletion_protection = false, deploy, and destroy again (a last snapshot is made)"
            )
    for one in _of(found, "aws_glue_workflow"):
        name = one.values["name"]
        runs = clients.glue.get_workflow_runs(Name=name, MaxResults=25)["Runs"]
        if any(run["Status"] in _RUNNING for run in runs):
            raise ConfigurationError(
                f"the workflow {name} runs; set schedules_enabled = false, deploy, wait for its end, and destroy again"
            )


def _of(found: Sequence[Resource], kind: str) -> list[Resource]:
    return [one for one in found if one.type == kind]


def _name(found: Sequence[Resource]) -> str:
    """The deployment's name, which every resource bears as a tag."""
    tags: list[str] = [one.values["tags_all"]["deployment"] for one in found if one.values.get("tags_all")]
    if not tags:
        raise ConfigurationError("nothing in the state bears the tag `deployment`; destroy it by Terraform itself")
    return tags[0]
