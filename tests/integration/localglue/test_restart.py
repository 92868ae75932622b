"""The end of localglue, by SIGTERM or SIGKILL, and its next start."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localglue import cli
from tests.conftest import KEY
from tests.integration.localglue.bench import SHELL_LOGS, Bench, client, is_alive, serving, until

PID_SCRIPT = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


def start_process(endpoint: str, state: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    """A process of `localglue serve`, and its address."""
    command = [sys.executable, "-m", "localglue", "serve", "--port", "0", "--endpoint", endpoint]
    command += ["--state", str(state), "--python-shell", sys.executable, "--region", "eu-west-2", *more]
    keys = {"LOCALGLUE_ACCESS_KEY_ID": KEY, "LOCALGLUE_SECRET_ACCESS_KEY": KEY}
    environment = {"PYTHONPATH": str(Path(cli.__file__).parents[1]), "PATH": "/usr/bin:/bin", **keys}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    return process, next(line.rsplit(" ", 1)[1].strip() for line in process.stderr if "localglue answers on" in line)


def end_process(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """Send the process a signal, and return its exit status."""
    assert process.stderr is not None
    process.send_signal(number)
    status = process.wait(120)
    process.stderr.close()
    return status


def on_process(bench: Bench, url: str) -> Bench:
    """The bench with Glue at that address."""
    return Bench(client("glue", url), bench.s3, bench.logs, bench.bucket)


def test_a_restart_records_the_end_of_what_was_active(endpoint: str, tmp_path: Path) -> None:
    with serving(endpoint, tmp_path) as bench:
        job = bench.job(PID_SCRIPT)
        workflow = bench.workflow()
        bench.trigger([job], WorkflowName=workflow)
        run_id = bench.glue.start_workflow_run(Name=workflow)["RunId"]
        run = until(
            lambda: [one for one in bench.glue.get_job_runs(JobName=job)["JobRuns"] if one["JobRunState"] == "RUNNING"]
        )[0]

    with serving(endpoint, tmp_path) as bench:
        ended = bench.get(job, run["Id"])
        assert (ended["JobRunState"], ended["ErrorMessage"]) == ("FAILED", "localglue was shut down during this run")
        after = bench.glue.get_workflow_run(Name=workflow, RunId=run_id)["Run"]
        assert (after["Status"], after["Statistics"]["FailedActions"]) == ("COMPLETED", 1)
        assert after["ErrorMessage"] == "localglue was ended during this run; resume it, or start the workflow again"


def test_sigterm_ends_localglue_and_its_job_runs(endpoint: str, tmp_path: Path, bench: Bench) -> None:
    process, url = start_process(endpoint, tmp_path)
    before = on_process(bench, url)
    job = before.job(PID_SCRIPT)
    run_id = before.running(job)
    assert end_process(process, signal.SIGTERM) == 0

    with serving(endpoint, tmp_path) as after:
        run = after.get(job, run_id)
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "localglue was shut down during this run")


@pytest.mark.skipif(not os.path.exists("/proc"), reason="there is no /proc to find the process in")
def test_the_next_start_ends_a_process_that_outlived_a_killed_localglue(
    endpoint: str, tmp_path: Path, bench: Bench
) -> None:
    process, url = start_process(endpoint, tmp_path)
    assert urllib.request.urlopen(f"{url}/health").read() == b'{"status": "ok"}'  # nosec B310 - our own address
    before = on_process(bench, url)
    job = before.job(PID_SCRIPT)
    run_id = before.running(job)
    script = int(until(lambda: _first_line(before, run_id)))
    end_process(process, signal.SIGKILL)
    assert is_alive(script)

    with serving(endpoint, tmp_path) as after:
        until(lambda: not is_alive(script))
        assert after.get(job, run_id)["ErrorMessage"] == "localglue was ended during this run; run the job again"


def _first_line(bench: Bench, run_id: str) -> str | None:
    try:
        lines = bench.lines(f"{SHELL_LOGS}/output", run_id)
    except ClientError:
        return None
    return lines[0] if lines else None


def test_main_serves_in_this_process_too(endpoint: str, tmp_path: Path, monkeypatch: Any) -> None:
    handlers: dict[int, Any] = {}
    monkeypatch.setattr(cli.signal, "signal", lambda number, handler: handlers.setdefault(number, handler))
    statuses: list[int] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = ["serve", "--port", str(port), "--endpoint", endpoint, "--state", str(tmp_path)]
    thread = threading.Thread(target=lambda: statuses.append(cli.main(argv)))
    thread.start()
    until(lambda: signal.SIGTERM in handlers and _answers(port))
    handlers[signal.SIGTERM]()
    thread.join()
    assert statuses == [0]


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
