"""The configuration as Terraform and the AWS provider's schemas judge it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.terraform.conftest import RELEASE, Terraform, initialised


def test_it_is_formatted() -> None:
    if shutil.which("terraform") is None:
        pytest.skip("there is no `terraform` to check the format with")
    command = ["terraform", "fmt", "-check", "-recursive", "-diff", str(ROOT / "terraform")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_is_valid(terraform: Terraform) -> None:
    terraform.run("validate", "-no-color")


def test_its_own_tests_pass(terraform: Terraform) -> None:
    found = terraform.run("test", "-no-color")
    runs = sum(path.read_text().count("\nrun ") for path in (ROOT / "terraform" / "tests").glob("*.tftest.hcl"))
    assert f"Success! {runs} passed, 0 failed." in found


def test_it_applies_with_everything_that_is_optional(terraform: Terraform) -> None:
    variables = {
        "name": "whole",
        "release": RELEASE,
        "network_shape": "private-nat",
        "create_warehouse": True,
        "alert_emails": ["somebody@example.com"],
        "alert_every_failure": True,
        "quicksight": {
            "principal_arn": "arn:aws:quicksight:eu-west-2:123456789012:user/default/analyst",
            "host": "warehouse.example.com",
        },
    }
    (terraform.folder / "whole.tfvars.json").write_text(json.dumps(variables))
    options = ("-auto-approve", "-input=false", "-no-color", "-var-file=whole.tfvars.json", "-state=whole.tfstate")
    assert "Apply complete!" in terraform.run("apply", *options)


def test_the_bootstrap_of_the_state_is_valid_and_applies(tmp_path: Path) -> None:
    bootstrap = initialised(tmp_path, "bootstrap")
    bootstrap.run("apply", "-auto-approve", "-input=false", "-no-color", "-var=name=totelake")


def test_no_alarm_waits_for_a_metric_that_no_job_publishes(planned: list[dict[str, Any]]) -> None:
    published = {
        call.args[0].value
        for path in sorted((ROOT / "lib" / "totelake").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "metric"
        and isinstance(call.args[0], ast.Constant)
    }
    alarms = [item["values"] for item in planned if item["type"] == "aws_cloudwatch_metric_alarm"]
    watched = {alarm["metric_name"] for alarm in alarms if alarm["namespace"] not in (None, "AWS/SQS")}
    sums = [
        re.match(r"SELECT SUM\((\w+)\)", query["expression"]) for alarm in alarms for query in alarm["metric_query"]
    ]
    watched |= {found[1] for found in sums if found}
    assert watched and watched <= published, watched - published


def test_no_secret_has_a_value_in_the_plan(planned: list[dict[str, Any]]) -> None:
    types = {item["type"] for item in planned}
    assert "aws_secretsmanager_secret" in types
    assert "aws_secretsmanager_secret_version" not in types


def test_every_resource_that_costs_bears_the_tags_by_which_the_bill_is_split(planned: list[dict[str, Any]]) -> None:
    untagged = [
        item["address"]
        for item in planned
        if "tags_all" in item["values"] and (item["values"]["tags_all"] or {}).get("cost-center") != "data-platform"
    ]
    assert untagged == []
