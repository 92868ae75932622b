"""A stack on a machine whose variables and files lead every client astray, in a folder with a space and an umlaut."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.hostile_environment import VARIABLES, make_home
from totelake.stack import lifecycle
from totelake.stack.model import Stack

pytestmark = pytest.mark.integration

# for an interpreter that runs this very command they decide before it can; what they do to the stack is a unit test's
_OF_THE_COMMAND = ("PYTHONINSPECT", "PYTHONIOENCODING", "PYTHONWARNINGS", "PYTHONOPTIMIZE")
_SHELL = """
import json, os
import boto3
print(json.dumps(dict(os.environ)))
print(json.dumps(sorted(bucket["Name"] for bucket in boto3.client(
    "s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).list_buckets()["Buckets"])))
"""
_SPARK = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).write.parquet(sys.argv[sys.argv.index("--to") + 1])
print("rows", spark.read.parquet(sys.argv[sys.argv.index("--to") + 1]).count())
"""


class Machine:
    """A person's machine, on which only the command runs."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "mit Leerzeichen und Ä'\""
        hostile = {name: value for name, value in VARIABLES.items() if value and name not in _OF_THE_COMMAND}
        # Java is found by PATH; that a JAVA_HOME without one is passed over has a test of its own
        own = {"HOME": str(make_home(folder / "hostile home")), "TOTELAKE_HOME": str(self.home)}
        self.environment = {**os.environ, **hostile, **own, "PYTHONPATH": str(ROOT / "lib")}
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "PGPASSFILE"):
            del self.environment[name]  # the files of the hostile home are read

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command."""
        command = [sys.executable, "-m", "totelake.cli.main", *words]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def totelake(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        process = self.start(*words)
        out, err = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def kill_up(self) -> None:
        """Start the stack, and kill the command when two of its servers run."""
        process = self.start("up")
        deadline = time.monotonic() + 60
        while not (self.home / "logs" / "moto.log").is_file():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The machine; its stack is ended afterwards."""
    found = Machine(tmp_path_factory.mktemp("machine"))
    yield found
    lifecycle.stop(found.home)


@pytest.fixture(scope="module")
def up(machine: Machine) -> Stack:
    """The stack that one of two `totelake up` has started there, after a third that was killed."""
    machine.kill_up()
    one, other = machine.start("up", "--json"), machine.start("up", "--json")
    ends = sorted((process.wait(), process.communicate()[1]) for process in (one, other))
    told = f"totelake: another `totelake up` or `totelake down` is at work in {machine.home}; "
    assert ends == [(0, ""), (1, f"{told}wait for its end, then see `totelake status`\n")]
    return lifecycle.load(machine.home)


def run_job(stack: Stack, kind: str, script: str, arguments: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Run a script as a job; the run, and the lines that it wrote."""
    where = f"{kind}.py"
    lifecycle.client(stack, "s3").put_object(Bucket=stack.artifacts_bucket, Key=where, Body=script.encode())
    glue, logs = lifecycle.client(stack, "glue"), lifecycle.client(stack, "logs")
    command = {"Name": kind, "ScriptLocation": f"s3://{stack.artifacts_bucket}/{where}"}
    glue.create_job(Name=kind, Role="local", Command=command, DefaultArguments=arguments)
    run_id = glue.start_job_run(JobName=kind)["JobRunId"]
    deadline = time.monotonic() + 120
    while True:
        run = glue.get_job_run(JobName=kind, RunId=run_id)["JobRun"]
        if run["JobRunState"] not in ("STARTING", "RUNNING"):
            break
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    found = logs.get_log_events(logGroupName=f"{run['LogGroupName']}/output", logStreamName=run_id)["events"]
    return run, [event["message"] for event in found]


def test_up_status_and_a_second_up_answer(up: Stack, machine: Machine) -> None:
    for words in (["status"], ["up"]):
        done = machine.totelake(*words, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert all(part["answers"] for part in json.loads(done.stdout)["parts"].values())


def test_the_command_speaks_to_database_lake_and_glue(up: Stack, machine: Machine) -> None:
    asked = ["query", "--on", "warehouse", "SELECT 1 AS one"]
    for words in (["seed", "--orders", "10"], ["deploy"], asked, ["runs"], ["doctor"]):
        done = machine.totelake(*words)
        assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), (words, done.stderr)
        assert done.stdout.strip(), words


def test_a_python_job_sees_the_stack_and_nothing_of_the_users(up: Stack) -> None:
    _, (environment, buckets) = run_job(up, "pythonshell", _SHELL, {"library-set": "analytics"})
    seen = json.loads(environment)
    assert {name for name, value in VARIABLES.items() if value and seen.get(name) == value} == set()
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_ENDPOINT_URL"]) == (up.access_key_id, up.aws_endpoint)
    own = (up.ingestion_bucket, up.processed_bucket, up.artifacts_bucket, "totelake-targets")
    assert json.loads(buckets) == sorted(own)


def test_a_spark_job_runs(up: Stack) -> None:
    _, lines = run_job(up, "glueetl", _SPARK, {"--to": f"s3://{up.processed_bucket}/rows"})
    assert "rows 3" in lines


def test_nobody_else_reads_what_is_below_the_home(up: Stack, machine: Machine) -> None:
    found = [machine.home, *machine.home.rglob("*")]
    assert {path.name for path in found} >= {"stack.json", "logs", "localglue", "spark-defaults.conf", "postgres.log"}
    assert [str(path) for path in found if not path.is_symlink() and path.stat().st_mode & 0o077] == []


def test_deploy_that_is_interrupted_is_finished_by_the_next(up: Stack, machine: Machine) -> None:
    for number, delay in ((signal.SIGINT, 0.4), (signal.SIGTERM, 1.2), (signal.SIGINT, 2.4)):
        process = machine.start("deploy")
        assert process.stderr is not None
        process.stderr.readline()
        time.sleep(delay)
        process.send_signal(number)
        _, err = process.communicate()
        assert process.returncode in (0, 128 + number), err
        assert "Traceback" not in err
        assert process.returncode == 0 or err.endswith("interrupted\n")
    assert machine.totelake("deploy").returncode == 0
    done = json.loads(machine.totelake("deploy", "--json").stdout)
    assert {change["outcome"] for change in done} == {"unchanged"}
