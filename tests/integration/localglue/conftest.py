"""A bench: localglue in this process, moto behind it, and boto3 in front."""

from __future__ import annotations

import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from localglue.app import LocalGlue
from localglue.server import Server
from localglue.settings import Settings

REGION = "eu-west-2"
WITHIN = 20.0
ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")


def client(service: str, endpoint: str) -> Any:
    """A boto3 client that never asks anybody for credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def until(look: Callable[[], Any], within: float = WITHIN) -> Any:
    """What `look` gives as soon as it is true; fails when it never is."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not so within {within} seconds")


def unique(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{uuid.uuid4().hex[:10]}"


@dataclass
class Service:
    """A localglue that listens, with everything it was told."""

    settings: Settings
    glue: LocalGlue
    server: Server
    thread: threading.Thread

    def close(self) -> None:
        """End it as SIGTERM does."""
        self.server.shutdown()
        self.thread.join()
        self.glue.close()
        self.server.server_close()


def serve(endpoint: str, state: Path, **others: Any) -> Service:
    """Start a localglue on a free port; a minute of a timeout is half a second."""
    server = Server("127.0.0.1", 0)
    settings = Settings(
        endpoint=endpoint,
        own_url=f"http://127.0.0.1:{server.server_port}",
        state=state,
        **{"python_shell": sys.executable, "minute": 0.5, "grace": 1.0, "region": REGION, **others},
    )
    glue = server.glue = LocalGlue(settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return Service(settings, glue, server, thread)


@dataclass
class Bench:
    """Clients, and short words for what most tests do."""

    glue: Any
    s3: Any
    logs: Any
    bucket: str
    state: Path
    jobs: list[str] = field(default_factory=list)

    def put(self, key: str, content: bytes) -> str:
        """Put an object; its address."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"s3://{self.bucket}/{key}"

    def job(self, script: str = "", kind: str = "pythonshell", **definition: Any) -> str:
        """Create a job that runs this script; its name."""
        name = unique("job")
        location = self.put(f"scripts/{name}.py", textwrap.dedent(script).encode())
        command = {"Name": kind, "ScriptLocation": location, "PythonVersion": "3.9" if kind == "pythonshell" else "3"}
        self.glue.create_job(Name=name, Role="local", Command=command, **definition)
        return name

    def run(self, job: str, **request: Any) -> dict[str, Any]:
        """Run a job to its end; the run."""
        run_id = self.glue.start_job_run(JobName=job, **request)["JobRunId"]
        return self.ended(job, run_id)

    def get(self, job: str, run_id: str) -> dict[str, Any]:
        """A run as it is now."""
        return dict(self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])

    def ended(self, job: str, run_id: str, within: float = WITHIN) -> dict[str, Any]:
        """A run when it has ended."""
        return dict(until(lambda: _if(self.get(job, run_id), lambda run: run["JobRunState"] in ENDED), within))

    def running(self, job: str) -> str:
        """Start a run and wait until its process runs; its id."""
        run_id = self.glue.start_job_run(JobName=job)["JobRunId"]
        until(lambda: self.get(job, run_id)["JobRunState"] == "RUNNING")
        return str(run_id)

    def lines(self, group: str, stream: str) -> list[str]:
        """What is in a log stream."""
        events = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def workflow(self, **definition: Any) -> str:
        """Create a workflow; its name."""
        name = unique("workflow")
        self.glue.create_workflow(Name=name, **definition)
        return name

    def trigger(self, actions: list[str], after: dict[str, str] | None = None, **definition: Any) -> str:
        """Create a trigger that starts these jobs, on demand or after jobs have ended in these states; its name."""
        name = unique("trigger")
        wanted: dict[str, Any] = {"Type": "ON_DEMAND"}
        if after is not None:
            conditions = [{"LogicalOperator": "EQUALS", "JobName": job, "State": s} for job, s in after.items()]
            predicate = {"Logical": definition.pop("Logical", "AND"), "Conditions": conditions}
            wanted = {"Type": "CONDITIONAL", "StartOnCreation": True, "Predicate": predicate}
        self.glue.create_trigger(Name=name, Actions=[{"JobName": job} for job in actions], **{**wanted, **definition})
        return name

    def workflow_ended(self, workflow: str, run_id: str) -> dict[str, Any]:
        """A workflow run, with its graph, when it has ended."""

        def look() -> Any:
            run = self.glue.get_workflow_run(Name=workflow, RunId=run_id, IncludeGraph=True)["Run"]
            return _if(run, lambda one: one["Status"] not in ("RUNNING", "STOPPING"))

        return dict(until(look))

    def database(self) -> str:
        """Create a database of the Data Catalog; its name."""
        name = unique("database").replace("-", "_")
        self.glue.create_database(DatabaseInput={"Name": name})
        return name

    def parquet(self, key: str, table: pa.Table) -> None:
        """Put a table as a parquet object."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        self.put(key, sink.getvalue().to_pybytes())

    def crawler(self, database: str, *targets: Any, **definition: Any) -> str:
        """Create a crawler over folders of the bucket, or over whole targets; its name."""
        name = unique("crawler")
        paths = [one if isinstance(one, dict) else {"Path": f"s3://{self.bucket}/{one}"} for one in targets]
        request = {"Name": name, "Role": "local", "DatabaseName": database, "Targets": {"S3Targets": paths}}
        self.glue.create_crawler(**request, **definition)
        return name

    def crawl(self, crawler: str) -> dict[str, Any]:
        """Crawl to the end; the crawler's last crawl as ListCrawls tells it."""
        self.glue.start_crawler(Name=crawler)
        until(lambda: self.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "READY")
        return dict(self.glue.list_crawls(CrawlerName=crawler)["Crawls"][0])


def _if(value: Any, holds: Callable[[Any], bool]) -> Any:
    return value if holds(value) else None


@pytest.fixture(scope="package")
def endpoint() -> Iterator[str]:
    """moto as the AWS endpoint of these tests."""
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="package")
def service(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The localglue of these tests."""
    running = serve(endpoint, tmp_path_factory.mktemp("localglue"))
    yield running
    running.close()


def bench_on(endpoint: str, service: Service) -> Bench:
    """A bench on this localglue, with a bucket of its own."""
    s3, bucket = client("s3", endpoint), unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Bench(client("glue", service.settings.own_url), s3, client("logs", endpoint), bucket, service.settings.state)


@pytest.fixture
def bench(endpoint: str, service: Service) -> Iterator[Bench]:
    """Clients of localglue and of what is behind it."""
    made = bench_on(endpoint, service)
    yield made
    for one in (made.glue, made.s3, made.logs):
        one.close()
