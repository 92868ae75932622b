"""The service itself: HTTP, command line, Spark's command, schedules."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from localglue import cli
from tests.integration.localglue.conftest import Bench, Service, bench_on, client, serve, until


def ask(service: Service, method: str, path: str, target: str = "", body: bytes = b"{}") -> tuple[int, Any]:
    """Status and JSON of one HTTP request."""
    connection = http.client.HTTPConnection(urlparse(service.settings.own_url).netloc, timeout=10)
    connection.request(method, path, body if method == "POST" else None, {"X-Amz-Target": target})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_health_is_told(service: Service) -> None:
    assert ask(service, "GET", "/health") == (200, {"status": "ok"})
    assert ask(service, "GET", "/")[0] == 404


@pytest.mark.parametrize(
    ("target", "body", "code", "message"),
    [
        ("AWSGlue.GetJob", b"{", "ValidationException", "the request is not JSON"),
        ("AWSGlue.GetJob", b"[]", "ValidationException", "must be of type structure"),
        ("AWSGlue.GetJob", b"{}", "ValidationException", "Value null at 'JobName'"),
        ("AWSGlue.GetNothing", b"{}", "UnknownOperationException", "'GetNothing' is not an operation of AWS Glue"),
        ("S3.GetJob", b"{}", "UnknownOperationException", "'S3.GetJob' is not an operation of AWS Glue"),
        ("AWSGlue.ImportCatalogToGlue", b"{}", "UnsupportedOperationException", "nothing was done"),
    ],
)
def test_what_cannot_be_answered_is_an_error(
    service: Service, target: str, body: bytes, code: str, message: str
) -> None:
    status, content = ask(service, "POST", "/", target, body)
    assert (status, content["__type"]) == (400, code)
    assert message in content["Message"]


def test_localglue_s_own_faults_are_said_and_do_not_end_it(service: Service, monkeypatch: Any) -> None:
    def broken(request: Any) -> Any:
        raise KeyError("oh")

    monkeypatch.setitem(service.glue._handlers, "ListJobs", broken)
    status, content = ask(service, "POST", "/", "AWSGlue.ListJobs")
    assert (status, content["__type"]) == (500, "InternalServiceException")
    assert content["Message"] == "localglue itself failed in ListJobs: KeyError: 'oh'"
    assert ask(service, "GET", "/health")[0] == 200


def test_a_spark_job_is_submitted_with_properties_jars_settings_and_path(endpoint: str, tmp_path: Path) -> None:
    submit = tmp_path / "spark-submit"
    recorder = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['PYTHONPATH']]))"
    submit.write_text(f"#!{sys.executable}\n{recorder}\n")
    submit.chmod(submit.stat().st_mode | stat.S_IXUSR)
    properties = tmp_path / "spark.conf"
    service = serve(endpoint, tmp_path / "state", spark_submit=str(submit), spark_properties=properties)
    bench = bench_on(endpoint, service)
    arguments = {
        "--extra-jars": bench.put("driver.jar", b"jar"),
        "--extra-py-files": bench.put("one.py", b""),
        "--conf": "spark.a=1 --conf spark.b=2",
    }
    run = bench.run(bench.job(kind="glueetl", DefaultArguments=arguments, WorkerType="G.1X", NumberOfWorkers=2))
    words, path = json.loads(bench.lines("/aws-glue/jobs/output", run["Id"])[0])
    service.close()
    assert (run["JobRunState"], run["GlueVersion"], run["WorkerType"]) == ("SUCCEEDED", "5.1", "G.1X")
    assert words[:3] == ["--properties-file", str(properties), "--jars"]
    assert Path(words[3]).name == "driver.jar" and Path(words[3]).read_bytes() == b"jar"
    assert words[4:8] == ["--conf", "spark.a=1", "--conf", "spark.b=2"]
    assert words[8].endswith(".py") and words[9] == "--extra-jars"
    assert (Path(path) / "one.py").exists()


def test_a_spark_script_s_error_is_found_in_the_output_where_spark_submit_puts_it(
    endpoint: str, tmp_path: Path
) -> None:
    submit = tmp_path / "spark-submit"
    run_script = "import os, sys; os.dup2(1, 2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    submit.write_text(f"#!{sys.executable}\n{run_script}\n")
    submit.chmod(submit.stat().st_mode | stat.S_IXUSR)
    service = serve(endpoint, tmp_path / "state", spark_submit=str(submit))
    bench = bench_on(endpoint, service)
    run = bench.run(bench.job("print('counting')\nraise ValueError('the batch is empty')", kind="glueetl"))
    service.close()
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: the batch is empty")


@pytest.fixture
def clocked(endpoint: str, tmp_path: Path) -> Iterator[Bench]:
    """A localglue of its own; its scheduler is reached by `service`."""
    running = serve(endpoint, tmp_path)
    made = bench_on(endpoint, running)
    made.service = running  # type: ignore[attr-defined]
    yield made
    running.close()


def test_schedules_start_jobs_workflows_and_crawlers(clocked: Bench) -> None:
    bench, job, inside = clocked, clocked.job(), clocked.job()
    workflow, crawler = bench.workflow(), bench.crawler("nowhere", "t", Schedule="cron(0 12 * * ? *)")
    schedule: dict[str, Any] = {"Type": "SCHEDULED", "Schedule": "cron(0 12 * * ? *)", "StartOnCreation": True}
    trigger = bench.trigger([job], **schedule)
    bench.trigger([inside], WorkflowName=workflow, **schedule)
    idle = bench.trigger([job], **{**schedule, "StartOnCreation": False})
    day = datetime(2099, 1, 1, 11, 59, tzinfo=timezone.utc).timestamp()

    scheduler = bench.service.glue._scheduler  # type: ignore[attr-defined]
    scheduler.tick(day, day + 30)
    assert bench.glue.get_job_runs(JobName=job)["JobRuns"] == []
    scheduler.tick(day + 30, day + 90)

    assert [run["TriggerName"] for run in bench.glue.get_job_runs(JobName=job)["JobRuns"]] == [trigger] != [idle]
    run_id = bench.glue.get_workflow_runs(Name=workflow)["Runs"][0]["WorkflowRunId"]
    assert bench.workflow_ended(workflow, run_id)["Statistics"]["SucceededActions"] == 1
    until(lambda: bench.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "READY")
    assert len(bench.glue.list_crawls(CrawlerName=crawler)["Crawls"]) == 1


def test_serve_answers_until_it_is_told_to_end_and_ends_what_runs(endpoint: str, tmp_path: Path, bench: Bench) -> None:
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    location = bench.put("scripts/slow.py", script.encode())
    command = [sys.executable, "-m", "localglue", "serve", "--port", "0", "--endpoint", endpoint]
    command += ["--state", str(tmp_path), "--python-shell", sys.executable, "--region", "eu-west-2"]
    environment = {"PYTHONPATH": str(Path(cli.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    url = next(line.rsplit(" ", 1)[1].strip() for line in process.stderr if "localglue answers on" in line)
    glue = client("glue", url)
    glue.create_job(Name="slow", Role="local", Command={"Name": "pythonshell", "ScriptLocation": location})
    run_id = glue.start_job_run(JobName="slow")["JobRunId"]
    until(lambda: glue.get_job_run(JobName="slow", RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stderr.close()

    following = serve(endpoint, tmp_path)
    run = client("glue", following.settings.own_url).get_job_run(JobName="slow", RunId=run_id)["JobRun"]
    following.close()
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "localglue was shut down during this run")


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


def test_a_port_that_is_taken_is_named(endpoint: str, service: Service, tmp_path: Path, capsys: Any) -> None:
    port = urlparse(service.settings.own_url).port
    assert cli.main(["serve", "--port", str(port), "--endpoint", endpoint, "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"localglue cannot listen on 127.0.0.1:{port}: Address already in use\n"
