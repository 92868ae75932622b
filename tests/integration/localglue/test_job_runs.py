"""Jobs that really run."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localglue.conftest import Bench, bench_on, client, serve, until

SHELL = "/aws-glue/python-jobs"


def test_a_run_gets_its_arguments_and_its_surroundings_and_its_output_is_in_cloudwatch(bench: Bench) -> None:
    script = """
        import json, os, sys
        print(json.dumps(sys.argv[1:]))
        print(json.dumps({name: os.environ.get(name) for name in
            ("AWS_ENDPOINT_URL_GLUE", "AWS_DEFAULT_REGION", "PYTHONPATH", "TZ")}))
        print("a warning", file=sys.stderr)
    """
    job = bench.job(
        script,
        DefaultArguments={"--a": "default", "--b": "default", "--c": "default", "library-set": "analytics"},
        NonOverridableArguments={"--c": "fixed"},
    )
    run = bench.run(job, Arguments={"--b": "run", "--c": "run"})

    argv, variables = (json.loads(line) for line in bench.lines(f"{SHELL}/output", run["Id"]))
    pairs = dict(zip(argv[::2], argv[1::2], strict=True))
    assert pairs.pop("--JOB_ID").startswith("j_")
    assert pairs == {
        "--a": "default",
        "--b": "run",
        "--c": "fixed",
        "--library-set": "analytics",
        "--JOB_NAME": job,
        "--JOB_RUN_ID": run["Id"],
    }
    assert variables == {
        "AWS_ENDPOINT_URL_GLUE": bench.glue.meta.endpoint_url,
        "AWS_DEFAULT_REGION": "eu-west-2",
        "PYTHONPATH": None,
        "TZ": "UTC",
    }
    assert bench.lines(f"{SHELL}/error", run["Id"]) == ["a warning"]
    assert {name: run[name] for name in ("JobRunState", "Attempt", "LogGroupName", "MaxCapacity", "Timeout")} == {
        "JobRunState": "SUCCEEDED",
        "Attempt": 0,
        "LogGroupName": SHELL,
        "MaxCapacity": 0.0625,
        "Timeout": 2880,
    }
    assert run["StartedOn"] <= run["CompletedOn"] and "ErrorMessage" not in run


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("raise ValueError('the ledger is empty')", "ValueError: the ledger is empty"),
        ("import sys; sys.exit('table address is missing; grant SELECT')", "table address is missing; grant SELECT"),
        (
            "import sys; sys.exit(3)",
            "the script ended with exit status 3 and wrote nothing to stderr; raise, or sys.exit('a sentence')",
        ),
        ("import os; os.kill(os.getpid(), 9)", "the script's process was ended by SIGKILL"),
    ],
)
def test_a_run_that_fails_says_why(bench: Bench, script: str, message: str) -> None:
    run = bench.run(bench.job(script))
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", message)


def test_a_script_that_does_not_exist_fails_the_run(bench: Bench) -> None:
    job = bench.job()
    bench.s3.delete_object(Bucket=bench.bucket, Key=f"scripts/{job}.py")
    run = bench.run(job)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(f"the script s3://{bench.bucket}/scripts/{job}.py cannot be fetched")


def test_a_run_that_takes_too_long_ends_as_timeout_with_everything_it_has_started(bench: Bench) -> None:
    script = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid)
        time.sleep(60)
    """
    run = bench.run(bench.job(script, Timeout=2))
    assert run["JobRunState"] == "TIMEOUT"
    assert run["ErrorMessage"] == "the run took longer than its timeout of 2 minutes"
    child = int(bench.lines(f"{SHELL}/output", run["Id"])[0])
    until(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as status:
        return status.read().rpartition(")")[2].split()[0] != "Z"


def test_a_run_can_be_stopped_once(bench: Bench) -> None:
    job = bench.job("import time; time.sleep(60)")
    run_id = bench.running(job)
    answer = bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id, "jr_unknown"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": job, "JobRunId": run_id}]
    assert [(one["JobRunId"], one["ErrorDetail"]["ErrorCode"]) for one in answer["Errors"]] == [
        ("jr_unknown", "EntityNotFoundException")
    ]
    assert bench.ended(job, run_id)["JobRunState"] == "STOPPED"
    again = bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    assert again["Errors"][0]["ErrorDetail"]["ErrorMessage"].endswith(
        "has already ended (STOPPED), so it cannot be stopped"
    )


def test_no_more_runs_than_allowed_go_on_at_once(bench: Bench) -> None:
    job = bench.job("import time; time.sleep(60)", ExecutionProperty={"MaxConcurrentRuns": 1})
    run_id = bench.running(job)
    with pytest.raises(
        bench.glue.exceptions.ConcurrentRunsExceededException, match=f"job {job} allows 1 concurrent run"
    ):
        bench.glue.start_job_run(JobName=job)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    bench.ended(job, run_id)


def test_a_failed_run_is_tried_again_as_often_as_the_job_says(bench: Bench) -> None:
    script = """
        import sys, boto3, os
        s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
        bucket = sys.argv[sys.argv.index("--bucket") + 1]
        tries = s3.list_objects_v2(Bucket=bucket, Prefix="tries/")["KeyCount"]
        s3.put_object(Bucket=bucket, Key=f"tries/{tries}", Body=b"")
        if tries < 2:
            sys.exit(f"try {tries} fails")
    """
    job = bench.job(script, MaxRetries=2, DefaultArguments={"--bucket": bench.bucket})
    first = bench.run(job)

    def newest_first() -> Any:
        runs = bench.glue.get_job_runs(JobName=job)["JobRuns"]
        return runs if runs[0]["JobRunState"] == "SUCCEEDED" else None

    runs = until(newest_first)
    assert [(run["Id"], run["JobRunState"], run["Attempt"], run.get("PreviousRunId")) for run in runs] == [
        (f"{first['Id']}_attempt_2", "SUCCEEDED", 2, f"{first['Id']}_attempt_1"),
        (f"{first['Id']}_attempt_1", "FAILED", 1, first["Id"]),
        (first["Id"], "FAILED", 0, None),
    ]


def _zip(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_wheels_and_modules_are_put_on_the_python_path_and_nothing_else(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    wheel = bench.put("lib/one-1-py3-none-any.whl", _zip({"one/__init__.py": "word = 'one'"}))
    module = bench.put("lib/two.py", b"word = 'two'")
    other = bench.put("lib/three-1-py3-none-any.whl", _zip({"three.py": "word = 'three'"}))
    job = bench.job(
        "import one, two, three, os; print(one.word, two.word, three.word, '/somewhere' in os.environ['PYTHONPATH'])",
        DefaultArguments={"--extra-py-files": f"{wheel},{module}", "--additional-python-modules": f"{other},pandas"},
    )
    runs = [bench.run(job), bench.run(job)]
    assert [bench.lines(f"{SHELL}/output", run["Id"]) for run in runs] == [["one two three False"]] * 2
    assert bench.lines(f"{SHELL}/error", runs[0]["Id"]) == [
        "localglue installs nothing: pandas must be in the interpreter that runs the job"
    ]


@pytest.mark.parametrize(
    ("key", "content", "problem"),
    [
        ("lib/broken.whl", b"not a zip", "File is not a zip file"),
        ("lib/words.txt", b"", "it is not a .whl, .zip, .egg or .py"),
    ],
)
def test_a_broken_wheel_fails_the_run(bench: Bench, key: str, content: bytes, problem: str) -> None:
    job = bench.job(DefaultArguments={"--extra-py-files": bench.put(key, content)})
    run = bench.run(job)
    assert run["JobRunState"] == "FAILED" and problem in run["ErrorMessage"]


def test_a_spark_job_without_spark_submit_fails_with_a_sentence(bench: Bench) -> None:
    run = bench.run(bench.job(kind="glueetl", GlueVersion="5.1"))
    assert (run["JobRunState"], run["ErrorMessage"], run["LogGroupName"]) == (
        "FAILED",
        "this localglue has no spark-submit, so no Spark job can run; start it with --spark-submit",
        "/aws-glue/jobs",
    )


def test_much_output_arrives_whole_and_in_order(bench: Bench) -> None:
    run = bench.run(bench.job("for number in range(25_000): print(number)"))
    group, lines, token = f"{SHELL}/output", [], None
    while True:
        extra = {"nextToken": token} if token else {}
        page = bench.logs.get_log_events(logGroupName=group, logStreamName=run["Id"], startFromHead=True, **extra)
        if not page["events"]:
            break
        lines += [event["message"] for event in page["events"]]
        token = page["nextForwardToken"]
    assert lines == [str(number) for number in range(25_000)]


def test_an_interpreter_that_is_missing_fails_the_run(endpoint: str, tmp_path: Any) -> None:
    service = serve(endpoint, tmp_path, python_shell=str(tmp_path / "python3.9"))
    bench = bench_on(endpoint, service)
    run = bench.run(bench.job())
    service.close()
    assert run["JobRunState"] == "FAILED" and str(tmp_path / "python3.9") in run["ErrorMessage"]


def test_a_restart_ends_what_was_going_on(endpoint: str, tmp_path: Any) -> None:
    first = serve(endpoint, tmp_path)
    bench = bench_on(endpoint, first)
    job = bench.job("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    workflow = bench.workflow()
    bench.trigger([job], WorkflowName=workflow)
    run_id = bench.glue.start_workflow_run(Name=workflow)["RunId"]
    run = until(
        lambda: [one for one in bench.glue.get_job_runs(JobName=job)["JobRuns"] if one["JobRunState"] == "RUNNING"]
    )[0]
    first.close()

    second = serve(endpoint, tmp_path)
    bench = bench_on(endpoint, second)
    ended = bench.get(job, run["Id"])
    assert (ended["JobRunState"], ended["ErrorMessage"]) == ("FAILED", "localglue was shut down during this run")
    told = bench.glue.get_workflow_run(Name=workflow, RunId=run_id)["Run"]
    assert (told["Status"], told["Statistics"]["FailedActions"]) == ("COMPLETED", 1)
    assert told["ErrorMessage"] == "localglue was ended during this run; resume it, or start the workflow again"
    second.close()


def test_definitions_can_be_listed_changed_and_deleted(bench: Bench) -> None:
    job = bench.job(Description="before", MaxRetries=2)
    definition = bench.glue.get_job(JobName=job)["Job"]
    update = {"Role": "local", "Command": definition["Command"], "Description": "after"}
    bench.glue.update_job(JobName=job, JobUpdate=update)
    changed = bench.glue.get_job(JobName=job)["Job"]
    assert (changed["Description"], changed["MaxRetries"], changed["CreatedOn"]) == (
        "after",
        0,
        definition["CreatedOn"],
    )
    assert job in bench.glue.list_jobs(MaxResults=1000)["JobNames"]
    assert job in [one["Name"] for page in bench.glue.get_paginator("get_jobs").paginate() for one in page["Jobs"]]
    batch = bench.glue.batch_get_jobs(JobNames=[job, "nobody"])
    assert ([one["Name"] for one in batch["Jobs"]], batch["JobsNotFound"]) == ([job], ["nobody"])
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException, match=f"job {job} already exists"):
        bench.glue.create_job(Name=job, Role="local", Command=definition["Command"])
    bench.glue.delete_job(JobName=job)
    bench.glue.delete_job(JobName=job)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match=f"job {job} does not exist"):
        bench.glue.get_job(JobName=job)


def test_runs_come_in_pages_with_the_newest_first(bench: Bench) -> None:
    job = bench.job()
    ids = [bench.run(job)["Id"] for _ in range(3)]
    pages = list(bench.glue.get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"PageSize": 2}))
    assert [[run["Id"] for run in page["JobRuns"]] for page in pages] == [[ids[2], ids[1]], [ids[0]]]
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="'soon' is not a NextToken"):
        bench.glue.get_job_runs(JobName=job, NextToken="soon")


