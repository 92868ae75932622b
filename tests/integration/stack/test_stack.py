"""The whole stack: up, up again, half dead, down; its roles may do what they must and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
import psycopg2
import pytest

from tests.conftest import SOURCE
from tests.process_ends import ends
from totelake.errors import ConfigurationError, RetriableError
from totelake.stack import lifecycle, servers
from totelake.stack.model import Stack
from totelake.stack.processes import is_alive, wait_ready

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    yield folder
    lifecycle.stop(folder)


@pytest.fixture(scope="module")
def running(home: Path) -> Stack:
    return lifecycle.start(home, standbys=2)


def test_every_part_answers(running: Stack, home: Path) -> None:
    assert lifecycle.status(home) == {"postgres": True, "moto": True, "localglue": True, "localathena": True}
    assert servers.standbys(running.glue_endpoint) == servers.Standbys(2, ())
    assert lifecycle.load(home) == running


def test_up_twice_gives_the_same_stack(running: Stack, home: Path) -> None:
    assert lifecycle.start(home) == running


def test_everything_listens_on_this_machine_only(running: Stack) -> None:
    addresses = {
        connection.laddr.ip
        for part in running.parts.values()
        for connection in psutil.Process(part.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_the_environment_is_enough_for_any_client(running: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = running.environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    assert session.client("glue").get_jobs()["Jobs"] == []
    s3 = session.client("s3")
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert buckets == {variables[f"TOTELAKE_{name}_BUCKET"] for name in ("INGESTION", "PROCESSED", "ARTIFACTS")}


@pytest.mark.parametrize("statement", ["CREATE TABLE t ()", "SET ROLE totelake_admin", "CREATE SCHEMA s"])
def test_the_reader_may_only_read(running: Stack, statement: str) -> None:
    with psycopg2.connect(running.source_admin_dsn(SOURCE)) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS seen AS SELECT 7 AS value")
    owner.commit()
    owner.close()
    reader = psycopg2.connect(running.source_dsn(SOURCE))
    reader.set_session(readonly=False)
    with reader.cursor() as cursor:
        cursor.execute("SELECT value FROM seen")
        assert cursor.fetchall() == [(7,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    reader.close()


def test_the_loader_sees_the_star_without_naming_its_schema_and_not_the_source(running: Stack) -> None:
    loader = psycopg2.connect(running.warehouse_dsn)
    with loader.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchall() == [("star, public",)]
    loader.close()
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(running.dsn("totelake_loader", "totesys"))


def test_a_dead_part_is_reported_and_down_clears_the_rest(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    stack = lifecycle.start(tmp_path)
    os.kill(stack.parts["localglue"].pid, signal.SIGKILL)
    lifecycle.end(stack.parts["localglue"])
    assert lifecycle.status(tmp_path) == {"postgres": True, "moto": True, "localglue": False, "localathena": True}
    for again in (lifecycle.start, lifecycle.load):
        with pytest.raises(
            ConfigurationError,
            match="half up: localglue has ended, no job runs; .*; run `totelake down`, which removes",
        ):
            again(tmp_path)
    assert lifecycle.stop(tmp_path)
    assert not any(is_alive(part) for part in stack.parts.values())
    assert not Path(stack.data).exists()
    assert (tmp_path / "logs" / "localglue.log").is_file()
    assert not lifecycle.stop(tmp_path)
    assert lifecycle.status(tmp_path) is None
    with pytest.raises(ConfigurationError, match="no stack is up in .*; run `totelake up`"):
        lifecycle.load(tmp_path)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_down_ends_the_jobs_of_a_localglue_that_has_died(tmp_path: Path) -> None:
    stack = lifecycle.start(tmp_path / "home")
    pids = tmp_path / "pids"
    script = f"""
import os, pathlib, subprocess, time
child = subprocess.Popen(["sleep", "600"])
pathlib.Path({str(tmp_path / "new")!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
os.rename({str(tmp_path / "new")!r}, {str(pids)!r})
time.sleep(600)
"""
    lifecycle.client(stack, "s3").put_object(Bucket=stack.artifacts_bucket, Key="slow.py", Body=script.encode())
    glue = lifecycle.client(stack, "glue")
    location = f"s3://{stack.artifacts_bucket}/slow.py"
    glue.create_job(Name="slow", Role="local", Command={"Name": "pythonshell", "ScriptLocation": location})
    glue.start_job_run(JobName="slow")
    wait_ready(stack.parts["localglue"], pids.is_file, tmp_path / "home" / "logs" / "localglue.log")
    wait_ready(
        stack.parts["localglue"],
        lambda: glue.get_job_runs(JobName="slow")["JobRuns"][0]["JobRunState"] == "RUNNING",
        tmp_path / "home" / "logs" / "localglue.log",
    )
    os.kill(stack.parts["localglue"].pid, signal.SIGKILL)
    job = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
    assert lifecycle.stop(tmp_path / "home")
    left = [process for process in job if not ends(process.pid)]
    for process in left:
        process.kill()
    assert left == []
    assert not (tmp_path / "home" / "localglue").exists()


def test_down_keeps_the_record_of_jobs_that_it_cannot_end(tmp_path: Path) -> None:
    lifecycle.start(tmp_path)
    state = tmp_path / "localglue" / "localglue.sqlite"
    os.kill(lifecycle.load(tmp_path).parts["localglue"].pid, signal.SIGKILL)
    for path in state.parent.glob("localglue.sqlite*"):
        path.unlink()
    state.write_text("no database")
    with pytest.raises(RetriableError, match="jobs of the stack may still run: .* cannot be read"):
        lifecycle.stop(tmp_path)
    assert state.is_file()
    state.unlink()
    assert lifecycle.stop(tmp_path)


def test_a_stack_that_cannot_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOTELAKE_PYTHON_SHELL", "/not/there")
    started = []
    spawn = servers.spawn

    def broken(name: str, command: list[str], *more: object) -> object:
        words = [sys.executable, "-c", "raise SystemExit('cannot')"] if name == "localglue" else command
        part = spawn(name, words, *more)  # type: ignore[arg-type]
        started.append(part)
        return part

    monkeypatch.setattr(servers, "spawn", broken)
    with pytest.raises(ConfigurationError, match=r"localglue ended while it started \(cannot\)"):
        lifecycle.start(tmp_path)
    assert [part.name for part in started] == ["moto", "localglue"]
    assert not any(is_alive(part) for part in started)
    assert lifecycle.status(tmp_path) is None
    monkeypatch.setattr(servers, "spawn", spawn)
    assert lifecycle.start(tmp_path)
    lifecycle.stop(tmp_path)
