"""A test bench: localglue in this process, moto as the AWS endpoint, and boto3 clients for both."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.config import Config

from localapi.server import Server
from localgate.keys import Keys
from localglue.app import SERVICE, LocalGlue
from localglue.settings import Settings
from tests.conftest import KEY

REGION = "eu-west-2"
KEYS = Keys(KEY, KEY)
WITHIN = 120.0
"""Seconds that a test waits for something, unless it says otherwise."""
ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")
SHELL_LOGS = "/aws-glue/python-jobs"
SLOW_SCRIPT = "import time; time.sleep(60)"
T = TypeVar("T")


def client(service: str, endpoint: str) -> Any:
    """A boto3 client with its own credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=KEYS.access_key_id,
        aws_secret_access_key=KEYS.secret_access_key,
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def until(look: Callable[[], T | None], within: float = WITHIN) -> T:
    """The first true value that `look` returns. Fails if there is none in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"not so within {within} seconds")


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # it has ended since, or this system has no /proc to find a zombie in
        return not Path("/proc").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def unique(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{uuid.uuid4().hex[:10]}"


@dataclass
class Service:
    """A localglue that serves HTTP in this process."""

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
    """Start a localglue on a free port. A minute of a job's timeout takes half a second."""
    server = Server("127.0.0.1", 0, KEYS, SERVICE)
    settings = Settings(
        endpoint=endpoint,
        own_url=f"http://127.0.0.1:{server.server_port}",
        state=state,
        **{"python_shell": sys.executable, "minute": 0.5, "grace": 1.0, "region": REGION, "keys": KEYS, **others},
    )
    glue = server.application = LocalGlue(settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    return Service(settings, glue, server, thread)


@dataclass
class Bench:
    """The clients of one localglue and its endpoint, with shortcuts for what most tests do."""

    glue: Any
    s3: Any
    logs: Any
    bucket: str

    def put(self, key: str, content: bytes) -> str:
        """Put an object, and return its address."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"s3://{self.bucket}/{key}"

    def parquet(self, key: str, table: pa.Table) -> None:
        """Put a table as a parquet object."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        self.put(key, sink.getvalue().to_pybytes())

    def job(self, script: str = "", kind: str = "pythonshell", **definition: Any) -> str:
        """Create a job that runs this script, and return its name."""
        name = unique("job")
        location = self.put(f"scripts/{name}.py", textwrap.dedent(script).encode())
        command = {"Name": kind, "ScriptLocation": location, "PythonVersion": "3.9" if kind == "pythonshell" else "3"}
        self.glue.create_job(Name=name, Role="local", Command=command, **definition)
        return name

    def run(self, job: str, **request: Any) -> dict[str, Any]:
        """Run a job to its end, and return the run."""
        run_id = self.glue.start_job_run(JobName=job, **request)["JobRunId"]
        return self.ended(job, run_id)

    def get(self, job: str, run_id: str) -> dict[str, Any]:
        """The run as it is now."""
        return dict(self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])

    def ended(self, job: str, run_id: str, within: float = WITHIN) -> dict[str, Any]:
        """Wait until the run has ended, and return it."""
        return until(lambda: _if(self.get(job, run_id), lambda run: run["JobRunState"] in ENDED), within)

    def running(self, job: str) -> str:
        """Start a run, wait until its process runs, and return its id."""
        run_id = self.glue.start_job_run(JobName=job)["JobRunId"]
        until(lambda: self.get(job, run_id)["JobRunState"] == "RUNNING")
        return str(run_id)

    def lines(self, group: str, stream: str) -> list[str]:
        """The lines of a log stream."""
        events = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def workflow(self, **definition: Any) -> str:
        """Create a workflow, and return its name."""
        name = unique("workflow")
        self.glue.create_workflow(Name=name, **definition)
        return name

    def trigger(self, actions: list[str], after: dict[str, str] | None = None, **definition: Any) -> str:
        """Create a trigger that starts these jobs, on demand or after jobs ended in these states. Returns its name."""
        name = unique("trigger")
        wanted: dict[str, Any] = {"Type": "ON_DEMAND"}
        if after is not None:
            conditions = [{"LogicalOperator": "EQUALS", "JobName": job, "State": s} for job, s in after.items()]
            predicate = {"Logical": definition.pop("Logical", "AND"), "Conditions": conditions}
            wanted = {"Type": "CONDITIONAL", "StartOnCreation": True, "Predicate": predicate}
        self.glue.create_trigger(Name=name, Actions=[{"JobName": job} for job in actions], **{**wanted, **definition})
        return name

    def run_workflow(self, workflow: str, **request: Any) -> dict[str, Any]:
        """Run a workflow to its end, and return the run with its graph."""
        return self.workflow_ended(workflow, self.glue.start_workflow_run(Name=workflow, **request)["RunId"])

    def workflow_ended(self, workflow: str, run_id: str) -> dict[str, Any]:
        """Wait until a workflow run has ended, and return it with its graph."""

        def look() -> dict[str, Any] | None:
            run = self.glue.get_workflow_run(Name=workflow, RunId=run_id, IncludeGraph=True)["Run"]
            return _if(run, lambda one: one["Status"] not in ("RUNNING", "STOPPING"))

        return until(look)

    def database(self) -> str:
        """Create a database of the Data Catalog, and return its name."""
        name = unique("database").replace("-", "_")
        self.glue.create_database(DatabaseInput={"Name": name})
        return name

    def crawler(self, database: str, *targets: Any, **definition: Any) -> str:
        """Create a crawler of folders of the bucket, or of complete S3 targets, and return its name."""
        name = unique("crawler")
        paths = [one if isinstance(one, dict) else {"Path": f"s3://{self.bucket}/{one}"} for one in targets]
        request = {"Name": name, "Role": "local", "DatabaseName": database, "Targets": {"S3Targets": paths}}
        self.glue.create_crawler(**request, **definition)
        return name

    def crawl(self, crawler: str) -> dict[str, Any]:
        """Run a crawler to its end, and return its last crawl as ListCrawls has it."""
        self.glue.start_crawler(Name=crawler)
        self.crawler_ready(crawler)
        return dict(self.glue.list_crawls(CrawlerName=crawler)["Crawls"][0])

    def crawler_ready(self, crawler: str) -> dict[str, Any]:
        """Wait until the crawler is READY, and return it."""
        return until(lambda: _if(self.glue.get_crawler(Name=crawler)["Crawler"], lambda one: one["State"] == "READY"))


def _if(value: T, holds: Callable[[T], bool]) -> T | None:
    return value if holds(value) else None


def job_states(workflow_run: dict[str, Any]) -> dict[str, list[str]]:
    """The states of all attempts of each job in a workflow run's graph, newest first."""
    nodes = [node for node in workflow_run["Graph"]["Nodes"] if node["Type"] == "JOB"]
    return {node["Name"]: [one["JobRunState"] for one in node.get("JobDetails", {})["JobRuns"]] for node in nodes}


def new_bucket(s3: Any) -> str:
    """Create a bucket, and return its name."""
    bucket = unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return bucket


def bench_on(endpoint: str, service: Service) -> Bench:
    """A bench on this localglue, with a bucket of its own."""
    s3 = client("s3", endpoint)
    return Bench(client("glue", service.settings.own_url), s3, client("logs", endpoint), new_bucket(s3))


@contextmanager
def serving(endpoint: str, state: Path, **others: Any) -> Iterator[Bench]:
    """A bench on a localglue of its own, which ends with the block."""
    service = serve(endpoint, state, **others)
    try:
        bench = bench_on(endpoint, service)
        yield bench
        for one in (bench.glue, bench.s3, bench.logs):
            one.close()
    finally:
        service.close()
