"""Every shape of a deployment applies; what differs is what the shape names, and IAM knows all that its policies say.

Actions, resources and conditions are held against AWS's service authorization reference, as parliament brings it.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.terraform.conftest import RELEASE, Terraform, other_words
from totelake.contracts import load_contracts
from totelake.contracts.pipeline import FUSED, SPLIT

with warnings.catch_warnings():
    # of its own: it imports pkg_resources, and leaves the files open that it reads
    warnings.simplefilter("ignore")
    from parliament import analyze_policy_string

PUBLIC, ENDPOINTS, NAT = "public", "private-endpoints", "private-nat"
# characters without white space that IAM takes in all inline policies of a role
_LARGEST = 10_240
_OPTIONAL: dict[str, Any] = {
    "alert_emails": ["somebody@example.com"],
    "alert_every_failure": True,
    "monthly_budget_usd": 25,
    "access_log_bucket": "access-logs",
    "spark_execution_class": "FLEX",
    "spark_monitoring": ["event-logs", "insights", "metrics"],
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "people": {"analysts": ["arn:aws:iam::123456789012:role/analyst"], "operators": ["arn:aws:iam::123456789012:root"]},
    "quicksight": {
        "principal_arn": "arn:aws:quicksight:eu-west-2:123456789012:user/default/analyst",
        "host": "warehouse.example.com",
    },
}
# what parliament finds and is no fault, by the end of the policy's address: the finding and the reason
_BORNE = {
    # a trust policy says who may assume the role that it belongs to, and so names no resource
    ".assume_role_policy": [("MALFORMED", "neither Resource nor NotResource")],
    "aws_kms_key.data.policy": [
        # in a key's policy "*" is this key
        ("RESOURCE_STAR", "kms:"),
        # the guide of CloudWatch Logs has ArnLike over this condition, with kms:Describe* beside what it limits
        ("UNKNOWN_CONDITION_FOR_ACTION", "kms:EncryptionContext:aws:logs:arn for action kms:Describe"),
        ("MISMATCHED_TYPE", "ArnLike"),
    ],
    # they describe, and AWS's own examples for them name no resource either
    "aws_iam_role_policy.job.policy": [("RESOURCE_STAR", "['ec2:DescribeVpcAttribute']")],
    "aws_iam_role_policy.this.policy": [
        ("RESOURCE_STAR", "['cloudwatch:DescribeAlarms', 'cloudwatch:GetDashboard', 'logs:GetQueryResults']")
    ],
}


@dataclass(frozen=True)
class Shape:
    """What a deployment chooses."""

    network: str
    has_rds: bool
    glue_version: str
    publish: str
    others: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        rds, optional = "-rds" if self.has_rds else "", "-everything" if self.others else ""
        return f"{self.network}{rds}-{self.glue_version}-{self.publish}{optional}"


SHAPES = [
    Shape(PUBLIC, False, "5.1", FUSED),
    Shape(ENDPOINTS, False, "6.0", SPLIT),
    Shape(ENDPOINTS, True, "5.1", FUSED),
    Shape(NAT, False, "5.1", SPLIT),
    Shape(NAT, True, "6.0", FUSED, _OPTIONAL),
]


@dataclass(frozen=True)
class Applied:
    """A shape, and the resources that its state has."""

    shape: Shape
    resources: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The values of the resources of a type."""
        return [item["values"] for item in self.resources if item["type"] == kind]

    def policies(self) -> Iterator[tuple[str, str]]:
        """Every policy with its address, which has no index."""
        for item in self.resources:
            for name, value in item["values"].items():
                if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                    yield f"{item['type']}.{item['name']}.{name}", value


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def applied(terraform: Terraform, request: pytest.FixtureRequest) -> Iterator[Applied]:
    """A shape as it is applied to nothing."""
    shape: Shape = request.param
    variables = {
        "name": "shape",
        "release": RELEASE,
        "network_shape": shape.network,
        "create_warehouse": shape.has_rds,
        "glue_version": shape.glue_version,
        **shape.others,
    }
    (terraform.folder / "shape.tfvars.json").write_text(json.dumps(variables))
    catalog, way = terraform.folder.parent / "catalog", f"\npublish: {shape.publish}\n"
    other_words(f"\npublish: {FUSED}\n", way)(catalog)
    try:
        options = ("-auto-approve", "-input=false", "-no-color", "-var-file=shape.tfvars.json")
        state = f"{shape}.tfstate"
        assert "Apply complete!" in terraform.run("apply", *options, f"-state={state}")
        root = json.loads(terraform.run("show", "-json", state))["values"]["root_module"]
    finally:
        other_words(way, f"\npublish: {FUSED}\n")(catalog)
    found = [item for module in root["child_modules"] for item in module["resources"] if item["mode"] == "managed"]
    yield Applied(shape, found)


