"""Which deployment a command is about."""

from __future__ import annotations

import pytest

from totelake.deploy.deploy import deploy
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError

OUTPUTS = {
    "TOTELAKE_PREFIX": "shop-dev",
    "TOTELAKE_INGESTION_BUCKET": "in",
    "TOTELAKE_PROCESSED_BUCKET": "out",
    "TOTELAKE_ARTIFACTS_BUCKET": "code",
}


def test_terraforms_outputs_are_all_that_a_command_needs_of_an_account() -> None:
    target = Target.of_environment(OUTPUTS)
    assert (target.prefix, target.role) == ("shop-dev", "")
    assert (target.ingestion_bucket, target.processed_bucket, target.artifacts_bucket) == ("in", "out", "code")


def test_what_terraform_deploys_is_not_overwritten_with_one_role_for_all_jobs() -> None:
    with pytest.raises(ConfigurationError) as raised:
        deploy(Target.of_environment(OUTPUTS))
    assert str(raised.value) == (
        "on AWS each job has a role of its own, which Terraform gives it: use `make deploy ENV=dev`, "
        "or name one role for all jobs by TOTELAKE_JOB_ROLE"
    )


def test_a_variable_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Target.of_environment({name: value for name, value in OUTPUTS.items() if "PROCESSED" not in name})
    message = "the variable TOTELAKE_PROCESSED_BUCKET is not set; take it from Terraform's outputs"
    assert str(raised.value) == message
