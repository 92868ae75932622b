"""Workflow runs over jobs that really run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.integration.localglue.bench import SLOW_SCRIPT, Bench, job_states, until


def test_a_trigger_with_and_waits_for_all_and_the_graph_shows_everything(bench: Bench) -> None:
    first, left, right, last = (bench.job(f"print({number})") for number in range(4))
    workflow = bench.workflow(DefaultRunProperties={"a": "default", "b": "default"})
    begin = bench.trigger([first], WorkflowName=workflow)
    fork = bench.trigger([left, right], {first: "SUCCEEDED"}, WorkflowName=workflow)
    join = bench.trigger([last], {left: "SUCCEEDED", right: "SUCCEEDED"}, WorkflowName=workflow)

    run = bench.run_workflow(workflow, RunProperties={"b": "given"})

    assert (run["Status"], run["WorkflowRunProperties"]) == ("COMPLETED", {"a": "default", "b": "given"})
    assert run["Statistics"] == {
        "TotalActions": 4,
        "TimeoutActions": 0,
        "FailedActions": 0,
        "StoppedActions": 0,
        "SucceededActions": 4,
        "RunningActions": 0,
        "ErroredActions": 0,
        "WaitingActions": 0,
    }
    names = {node["UniqueId"]: node["Name"] for node in run["Graph"]["Nodes"]}
    assert {(names[edge["SourceId"]], names[edge["DestinationId"]]) for edge in run["Graph"]["Edges"]} == {
        (begin, first),
        (first, fork),
        (fork, left),
        (fork, right),
        (left, join),
        (right, join),
        (join, last),
    }
    runs = {n["Name"]: n["JobDetails"]["JobRuns"][0] for n in run["Graph"]["Nodes"] if n["Type"] == "JOB"}
    assert runs[first]["TriggerName"] == begin and "PredecessorRuns" not in runs[first]
    assert runs[last]["TriggerName"] == join
    assert {(one["JobName"], one["RunId"]) for one in runs[last]["PredecessorRuns"]} == {
        (left, runs[left]["Id"]),
        (right, runs[right]["Id"]),
    }
    assert runs[last]["StartedOn"] >= max(runs[left]["CompletedOn"], runs[right]["CompletedOn"])


def test_a_job_in_a_workflow_knows_its_run_and_uses_its_properties(bench: Bench) -> None:
    script = """
        import os, sys, boto3
        given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        name = {"Name": given["--WORKFLOW_NAME"], "RunId": given["--WORKFLOW_RUN_ID"]}
        glue = boto3.client("glue", endpoint_url=os.environ["AWS_ENDPOINT_URL_GLUE"])
        seen = glue.get_workflow_run_properties(**name)["RunProperties"]
        glue.put_workflow_run_properties(**name, RunProperties={"seen": seen["a"]})
    """
    workflow = bench.workflow()
    job = bench.job(script, DefaultArguments={"library-set": "analytics"})
    bench.trigger([job], WorkflowName=workflow)
    run = bench.run_workflow(workflow, RunProperties={"a": "1"})
    assert run["WorkflowRunProperties"] == {"a": "1", "seen": "1"}


def test_after_a_failed_job_the_run_is_completed_and_what_waits_for_success_does_not_start(bench: Bench) -> None:
    bad, never, instead = bench.job("raise ValueError('no')"), bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([bad], WorkflowName=workflow)
    bench.trigger([never], {bad: "SUCCEEDED"}, WorkflowName=workflow)
    bench.trigger([instead], {bad: "FAILED"}, WorkflowName=workflow)
    run = bench.run_workflow(workflow)
    assert run["Status"] == "COMPLETED"
    assert job_states(run) == {bad: ["FAILED"], never: [], instead: ["SUCCEEDED"]}
    statistics = {name: count for name, count in run["Statistics"].items() if count}
    assert statistics == {"TotalActions": 3, "FailedActions": 1, "SucceededActions": 1}


def test_any_fires_once_on_the_first_that_holds(bench: Bench) -> None:
    left, right, last = bench.job(), bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([left, right], WorkflowName=workflow)
    bench.trigger([last], {left: "SUCCEEDED", right: "SUCCEEDED"}, WorkflowName=workflow, Logical="ANY")
    assert job_states(bench.run_workflow(workflow)) == {left: ["SUCCEEDED"], right: ["SUCCEEDED"], last: ["SUCCEEDED"]}


def test_a_retried_job_fires_what_waits_for_its_success_only(bench: Bench, tmp_path: Path) -> None:
    script = """
        import pathlib, sys
        tried = pathlib.Path(sys.argv[sys.argv.index("--tried") + 1])
        if not tried.exists():
            tried.touch()
            sys.exit("not at first")
    """
    arguments = {"--tried": str(tmp_path / "tried")}
    shaky, after, sorry = bench.job(script, MaxRetries=1, DefaultArguments=arguments), bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([shaky], WorkflowName=workflow)
    bench.trigger([after], {shaky: "SUCCEEDED"}, WorkflowName=workflow)
    bench.trigger([sorry], {shaky: "FAILED"}, WorkflowName=workflow)
    run = bench.run_workflow(workflow)
    assert job_states(run) == {shaky: ["SUCCEEDED", "FAILED"], after: ["SUCCEEDED"], sorry: []}
    assert run["Statistics"]["FailedActions"] == 0


def test_a_conditional_trigger_that_is_not_activated_does_not_fire(bench: Bench) -> None:
    first, second = bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([first], WorkflowName=workflow)
    sleeping = bench.trigger([second], {first: "SUCCEEDED"}, WorkflowName=workflow, StartOnCreation=False)
    assert job_states(bench.run_workflow(workflow)) == {first: ["SUCCEEDED"], second: []}
    bench.glue.start_trigger(Name=sleeping)
    assert job_states(bench.run_workflow(workflow)) == {first: ["SUCCEEDED"], second: ["SUCCEEDED"]}
    bench.glue.stop_trigger(Name=sleeping)
    assert bench.glue.get_trigger(Name=sleeping)["Trigger"]["State"] == "DEACTIVATED"


def test_a_workflow_run_is_stopped_with_its_jobs_and_starts_nothing_more(bench: Bench) -> None:
    slow, after = bench.job(SLOW_SCRIPT, MaxRetries=3), bench.job()
    workflow = bench.workflow(MaxConcurrentRuns=1)
    bench.trigger([slow], WorkflowName=workflow)
    bench.trigger([after], {slow: "STOPPED"}, WorkflowName=workflow)
    run_id = bench.glue.start_workflow_run(Name=workflow)["RunId"]
    until(lambda: bench.glue.get_job_runs(JobName=slow)["JobRuns"][0]["JobRunState"] == "RUNNING")
    with pytest.raises(bench.glue.exceptions.ConcurrentRunsExceededException, match="allows 1 concurrent run;"):
        bench.glue.start_workflow_run(Name=workflow)

    bench.glue.stop_workflow_run(Name=workflow, RunId=run_id)
    run = bench.workflow_ended(workflow, run_id)
    assert (run["Status"], run["Statistics"]["StoppedActions"]) == ("STOPPED", 1)
    assert job_states(run) == {slow: ["STOPPED"], after: []}
    with pytest.raises(
        bench.glue.exceptions.IllegalWorkflowStateException, match="is STOPPED, so it cannot be stopped"
    ):
        bench.glue.stop_workflow_run(Name=workflow, RunId=run_id)
    with pytest.raises(bench.glue.exceptions.IllegalWorkflowStateException, match="is STOPPED, and not COMPLETED"):
        bench.glue.resume_workflow_run(Name=workflow, RunId=run_id, NodeIds=["wnode_1"])


def test_a_resumed_run_repeats_a_node_and_those_after_it_and_copies_the_rest(bench: Bench, tmp_path: Path) -> None:
    script = """
        import os, sys
        if not os.path.exists(sys.argv[sys.argv.index("--repaired") + 1]):
            sys.exit("it is broken")
    """
    repaired = tmp_path / "repaired"
    first, last = bench.job(), bench.job()
    broken = bench.job(script, DefaultArguments={"--repaired": str(repaired)})
    workflow = bench.workflow()
    bench.trigger([first], WorkflowName=workflow)
    bench.trigger([broken], {first: "SUCCEEDED"}, WorkflowName=workflow)
    bench.trigger([last], {broken: "SUCCEEDED"}, WorkflowName=workflow)
    old = bench.run_workflow(workflow, RunProperties={"a": "1"})
    assert job_states(old) == {first: ["SUCCEEDED"], broken: ["FAILED"], last: []}
    ids = {node["Name"]: node["UniqueId"] for node in old["Graph"]["Nodes"]}
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="is not a job or crawler that run"):
        bench.glue.resume_workflow_run(Name=workflow, RunId=old["WorkflowRunId"], NodeIds=[ids[last]])

    repaired.touch()
    answer = bench.glue.resume_workflow_run(Name=workflow, RunId=old["WorkflowRunId"], NodeIds=[ids[broken]])
    new = bench.workflow_ended(workflow, answer["RunId"])

    assert answer["NodeIds"] == [ids[broken]]
    assert (new["PreviousRunId"], new["WorkflowRunProperties"]) == (old["WorkflowRunId"], {"a": "1"})
    assert job_states(new) == {first: ["SUCCEEDED"], broken: ["SUCCEEDED"], last: ["SUCCEEDED"]}
    assert len(bench.glue.get_job_runs(JobName=first)["JobRuns"]) == 1
    assert job_states(bench.workflow_ended(workflow, old["WorkflowRunId"])) == job_states(old)


def test_what_a_trigger_cannot_start_is_an_error_in_the_run(bench: Bench) -> None:
    gone, busy = bench.job(), bench.job(SLOW_SCRIPT)
    workflow = bench.workflow()
    bench.trigger([gone, busy], WorkflowName=workflow)
    busy_run = bench.running(busy)
    bench.glue.delete_job(JobName=gone)
    run = bench.run_workflow(workflow)
    bench.glue.batch_stop_job_run(JobName=busy, JobRunIds=[busy_run])
    messages = {
        n["Name"]: n["JobDetails"]["JobRuns"][0]["ErrorMessage"] for n in run["Graph"]["Nodes"] if n["Type"] == "JOB"
    }
    assert (run["Status"], run["Statistics"]["ErroredActions"]) == ("COMPLETED", 2)
    assert messages == {
        gone: f"Job with name: {gone} not found. "
        f"(localglue: job {gone} does not exist; create it first, or check its name)",
        busy: f"Concurrent runs exceeded for {busy} "
        f"(localglue: job {busy} allows 1 concurrent run; wait until one has ended, or stop it)",
    }


def test_a_chain_of_five_jobs_adds_less_than_a_second(bench: Bench) -> None:
    jobs = [bench.job("pass") for _ in range(5)]
    alone = []
    for job in jobs[:3]:
        began = time.monotonic()
        bench.run(job)
        alone.append(time.monotonic() - began)
    workflow = bench.workflow()
    bench.trigger(jobs[:1], WorkflowName=workflow)
    for before, after in zip(jobs, jobs[1:], strict=False):
        bench.trigger([after], {before: "SUCCEEDED"}, WorkflowName=workflow)
    began = time.monotonic()
    run = bench.run_workflow(workflow)
    assert run["Statistics"]["SucceededActions"] == 5
    assert time.monotonic() - began < 5 * max(alone) + 1
