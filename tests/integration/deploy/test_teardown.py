"""Tear-downs, with a stand-in for terraform that has a state and notes what it is asked, and the real S3 protocol."""

from __future__ import annotations

import json
import os
import uuid
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from totelake.deploy.environment import agreed, main
from totelake.deploy.teardown import KEPT, empty, tear_down
from totelake.deploy.terraform import Terraform
from totelake.errors import ConfigurationError
from totelake.runtime import Clients

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
STAND_IN = """#!/bin/sh
case "$2" in
  show) cat "$TERRAFORM_STATE";;
  output) echo '{"release": {"value": {"id": "0123"}}}';;
  init) ;;
  *) shift; echo "$@" >> "$TERRAFORM_CALLS"; [ "$1 $*" = "destroy destroy $FAILS" ] && exit 1; exit 0;;
esac
"""
NAME = "shop-dev"
AGREED = 'destroy -var-file=environments/dev.tfvars -input=false -auto-approve -var=release={"id": "0123"}'


class Account:
    """A bucket with versions and delete markers, a secret, and a state that has both and a job."""

    def __init__(self, folder: Path) -> None:
        self.clients = Clients.from_environment()
        self.bucket = f"data-{uuid.uuid4().hex[:12]}"
        s3 = self.clients.s3
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        for key in ("a b/ü?.parquet", "replaced", "deleted"):
            s3.put_object(Bucket=self.bucket, Key=key, Body=b"1")
        s3.put_object(Bucket=self.bucket, Key="replaced", Body=b"2")
        s3.delete_object(Bucket=self.bucket, Key="deleted")
        self.secret = self.clients.secretsmanager.create_secret(Name=f"{self.bucket}/warehouse")["ARN"]
        self.folder, self._calls, self._state = folder / "terraform", folder / "calls", folder / "state.json"
        (self.folder / "environments").mkdir(parents=True)
        for name in ("dev.tfvars", "dev.s3.tfbackend"):
            (self.folder / "environments" / name).touch()
        program = folder / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(STAND_IN, encoding="utf-8")
        program.chmod(0o755)
        self.environment = {"TERRAFORM_CALLS": str(self._calls), "TERRAFORM_STATE": str(self._state)}
        self.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
        self.has()

    def has(self, *more: tuple[str, dict[str, Any]]) -> None:
        """Let the state have the bucket, the key, the secret, a job and more."""
        tags = {"tags_all": {"deployment": NAME}}
        resources = [
            ('module.storage.aws_s3_bucket.this["ingestion"]', {"bucket": self.bucket, **tags}),
            ("module.storage.aws_kms_key.data", tags),
            ('module.secrets.aws_secretsmanager_secret.this["w"]', {"arn": self.secret, **tags}),
            ('module.jobs.aws_glue_job.this["load"]', {"name": "load", **tags}),
            ('module.catalog.aws_glue_catalog_database.this["ingestion"]', {"name": "in"}),
            ('module.catalog.aws_glue_crawler.this["ingestion"]', {"name": "crawler", **tags}),
            *more,
        ]
        listed = [
            {"address": address, "mode": "managed", "type": address.split(".")[2], "values": values}
            for address, values in resources
        ]
        listed.append({"address": "data.aws_region.current", "mode": "data", "type": "aws_region", "values": {}})
        root = {"child_modules": [{"resources": listed}]}
        self._state.write_text(json.dumps({"values": {"root_module": root}}), encoding="utf-8")

    def is_gone(self) -> None:
        """Let the state be empty."""
        self._state.write_text(json.dumps({"format_version": "1.0"}), encoding="utf-8")

    def calls(self) -> list[str]:
        return self._calls.read_text(encoding="utf-8").splitlines() if self._calls.exists() else []

    def secrets(self) -> list[str]:
        found = self.clients.secretsmanager.list_secrets(Filters=[{"Key": "name", "Values": [self.bucket]}])
        return [one["ARN"] for one in found["SecretList"]]

    def refuse(self, operation: str, secret: str) -> None:
        """Let AWS deny an operation on one secret."""

        def deny(model: Any, params: Any, **_: Any) -> Any:
            if json.loads(params["body"])["SecretId"] != secret:
                return None
            document = {"Error": {"Code": "AccessDeniedException", "Message": "no"}, "ResponseMetadata": {}}
            return SimpleNamespace(status_code=400), document

        self.clients.secretsmanager.meta.events.register(f"before-call.secrets-manager.{operation}", deny)

    def versions(self) -> int:
        found = self.clients.s3.list_object_versions(Bucket=self.bucket)
        return len(found.get("Versions", ())) + len(found.get("DeleteMarkers", ()))


