"""The configuration as Terraform and the AWS provider's schemas judge it."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.terraform.conftest import NAME, Terraform, initialised
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents

# a metric's name and the names of its dimensions: another set of them is another metric
Metric = tuple[str, frozenset[str]]


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


def test_the_bootstrap_of_the_state_is_valid_and_applies(tmp_path: Path) -> None:
    bootstrap = initialised(tmp_path, "bootstrap")
    bootstrap.run("apply", "-auto-approve", "-input=false", "-no-color", "-var=name=lakes")
    files = json.loads(bootstrap.run("output", "-json", "backend_files"))
    assert sorted(files) == ["dev", "prod"]
    settings = dict(line.split(" = ") for line in re.sub(" +", " ", files["dev"]).splitlines())
    assert set(settings) == {"bucket", "region", "kms_key_id", "key"}
    assert json.loads(settings["bucket"]).startswith("lakes-terraform-state-")
    assert json.loads(settings["key"]) == "lakes-dev.tfstate"


def published() -> set[Metric]:
    """The metrics that the code publishes, each with the names of its dimensions."""
    found: set[Metric] = set()
    for path in sorted((ROOT / "lib" / "totelake").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "metric":
                module = ".".join(path.relative_to(ROOT / "lib").with_suffix("").parts)
                dimensions = frozenset(str(item.arg) for item in call.keywords)
                found |= {(name, dimensions) for name in metric_names(module, call.args[0])}
    return found


def metric_names(module: str, name: ast.expr) -> list[str]:
    """The metrics that an expression stands for: a text, a constant of its module, or any value of a mapping there."""
    if isinstance(name, ast.Constant):
        return [str(name.value)]
    value = getattr(importlib.import_module(module), ast.unparse(name).split("[")[0])
    return [value] if isinstance(value, str) else sorted(value.values())


def alarmed(alarm: Mapping[str, Any]) -> Iterator[Metric]:
    """The metric that an alarm waits for; those of queues are AWS's own."""
    for query in alarm["metric_query"]:
        name, schema = re.fullmatch(r"SELECT SUM\((\w+)\) FROM SCHEMA\((.+)\)", query["expression"]).groups()  # type: ignore[union-attr]
        yield name, frozenset(json.loads(f"[{schema}]")[1:])
    if alarm["namespace"] not in (None, "AWS/SQS"):
        yield alarm["metric_name"], frozenset(alarm["dimensions"] or {})


def drawn(dashboard: Mapping[str, Any]) -> Iterator[Metric]:
    """The metrics that a dashboard draws."""
    for widget in json.loads(dashboard["dashboard_body"])["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if isinstance(metric[0], dict):
                found = re.match(r"SEARCH\('\{(.+)\} MetricName=\"(\w+)\"'", metric[0]["expression"])
                assert found is not None, metric
                yield found[2], frozenset(found[1].split(",")[1:])
            else:
                yield metric[1], frozenset(metric[2:-1:2])


def test_every_metric_that_the_code_publishes_is_an_alarm_or_a_graph_and_none_waits_for_another(
    planned: list[dict[str, Any]],
) -> None:
    values = [(item["type"], item["values"]) for item in planned]
    alarms = {metric for kind, item in values if kind == "aws_cloudwatch_metric_alarm" for metric in alarmed(item)}
    graphs = {metric for kind, item in values if kind == "aws_cloudwatch_dashboard" for metric in drawn(item)}
    assert alarms | graphs == published()
    assert alarms == {
        ("AuditDisagreements", frozenset()),
        ("DeferredDeletions", frozenset({"Source", "Table"})),
        ("Freshness", frozenset({"Source"})),
        ("ReconciliationMismatches", frozenset()),
        ("RowsQuarantined", frozenset({"Source", "Table"})),
        ("SourceBehind", frozenset({"Source"})),
        ("TablesHeld", frozenset({"Source", "Table"})),
        ("WorkflowFailed", frozenset({"Workflow"})),
    }


def test_every_alarm_is_in_the_runbook_and_in_the_reckoned_bill(planned: list[dict[str, Any]]) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| alarm")]
    told = {name for row in rows for name in re.findall(r"`([a-z-]+(?:SOURCE)?)`", row)}
    alarms = [item["values"] for item in planned if item["type"] == "aws_cloudwatch_metric_alarm"]
    sources = list(load_contracts().sources)
    of_a_source = re.compile(rf"-(?:{'|'.join(sources)})$")
    names = {of_a_source.sub("-SOURCE", alarm["alarm_name"].removeprefix(f"{NAME}-")) for alarm in alarms}
    assert names == told
    assumed = documents()["prices.yaml"]["assumptions"]
    reckoned, over_tables = assumed["alarms"], [alarm for alarm in alarms if alarm["metric_query"]]
    assert len(over_tables) == assumed["alarms_over_tables"]
    assert sum(name.endswith("-SOURCE") for name in names) == reckoned["each_source"]
    assert len(alarms) - len(over_tables) == reckoned["shared"] + reckoned["each_source"] * len(sources)


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
