"""Job runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localglue.glue_libraries import our_folder
from tests.integration.localglue.bench import SHELL_LOGS, SLOW_SCRIPT, Bench, is_alive, serving, until


def test_a_run_gets_arguments_and_environment_and_its_output_is_in_cloudwatch(bench: Bench) -> None:
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

    argv, variables = (json.loads(line) for line in bench.lines(f"{SHELL_LOGS}/output", run["Id"]))
    pairs = dict(zip(argv[::2], argv[1::2], strict=True))
    assert pairs.pop("--scriptLocation").endswith(".py")
    assert pairs == {
        "--a": "default",
        "--b": "run",
        "--c": "fixed",
        "--library-set": "analytics",
        "--python-version": "3.9",
    }
    assert variables == {
        "AWS_ENDPOINT_URL_GLUE": bench.glue.meta.endpoint_url,
        "AWS_DEFAULT_REGION": "eu-west-2",
        "PYTHONPATH": str(our_folder()),
        "TZ": "UTC",
    }
    assert bench.lines(f"{SHELL_LOGS}/error", run["Id"]) == ["a warning"]
    assert {name: run[name] for name in ("JobRunState", "Attempt", "LogGroupName", "MaxCapacity", "Timeout")} == {
        "JobRunState": "SUCCEEDED",
        "Attempt": 0,
        "LogGroupName": SHELL_LOGS,
        "MaxCapacity": 0.0625,
        "Timeout": 2880,
    }
    assert run["StartedOn"] <= run["CompletedOn"] and "ErrorMessage" not in run


FINDS = """
    import importlib.util, json, sys
    names = ("boto3", "botocore", "pyarrow", "yaml", "json")
    print(json.dumps([name for name in names if importlib.util.find_spec(name)]))
"""


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"library-set": "analytics"}, ["boto3", "botocore", "pyarrow", "yaml", "json"]),
        ({"--library-set": "analytics"}, ["botocore", "json"]),
        ({"library-set": "none"}, ["botocore", "json"]),
        ({}, ["botocore", "json"]),
    ],
)
def test_a_shell_job_has_glues_packages_by_the_name_without_dashes_alone(
    bench: Bench, arguments: dict[str, str], found: list[str]
) -> None:
    run = bench.run(bench.job(FINDS, DefaultArguments=arguments))
    assert run["JobRunState"] == "SUCCEEDED", run
    assert json.loads(bench.lines(f"{SHELL_LOGS}/output", run["Id"])[0]) == found


def test_a_job_without_the_packages_still_has_its_own_files(bench: Bench) -> None:
    module = bench.put("mine.py", b"import botocore\nVALUE = 7\n")
    run = bench.run(bench.job("import mine; print(mine.VALUE)", DefaultArguments={"--extra-py-files": module}))
    assert bench.lines(f"{SHELL_LOGS}/output", run["Id"]) == ["7"]


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
    child = int(bench.lines(f"{SHELL_LOGS}/output", run["Id"])[0])
    until(lambda: not is_alive(child))


def test_a_run_can_be_stopped_once(bench: Bench) -> None:
    job = bench.job(SLOW_SCRIPT)
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


def test_concurrent_runs_are_limited(bench: Bench) -> None:
    job = bench.job(SLOW_SCRIPT, ExecutionProperty={"MaxConcurrentRuns": 1})
    run_id = bench.running(job)
    with pytest.raises(
        bench.glue.exceptions.ConcurrentRunsExceededException, match=f"job {job} allows 1 concurrent run"
    ):
        bench.glue.start_job_run(JobName=job)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    bench.ended(job, run_id)


def test_a_failed_run_is_retried_as_often_as_the_job_says(bench: Bench, tmp_path: Path) -> None:
    script = """
        import pathlib, sys
        folder = pathlib.Path(sys.argv[sys.argv.index("--folder") + 1])
        tries = len(list(folder.iterdir()))
        (folder / str(tries)).touch()
        if tries < 2:
            sys.exit(f"try {tries} fails")
    """
    job = bench.job(script, MaxRetries=2, DefaultArguments={"--folder": str(tmp_path)})
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


def test_a_run_can_repeat_an_earlier_one_with_its_arguments(bench: Bench) -> None:
    job = bench.job("import sys; print(sys.argv[sys.argv.index('--a') + 1])")
    first = bench.run(job, Arguments={"--a": "1"})
    again = bench.run(job, JobRunId=first["Id"])
    assert (again["PreviousRunId"], bench.lines(f"{SHELL_LOGS}/output", again["Id"])) == (first["Id"], ["1"])


def test_runs_come_in_pages_newest_first(bench: Bench) -> None:
    job = bench.job()
    ids = [bench.run(job)["Id"] for _ in range(3)]
    pages = list(bench.glue.get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"PageSize": 2}))
    assert [[run["Id"] for run in page["JobRuns"]] for page in pages] == [[ids[2], ids[1]], [ids[0]]]
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="'soon' is not a NextToken"):
        bench.glue.get_job_runs(JobName=job, NextToken="soon")


def test_long_output_arrives_whole_and_in_order(bench: Bench) -> None:
    run = bench.run(bench.job("for number in range(25_000): print(number)"))
    group, lines, token = f"{SHELL_LOGS}/output", [], None
    while True:
        extra = {"nextToken": token} if token else {}
        page = bench.logs.get_log_events(logGroupName=group, logStreamName=run["Id"], startFromHead=True, **extra)
        if not page["events"]:
            break
        lines += [event["message"] for event in page["events"]]
        token = page["nextForwardToken"]
    assert lines == [str(number) for number in range(25_000)]


def test_a_missing_interpreter_fails_the_run(endpoint: str, tmp_path: Path) -> None:
    with serving(endpoint, tmp_path, python_shell=str(tmp_path / "python3.9")) as bench:
        run = bench.run(bench.job())
    assert run["JobRunState"] == "FAILED" and str(tmp_path / "python3.9") in run["ErrorMessage"]