@pytest.fixture
def account(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    found = Account(tmp_path)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


class Tear(Protocol):
    def __call__(self, is_kept: bool, is_agreed: bool = True) -> None: ...


@pytest.fixture
def tear(account: Account) -> Tear:
    """Tear it down with its data kept or deleted, agreed to whatever it is called."""

    def now(is_kept: bool, is_agreed: bool = True) -> None:
        terraform = Terraform(account.folder, "dev")
        tear_down(terraform, account.clients, is_kept, lambda _: None, is_agreed, lambda _: None)

    return now


@pytest.mark.parametrize("is_agreed", [True, False])
def test_what_has_data_is_forgotten_before_the_rest_is_destroyed_unasked(
    account: Account, tear: Tear, is_agreed: bool
) -> None:
    tear(True, is_agreed)
    kept = [
        'module.storage.aws_s3_bucket.this["ingestion"]',
        "module.storage.aws_kms_key.data",
        'module.secrets.aws_secretsmanager_secret.this["w"]',
        'module.catalog.aws_glue_catalog_database.this["ingestion"]',
    ]
    assert account.calls() == [f"state rm {' '.join(kept)}", AGREED]
    assert account.versions() == 5
    assert "DeletedDate" not in account.clients.secretsmanager.describe_secret(SecretId=account.secret)


def test_data_out_of_the_state_are_told_when_the_rest_cannot_be_destroyed(
    account: Account, tear: Tear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", AGREED.removeprefix("destroy "))
    with pytest.raises(ConfigurationError, match="destroy failed with 1; .* destroy again, or deploy with ADOPT=1"):
        tear(True)
    assert account.versions() == 5


def test_buckets_are_emptied_when_nothing_writes_to_them_any_more(account: Account, tear: Tear) -> None:
    tear(False)
    targets = "-target=module.workflow -target=module.jobs -target=module.catalog.aws_glue_crawler.this"
    assert account.calls() == [f"{AGREED} {targets}", AGREED]
    assert account.versions() == 0
    with pytest.raises(account.clients.secretsmanager.exceptions.ResourceNotFoundException):
        account.clients.secretsmanager.describe_secret(SecretId=account.secret)


def test_a_tear_down_whose_last_step_failed_goes_on_the_second_time(
    account: Account, tear: Tear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", AGREED.removeprefix("destroy "))
    with pytest.raises(ConfigurationError, match="terraform destroy failed with 1"):
        tear(False)
    # the state goes last, so nothing can be left that it does not name
    assert account.secrets() == []
    monkeypatch.delenv("FAILS")
    tear(False)
    assert account.calls()[-1] == AGREED


def test_one_secret_that_is_refused_skips_no_other_and_stays_in_the_state(account: Account, tear: Tear) -> None:
    second = account.clients.secretsmanager.create_secret(Name=f"{account.bucket}/second")["ARN"]
    account.has(('module.secrets.aws_secretsmanager_secret.this["2"]', {"arn": second, "tags_all": {}}))
    account.refuse("DeleteSecret", account.secret)
    with pytest.raises(ConfigurationError, match=f"{account.secret}: .*AccessDenied.*; correct that and destroy again"):
        tear(False)
    assert account.secrets() == [account.secret]
    assert account.calls()[-1] != AGREED


def test_data_stay_when_terraform_fails_before(account: Account, tear: Tear, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = "-target=module.workflow -target=module.jobs -target=module.catalog.aws_glue_crawler.this"
    monkeypatch.setenv("FAILS", f"{AGREED.removeprefix('destroy ')} {targets}")
    with pytest.raises(ConfigurationError, match="terraform destroy failed with 1"):
        tear(False)
    assert account.versions() == 5


@pytest.mark.parametrize("is_kept", [True, False])
def test_nothing_is_touched_while_rds_protects_the_warehouse(account: Account, tear: Tear, is_kept: bool) -> None:
    database = {"identifier": "shop-dev-warehouse", "deletion_protection": True}
    account.has(("module.warehouse.aws_db_instance.this", database))
    with pytest.raises(ConfigurationError, match="protects the warehouse shop-dev-warehouse from being deleted; set"):
        tear(is_kept)
    assert (account.calls(), account.versions()) == ([], 5)


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_tear_down_of_nothing_says_so(account: Account, tear: Tear, is_kept: bool) -> None:
    account.is_gone()
    tear(is_kept)
    assert account.calls() == []


@pytest.mark.parametrize("typed", ["", "shop", "shop-dev2", "y"])
def test_another_name_than_the_deployments_destroys_nothing(account: Account, typed: str) -> None:
    agree = partial(agreed, typed)
    with pytest.raises(ConfigurationError, match="is not shop-dev, the deployment's name; nothing was destroyed"):
        tear_down(Terraform(account.folder, "dev"), account.clients, False, agree, True, lambda _: None)
    assert (account.calls(), account.versions()) == ([], 5)


def test_a_bucket_with_more_versions_than_one_page_is_emptied(account: Account) -> None:
    assert empty(account.clients.s3, account.bucket, at_once=2) == 5
    assert account.versions() == 0


def test_it_has_to_be_said_what_becomes_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["destroy", "dev"])
    assert "one of the arguments --keep-data --delete-data is required" in capsys.readouterr().err


def test_what_is_kept_is_what_the_configuration_takes_over() -> None:
    adopted = (ROOT / "terraform" / "adopt.tf").read_text(encoding="utf-8")
    for address in KEPT:
        assert f"to = {address}" in adopted, address
