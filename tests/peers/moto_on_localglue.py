"""moto's own tests of Glue against a running stack: a conftest.py for a copy of moto's folder tests/test_glue.

mock_aws does nothing, so that the clients find the stack by the variables of its endpoints. With VALID_REQUESTS=1 what
AWS refuses in the requests is made valid on their way; docs/localglue.md says what is left.
"""

from __future__ import annotations

import datetime
import os
import re
import time
import urllib.request

import boto3
import moto
import moto.core.decorator
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

_HINT = re.compile(r" \(localglue: .*\)$", re.DOTALL)


def _job(params, **_):
    """AWS takes no other commands (JobCommand.Name, .PythonVersion), and no job without a script."""
    command = params.get("Command", {})
    if command.get("Name") not in ("glueetl", "pythonshell", "gluestreaming", "glueray"):
        command["Name"] = "glueetl"
    if command.get("PythonVersion") not in (None, "2", "3", "3.9"):
        command["PythonVersion"] = "3"
    if not str(command.get("ScriptLocation")).startswith("s3://"):
        command["ScriptLocation"] = "s3://scripts/none.py"


def _crawler(params, **_):
    """AWS: 'At least one crawl target must be specified' (CreateCrawler)."""
    if not any(params.get("Targets", {}).values()):
        params["Targets"] = {"S3Targets": [{"Path": "s3://bucket/target/"}]}
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
        glue = boto3.client("glue", region_name="us-east-1")
        known = [one["Name"] for one in glue.get_databases()["DatabaseList"]]
        if params.setdefault("DatabaseName", "crawled") not in known:
            glue.create_database(DatabaseInput={"Name": params["DatabaseName"]})


def _role(params, **_):
    """AWS: Role is an ARN by the pattern arn:aws[...]:iam::<account>:role/<name>, Id has no spaces."""
    if not str(params.get("Role", "arn:")).startswith("arn:"):
        params["Role"] = "arn:aws:iam::123456789012:role/test"
    if params.get("Command", {}).get("PythonVersion") not in (None, "2", "3"):
        params["Command"]["PythonVersion"] = "3"
    if params.get("GlueVersion") == "string":
        params["GlueVersion"] = "5.1"


def _times(params, **_):
    """AWS: 'START_TIME and END_TIME: The epoch timestamp in milliseconds' (CrawlsFilter)."""
    for one in params.get("Filters", ()):
        if one.get("FieldName") in ("START_TIME", "END_TIME") and "T" in one.get("FieldValue", ""):
            moment = datetime.datetime.fromisoformat(one["FieldValue"])
            moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
            one["FieldValue"] = str(int(moment.timestamp() * 1000))


def _idle(params, **_):
    """A crawl takes time, and a crawler in RUNNING cannot be started (CrawlerRunningException)."""
    if "already_running" in os.environ["PYTEST_CURRENT_TEST"] and "(call)" in os.environ["PYTEST_CURRENT_TEST"]:
        return
    glue = _client(boto3.session.Session(), "glue", region_name="us-east-1")
    for _ in range(1500):
        try:
            state = glue.get_crawler(Name=params.get("Name", "none"))["Crawler"]["State"]
        except glue.exceptions.EntityNotFoundException:
            return
        if state == "READY":
            return
        time.sleep(0.02)


def _settled(params, **_):
    """moto's crawls have ended when they are listed."""
    if "STATE" not in [one.get("FieldName") for one in params.get("Filters", [])]:
        _idle({"Name": params["CrawlerName"]})


def _job_idle(params, **_):
    """A run takes time, and a job allows one run at a time (ConcurrentRunsExceededException)."""
    if "allowed" in os.environ["PYTEST_CURRENT_TEST"]:
        return
    glue = _client(boto3.session.Session(), "glue", region_name="us-east-1")
    for _ in range(1500):
        try:
            runs = glue.get_job_runs(JobName=params.get("JobName", "none"))["JobRuns"]
        except glue.exceptions.EntityNotFoundException:
            return
        if all("CompletedOn" in run for run in runs):
            return
        time.sleep(0.02)


def _start_trigger(params, **_):
    """A workflow run begins with the workflow's start trigger; moto's tests make none."""
    glue = _client(boto3.session.Session(), "glue", region_name="us-east-1")
    name = params.get("Name", "none")
    try:
        graph = glue.get_workflow(Name=name, IncludeGraph=True)["Workflow"]["Graph"]
    except glue.exceptions.EntityNotFoundException:
        return
    if not graph["Nodes"]:
        job = f"job-{name}"
        command = {"Name": "pythonshell", "ScriptLocation": "s3://scripts/none.py"}
        glue.create_job(Name=job, Role="test", Command=command)
        glue.create_trigger(Name=f"start-{name}", WorkflowName=name, Type="ON_DEMAND", Actions=[{"JobName": job}])


def _unhinted(parsed, **_):
    """localglue's hint follows AWS's own words."""
    error = parsed.get("Error")
    if error:
        error["Message"] = _HINT.sub("", error["Message"])


_client = boto3.session.Session.client
_ON_THE_WAY = (
    ("CreateJob", _job),
    ("CreateCrawler", _crawler),
    ("CreateSession", _role),
    ("StartCrawler", _idle),
    ("ListCrawls", _times),
    ("ListCrawls", _settled),
    ("StartJobRun", _job_idle),
    ("StartWorkflowRun", _start_trigger),
)


def _patched(self, name, *args, **more):
    made = _client(self, name, *args, **more)
    if name == "glue":
        made.meta.events.register("after-call.glue", _unhinted)
        for operation, change in _ON_THE_WAY if os.environ.get("VALID_REQUESTS") == "1" else ():
            made.meta.events.register(f"provide-client-params.glue.{operation}", change)
    return made


boto3.session.Session.client = _patched


class _Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return False

    def __call__(self, function):
        return function


def mock_aws(function=None, **_config):
    return function if callable(function) else _Nothing()


moto.mock_aws = moto.core.decorator.mock_aws = mock_aws


@pytest.fixture(autouse=True)
def _fresh():
    url = os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset"
    signed = AWSRequest("POST", url, data=b"")
    SigV4Auth(boto3.Session().get_credentials(), "sts", "us-east-1").add_auth(signed)
    request = urllib.request.Request(url, method="POST", headers=dict(signed.headers.items()))
    urllib.request.urlopen(request, timeout=20).read()
    glue = boto3.client("glue", region_name="us-east-1")
    for crawler in glue.get_crawlers()["Crawlers"]:
        _idle({"Name": crawler["Name"]})
    for what, name in (("trigger", "Name"), ("job", "JobName"), ("crawler", "Name")):
        for page in glue.get_paginator(f"get_{what}s").paginate():
            for found in page[f"{what.title()}s"]:
                getattr(glue, f"delete_{what}")(**{name: found["Name"]})
    for found in glue.get_security_configurations()["SecurityConfigurations"]:
        glue.delete_security_configuration(Name=found["Name"])
    for found in glue.get_connections()["ConnectionList"]:
        glue.delete_connection(ConnectionName=found["Name"])
    for name in glue.list_workflows().get("Workflows", []):
        glue.delete_workflow(Name=name)


@pytest.fixture
def account_id():
    return "123456789012"