def test_the_network_is_what_the_shape_names(applied: Applied) -> None:
    shape, is_private = applied.shape, applied.shape.network != PUBLIC
    endpoints = [item["vpc_endpoint_type"] for item in applied.of("aws_vpc_endpoint")]
    assert len(applied.of("aws_vpc")) == len(applied.of("aws_glue_connection")) == int(is_private)
    assert endpoints.count("Gateway") == int(is_private)
    assert bool(endpoints.count("Interface")) == (shape.network == ENDPOINTS)
    assert len(applied.of("aws_nat_gateway")) == int(shape.network == NAT)
    assert len(applied.of("aws_db_instance")) == int(shape.has_rds)
    connected = {item["name"].removeprefix("shape-") for item in applied.of("aws_glue_job") if item["connections"]}
    loads = "build-and-load" if shape.publish == FUSED else "load-warehouse"
    # what asks a database; a feed is read outside of the network, the warehouse never
    jobs = {f"{job}-totesys" for job in ("watch", "ingest", "canary-shell")} | {"canary-spark"}
    jobs |= {f"{loads}-{source}" for source in load_contracts().sources}
    assert connected == (jobs if is_private else set())


def test_every_log_that_rds_exports_has_a_group_with_a_limit_and_the_key(applied: Applied) -> None:
    exported = {
        f"/aws/rds/instance/{database['identifier']}/{log}"
        for database in applied.of("aws_db_instance")
        for log in database["enabled_cloudwatch_logs_exports"]
    }
    assert bool(exported) == applied.shape.has_rds
    groups = {item["name"]: item for item in applied.of("aws_cloudwatch_log_group")}
    assert exported == {name for name in groups if name.startswith("/aws/rds/")}
    assert {item["retention_in_days"] for item in groups.values()} == {365}
    (key,) = applied.of("aws_kms_key")
    assert {item["kms_key_id"] for item in groups.values()} == {key["arn"]}


def test_the_spark_jobs_are_those_of_the_shape(applied: Applied) -> None:
    shape = applied.shape
    jobs = [item for item in applied.of("aws_glue_job") if item["command"][0]["name"] == "glueetl"]
    ways = {FUSED: {"build-and-load"}, SPLIT: {"build-dimensions", "build-facts", "load-warehouse"}}
    names, sources = {item["name"] for item in jobs}, load_contracts().sources
    assert names == {
        "shape-canary-spark",
        *(f"shape-{job}-{source}" for job in ways[shape.publish] for source in sources),
    }
    assert {item["glue_version"] for item in jobs} == {shape.glue_version}
    flex = shape.others.get("spark_execution_class", "STANDARD")
    assert {item["execution_class"] for item in jobs} == {flex}


def test_iam_knows_every_action_resource_and_condition(applied: Applied) -> None:
    found = []
    for where, policy in applied.policies():
        borne = [rule for end, rules in _BORNE.items() if where.endswith(end) for rule in rules]
        for finding in analyze_policy_string(policy).findings:
            words = str(finding.detail)
            if not any(finding.issue == issue and said in words for issue, said in borne):
                found.append(f"{where}: {finding.issue} {words} {finding.location}")
    assert found == []


def test_no_role_has_more_policy_than_iam_takes(applied: Applied) -> None:
    sizes: dict[str, int] = {}
    for item in applied.of("aws_iam_role_policy"):
        sizes[item["role"]] = sizes.get(item["role"], 0) + len(re.sub(r"\s", "", item["policy"]))
    assert sizes and {role: size for role, size in sizes.items() if size > _LARGEST} == {}


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "glue:GetTabel", "Resource": "*"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}, "RESOURCE_MISMATCH"),
        (
            {
                "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::bucket/*",
                "Condition": {"StringEquals": {"s3:if-non-match": "*"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION",
        ),
    ],
)
def test_what_iam_does_not_know_is_found(statement: dict[str, Any], issue: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    assert issue in {finding.issue for finding in analyze_policy_string(json.dumps(policy)).findings}