@pytest.mark.parametrize(
    ("command", "more", "message"),
    [
        ({"Name": "gluestreaming"}, {}, "localglue runs pythonshell and glueetl"),
        ({"Name": "pythonshell", "ScriptLocation": "/tmp/a.py"}, {}, "must be an s3:// address"),
        ({"Name": "pythonshell", "ScriptLocation": "s3://b/a.py"}, {"MaxCapacity": 2.0}, "is 0.0625 or 1"),
    ],
)
def test_a_job_that_could_never_run_is_refused(bench: Bench, command: Any, more: Any, message: str) -> None:
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match=message):
        bench.glue.create_job(Name="never", Role="local", Command=command, **more)


def test_what_localglue_cannot_do_is_said_and_not_done(bench: Bench) -> None:
    with pytest.raises(ClientError, match="localglue does not support CreateBlueprint; nothing was done"):
        bench.glue.create_blueprint(Name="one", BlueprintLocation="s3://bucket/one")


@pytest.mark.skipif(not os.path.exists("/proc"), reason="there is no /proc to find the process in")
def test_a_process_that_outlived_a_killed_localglue_is_ended_by_the_next(endpoint: str, tmp_path: Any) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [
        sys.executable,
        "-m",
        "localglue",
        "serve",
        "--port",
        "0",
        "--endpoint",
        endpoint,
        "--state",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    url = next(line.rsplit(" ", 1)[1].strip() for line in process.stderr if "localglue answers on" in line)
    assert urllib.request.urlopen(f"{url}/health").read() == b'{"status": "ok"}'  # nosec B310 - our own address

    helper = serve(endpoint, tmp_path / "other")
    bench = bench_on(endpoint, helper)
    job = bench.job("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    definition = bench.glue.get_job(JobName=job)["Job"]
    helper.close()
    bench.glue = client("glue", url)
    bench.glue.create_job(Name=job, Role="local", Command=definition["Command"])
    run_id = bench.running(job)
    script = int(until(lambda: _pid(bench, run_id)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert _alive(script)

    following = serve(endpoint, tmp_path)
    bench = bench_on(endpoint, following)
    until(lambda: not _alive(script))
    ended = bench.get(job, run_id)
    following.close()
    assert ended["ErrorMessage"] == "localglue was ended during this run; run the job again"


def _pid(bench: Bench, run_id: str) -> str | None:
    try:
        lines = bench.lines(f"{SHELL}/output", run_id)
    except ClientError:
        return None
    return lines[0] if lines else None
