"""What jobs, crawlers and triggers name or bear: tags, connections, security configurations and their log groups."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localglue.bench import SHELL_LOGS, Bench, unique

KEY = "arn:aws:kms:eu-west-2:123456789012:key/1"
ENCRYPTED = {"CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": KEY}}


def arn(kind: str, name: str) -> str:
    """The ARN of a resource of Glue."""
    return f"arn:aws:glue:eu-west-2:123456789012:{kind}/{name}"


def security(bench: Bench, encryption: dict[str, Any]) -> str:
    """Create a security configuration, and return its name."""
    name = unique("security")
    bench.glue.create_security_configuration(Name=name, EncryptionConfiguration=encryption)
    return name


def made(bench: Bench, kind: str, tags: dict[str, str]) -> str:
    """Create a resource of a kind with tags, and return its name."""
    if kind == "job":
        return bench.job("pass", Tags=tags)
    if kind == "workflow":
        return bench.workflow(Tags=tags)
    if kind == "trigger":
        return bench.trigger([bench.job("pass")], Tags=tags)
    if kind == "crawler":
        return bench.crawler(bench.database(), "folder", Tags=tags)
    name = unique("connection")
    described = {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {}}
    bench.glue.create_connection(ConnectionInput=described, Tags=tags)
    return name


DELETES = {
    "job": ("delete_job", "JobName"), "workflow": ("delete_workflow", "Name"), "trigger": ("delete_trigger", "Name"),
    "crawler": ("delete_crawler", "Name"), "connection": ("delete_connection", "ConnectionName"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DELETES)
def test_a_resource_has_its_tags_from_creation_to_deletion(bench: Bench, kind: str) -> None:
    name = made(bench, kind, {"deployment": "dev", "a": "1"})
    resource = arn(kind, name)
    assert bench.glue.get_tags(ResourceArn=resource)["Tags"] == {"deployment": "dev", "a": "1"}
    bench.glue.tag_resource(ResourceArn=resource, TagsToAdd={"a": "2", "b": "3"})
    bench.glue.untag_resource(ResourceArn=resource, TagsToRemove=["deployment"])
    assert bench.glue.get_tags(ResourceArn=resource)["Tags"] == {"a": "2", "b": "3"}
    delete, member = DELETES[kind]
    getattr(bench.glue, delete)(**{member: name})
    for call, more in (("get_tags", {}), ("tag_resource", {"TagsToAdd": {"a": "1"}})):
        with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match=f"{kind} {name} does not exist"):
            getattr(bench.glue, call)(ResourceArn=resource, **more)


@pytest.mark.parametrize(
    ("kind", "listing", "member"),
    [("job", "list_jobs", "JobNames"), ("trigger", "list_triggers", "TriggerNames"),
     ("crawler", "list_crawlers", "CrawlerNames")],
)  # fmt: skip
def test_a_list_by_tags_has_what_carries_all_of_them(bench: Bench, kind: str, listing: str, member: str) -> None:
    own = {"run": bench.bucket, "a": "1"}
    both, one = made(bench, kind, own), made(bench, kind, {"run": bench.bucket})
    ask = getattr(bench.glue, listing)
    assert sorted(ask(Tags={"run": bench.bucket})[member]) == sorted([both, one])
    assert ask(Tags=own)[member] == [both]
    assert ask(Tags={**own, "a": "2"})[member] == []


def test_what_is_made_again_has_none_of_the_former_tags(bench: Bench) -> None:
    name = made(bench, "workflow", {"former": "1"})
    bench.glue.delete_workflow(Name=name)
    bench.glue.create_workflow(Name=name)
    assert bench.glue.get_tags(ResourceArn=arn("workflow", name))["Tags"] == {}


def test_tags_of_databases_are_those_of_the_endpoint(bench: Bench) -> None:
    resource = arn("database", bench.database())
    bench.glue.tag_resource(ResourceArn=resource, TagsToAdd={"a": "1"})
    assert bench.glue.get_tags(ResourceArn=resource)["Tags"] == {"a": "1"}
    for kind, name in (("database", "none"), ("table", "none/none"), ("registry", "none"), ("schema", "none/none")):
        with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
            bench.glue.tag_resource(ResourceArn=arn(kind, name), TagsToAdd={"a": "1"})


def test_a_connection_is_created_read_replaced_and_deleted(bench: Bench) -> None:
    name = made(bench, "connection", {})
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException):
        bench.glue.create_connection(
            ConnectionInput={"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {}}
        )
    where = {"SubnetId": "subnet-1", "AvailabilityZone": "eu-west-2a", "SecurityGroupIdList": ["sg-1"]}
    wanted = {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {}}
    bench.glue.update_connection(Name=name, ConnectionInput={**wanted, "PhysicalConnectionRequirements": where})
    found = bench.glue.get_connection(Name=name)["Connection"]
    assert (found["PhysicalConnectionRequirements"], found["ConnectionType"]) == (where, "NETWORK")
    assert name in [one["Name"] for one in bench.glue.get_connections()["ConnectionList"]]
    bench.glue.delete_connection(ConnectionName=name)
    for call in (bench.glue.get_connection, lambda Name: bench.glue.delete_connection(ConnectionName=Name)):
        with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
            call(Name=name)


def test_a_security_configuration_is_created_read_and_deleted(bench: Bench) -> None:
    name = security(bench, ENCRYPTED)
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException):
        bench.glue.create_security_configuration(Name=name, EncryptionConfiguration=ENCRYPTED)
    assert (
        bench.glue.get_security_configuration(Name=name)["SecurityConfiguration"]["EncryptionConfiguration"]
        == ENCRYPTED
    )
    assert name in [one["Name"] for one in bench.glue.get_security_configurations()["SecurityConfigurations"]]
    bench.glue.delete_security_configuration(Name=name)
    for call in (bench.glue.get_security_configuration, bench.glue.delete_security_configuration):
        with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
            call(Name=name)


@pytest.mark.parametrize(("encryption", "key"), [(ENCRYPTED, KEY), ({}, None)])
def test_a_security_configuration_names_and_encrypts_the_log_groups_of_its_jobs(
    bench: Bench, encryption: dict[str, Any], key: str | None
) -> None:
    name = security(bench, encryption)
    run = bench.run(bench.job("print('here')", SecurityConfiguration=name))
    group = f"{SHELL_LOGS}/{name}-role/local"
    assert run["LogGroupName"] == group
    assert bench.lines(f"{group}/output", run["Id"]) == ["here"]
    found = bench.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [one.get("kmsKeyId") for one in found] == [key, key]


def test_a_crawlers_log_group_is_named_by_its_role_and_then_by_its_security_configuration(bench: Bench) -> None:
    name = security(bench, ENCRYPTED)
    bench.put("folder/a.csv", b"a,b\n1,2\n")
    crawler = bench.crawler(bench.database(), "folder", CrawlerSecurityConfiguration=name)
    bench.crawl(crawler)
    group = f"/aws-glue/crawlers-role/local-{name}"
    assert bench.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]["LogGroup"] == group
    assert [one["kmsKeyId"] for one in bench.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [KEY]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"SecurityConfiguration": "none"}, "security configuration none does not exist"),
        ({"Connections": {"Connections": ["none"]}}, "connection none does not exist"),
    ],
)
def test_a_run_fails_without_what_its_job_names(bench: Bench, definition: dict[str, Any], message: str) -> None:
    run = bench.run(bench.job("pass", **definition))
    assert run["JobRunState"] == "FAILED" and message in run["ErrorMessage"]


def test_a_crawl_does_not_start_without_the_security_configuration(bench: Bench) -> None:
    crawler = bench.crawler(bench.database(), "folder", CrawlerSecurityConfiguration="none")
    with pytest.raises(ClientError, match="security configuration none does not exist"):
        bench.glue.start_crawler(Name=crawler)
