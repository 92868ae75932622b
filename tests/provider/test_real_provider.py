"""The life of a deployment with the real AWS provider: made, run, changed, torn down, and made again.

Apart from `make test`, because it takes minutes: `make test-terraform`.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.e2e.pipeline import query
from tests.provider.deployment import ENVIRONMENT, NAME, Deployment, objects, plugins
from totelake.cli.main import main
from totelake.stack import lifecycle
from totelake.stack.lifecycle import client

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
WANTED = "TOTELAKE_TEST_PROVIDER"
WORKFLOW, JOB = f"{NAME}-refresh-{SOURCE}", f"{NAME}-watch-{SOURCE}"
_WITHIN = 300.0


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A checkout that nothing was deployed from, beside a stack with a small source."""
    if not os.environ.get(WANTED):
        pytest.skip("the real AWS provider takes minutes: run `make test-terraform`")
    mirror = plugins()
    if mirror is None or shutil.which("terraform") is None:
        pytest.skip("no `terraform`, or no mirror of hashicorp/aws; name the mirror's folder by TERRAFORM_PLUGINS")
    home = tmp_path_factory.mktemp("stack")
    lifecycle.start(home)
    before = os.environ.get("TOTELAKE_HOME")
    os.environ["TOTELAKE_HOME"] = str(home)
    try:
        assert main(["seed", "--orders", "50"]) == 0
        yield Deployment(tmp_path_factory.mktemp("checkout"), lifecycle.load(home), mirror)
    finally:
        lifecycle.stop(home)
        os.environ.pop("TOTELAKE_HOME")
        if before is not None:
            os.environ["TOTELAKE_HOME"] = before


def test_a_deployment_is_made_run_changed_torn_down_and_made_again(deployment: Deployment) -> None:
    stack = deployment.stack
    deployment.deploy()
    deployment.put_secrets()
    assert deployment.planned() == ""

    # a variable is changed: the schedule that Terraform made starts the watch, and the watch the refresh
    deployment.look_in(minutes=2)
    deployment.set(schedules_enabled=True)
    deployment.deploy()
    glue = client(stack, "glue")
    wait_for(lambda: ended(glue) == "COMPLETED")
    # and back
    deployment.set(schedules_enabled=False)
    deployment.deploy()
    wait_for(lambda: not running(glue))
    assert deployment.planned() == ""
    loaded = rows(stack.warehouse_dsn)
    assert loaded > 0
    assert "55 of 55 comparisons agree" in deployment.totelake("reconcile", "--source", SOURCE)

    before = guards(stack)
    refused = deployment.terraform(
        "destroy", "-input=false", "-auto-approve", f"-var-file=environments/{ENVIRONMENT}.tfvars"
    )
    assert refused.returncode != 0 and "Instance cannot be destroyed" in refused.stderr
    assert guards(stack) == before
    assert deployment.planned() == ""

    deployment.destroy("--keep-data")
    assert guards(stack) == before
    assert [one for one in glue.get_jobs()["Jobs"] if one["Name"].startswith(NAME)] == []
    assert "nothing is deployed" in deployment.destroy("--keep-data")

    deployment.deploy("--adopt")
    assert guards(stack) == before
    assert deployment.planned() == ""
    change(stack.source_admin_dsn(SOURCE))
    deployment.totelake("run", "--wait", "--source", SOURCE)
    assert "55 of 55 comparisons agree" in deployment.totelake("reconcile", "--source", SOURCE)
    assert rows(stack.warehouse_dsn) == loaded + 1

    deployment.destroy("--delete-data")
    assert guards(stack) == {}
    names = [
        one["Name"] for one in client(stack, "secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    ]
    assert [name for name in names if name.startswith(f"{NAME}/")] == []
    # what was deleted stands in the way of nothing
    deployment.deploy()
    assert deployment.planned() == ""


def wait_for(is_so: Any) -> None:
    """Look again and again, for a limited time."""
    deadline = time.monotonic() + _WITHIN
    while not is_so():
        assert time.monotonic() < deadline, f"it did not happen within {_WITHIN} s"
        time.sleep(0.5)


def ended(glue: Any) -> str:
    """How the newest refresh that has ended did; '' without one. Fails when a step failed."""
    runs = [run for run in glue.get_workflow_runs(Name=WORKFLOW)["Runs"] if run["Status"] != "RUNNING"]
    if not runs:
        return ""
    counts = runs[0]["Statistics"]
    assert (counts["FailedActions"], counts["TimeoutActions"], counts["ErroredActions"]) == (0, 0, 0), runs[0]
    return str(runs[0]["Status"])


def running(glue: Any) -> bool:
    """Whether a refresh or a look goes on."""
    refreshes = [run["Status"] for run in glue.get_workflow_runs(Name=WORKFLOW)["Runs"]]
    looks = [run["JobRunState"] for run in glue.get_job_runs(JobName=JOB)["JobRuns"]]
    return "RUNNING" in [*refreshes, *looks]


def guards(stack: Any) -> dict[str, Any]:
    """What keeps the data, by bucket: its settings, the state of its key, and what it has."""
    s3, kms = client(stack, "s3"), client(stack, "kms")
    found = {}
    for bucket in [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(NAME)]:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        key = rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        found[bucket] = {
            "policy": s3.get_bucket_policy(Bucket=bucket)["Policy"],
            "public": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
            "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
            "lifecycle": s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
            "encryption": rules,
            "key": kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"],
            "data": sorted(key for key in objects(s3, bucket) if not key.startswith("releases/")),
        }
    return found


def rows(dsn: str) -> int:
    """The versions of sales orders in the warehouse."""
    return int(query(dsn, "SELECT count(*) FROM star.fact_sales_order")[0][0])


def change(dsn: str) -> None:
    """Business goes on: one order has another quantity."""
    query(dsn, "UPDATE sales_order SET units_sold = units_sold + 1 WHERE sales_order_id = 1")
