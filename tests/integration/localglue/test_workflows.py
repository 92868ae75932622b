"""Triggers and workflows over jobs that really run."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest

from tests.integration.localglue.conftest import Bench, unique, until

SHELL = "/aws-glue/python-jobs"
SLOW = "import time; time.sleep(60)"


def states(run: dict[str, Any]) -> dict[str, list[str]]:
    """The states of all attempts of each job of a workflow run's graph."""
    nodes = [node for node in run["Graph"]["Nodes"] if node["Type"] == "JOB"]
    return {node["Name"]: [one["JobRunState"] for one in node.get("JobDetails", {})["JobRuns"]] for node in nodes}


def start(bench: Bench, workflow: str, **request: Any) -> dict[str, Any]:
    """Run a workflow to its end."""
    return bench.workflow_ended(workflow, bench.glue.start_workflow_run(Name=workflow, **request)["RunId"])


def test_a_trigger_with_and_waits_for_all_and_the_graph_tells_everything(bench: Bench) -> None:
    first, left, right, last = (bench.job(f"print({number})") for number in range(4))
    workflow = bench.workflow(DefaultRunProperties={"a": "default", "b": "default"})
    begin = bench.trigger([first], WorkflowName=workflow)
    fork = bench.trigger([left, right], {first: "SUCCEEDED"}, WorkflowName=workflow)
    join = bench.trigger([last], {left: "SUCCEEDED", right: "SUCCEEDED"}, WorkflowName=workflow)

    run = start(bench, workflow, RunProperties={"b": "given"})

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


def test_a_job_in_a_workflow_knows_its_run_and_speaks_to_its_properties(bench: Bench) -> None:
    script = """
        import os, sys, boto3
        given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        name = {"Name": given["--WORKFLOW_NAME"], "RunId": given["--WORKFLOW_RUN_ID"]}
        glue = boto3.client("glue", endpoint_url=os.environ["AWS_ENDPOINT_URL_GLUE"])
        seen = glue.get_workflow_run_properties(**name)["RunProperties"]
        glue.put_workflow_run_properties(**name, RunProperties={"seen": seen["a"]})
    """
    workflow = bench.workflow()
    bench.trigger([bench.job(script)], WorkflowName=workflow)
    run = start(bench, workflow, RunProperties={"a": "1"})
    assert run["WorkflowRunProperties"] == {"a": "1", "seen": "1"}


def test_a_failed_job_leaves_the_run_completed_and_what_waits_for_it_undone(bench: Bench) -> None:
    bad, never, instead = bench.job("raise ValueError('no')"), bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([bad], WorkflowName=workflow)
    bench.trigger([never], {bad: "SUCCEEDED"}, WorkflowName=workflow)
    bench.trigger([instead], {bad: "FAILED"}, WorkflowName=workflow)
    run = start(bench, workflow)
    assert run["Status"] == "COMPLETED"
    assert states(run) == {bad: ["FAILED"], never: [], instead: ["SUCCEEDED"]}
    statistics = {name: count for name, count in run["Statistics"].items() if count}
    assert statistics == {"TotalActions": 3, "FailedActions": 1, "SucceededActions": 1}


def test_any_fires_once_on_the_first_that_holds(bench: Bench) -> None:
    left, right, last = bench.job(), bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([left, right], WorkflowName=workflow)
    bench.trigger([last], {left: "SUCCEEDED", right: "SUCCEEDED"}, WorkflowName=workflow, Logical="ANY")
    assert states(start(bench, workflow)) == {left: ["SUCCEEDED"], right: ["SUCCEEDED"], last: ["SUCCEEDED"]}


def test_a_retried_job_fires_what_waits_for_its_success_only(bench: Bench) -> None:
    script = """
        import sys
        if "_attempt_" not in sys.argv[sys.argv.index("--JOB_RUN_ID") + 1]:
            sys.exit("not at first")
    """
    shaky, after, sorry = bench.job(script, MaxRetries=1), bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([shaky], WorkflowName=workflow)
    bench.trigger([after], {shaky: "SUCCEEDED"}, WorkflowName=workflow)
    bench.trigger([sorry], {shaky: "FAILED"}, WorkflowName=workflow)
    run = start(bench, workflow)
    assert states(run) == {shaky: ["SUCCEEDED", "FAILED"], after: ["SUCCEEDED"], sorry: []}
    assert run["Statistics"]["FailedActions"] == 0


def test_a_conditional_trigger_that_is_not_activated_does_not_fire(bench: Bench) -> None:
    first, second = bench.job(), bench.job()
    workflow = bench.workflow()
    bench.trigger([first], WorkflowName=workflow)
    sleeping = bench.trigger([second], {first: "SUCCEEDED"}, WorkflowName=workflow, StartOnCreation=False)
    assert states(start(bench, workflow)) == {first: ["SUCCEEDED"], second: []}
    bench.glue.start_trigger(Name=sleeping)
    assert states(start(bench, workflow)) == {first: ["SUCCEEDED"], second: ["SUCCEEDED"]}
    bench.glue.stop_trigger(Name=sleeping)
    assert bench.glue.get_trigger(Name=sleeping)["Trigger"]["State"] == "DEACTIVATED"


def test_a_workflow_run_is_stopped_with_its_jobs_and_starts_nothing_more(bench: Bench) -> None:
    slow, after = bench.job(SLOW, MaxRetries=3), bench.job()
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
    assert states(run) == {slow: ["STOPPED"], after: []}
    with pytest.raises(
        bench.glue.exceptions.IllegalWorkflowStateException, match="is STOPPED, so it cannot be stopped"
    ):
        bench.glue.stop_workflow_run(Name=workflow, RunId=run_id)
    with pytest.raises(bench.glue.exceptions.IllegalWorkflowStateException, match="is STOPPED, and not COMPLETED"):
        bench.glue.resume_workflow_run(Name=workflow, RunId=run_id, NodeIds=["wnode_1"])


def test_a_resumed_run_repeats_a_node_and_all_after_it_and_takes_over_the_rest(bench: Bench) -> None:
    script = """
        import os, sys, boto3
        given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
        if s3.list_objects_v2(Bucket=given["--bucket"], Prefix="repaired")["KeyCount"] == 0:
            sys.exit("it is broken")
    """
    first, broken, last = bench.job(), bench.job(script, DefaultArguments={"--bucket": bench.bucket}), bench.job()
    workflow = bench.workflow()
    bench.trigger([first], WorkflowName=workflow)
    bench.trigger([broken], {first: "SUCCEEDED"}, WorkflowName=workflow)
    bench.trigger([last], {broken: "SUCCEEDED"}, WorkflowName=workflow)
    old = start(bench, workflow, RunProperties={"a": "1"})
    assert states(old) == {first: ["SUCCEEDED"], broken: ["FAILED"], last: []}
    ids = {node["Name"]: node["UniqueId"] for node in old["Graph"]["Nodes"]}
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="is not a job or crawler that run"):
        bench.glue.resume_workflow_run(Name=workflow, RunId=old["WorkflowRunId"], NodeIds=[ids[last]])

    bench.put("repaired", b"")
    answer = bench.glue.resume_workflow_run(Name=workflow, RunId=old["WorkflowRunId"], NodeIds=[ids[broken]])
    new = bench.workflow_ended(workflow, answer["RunId"])

    assert answer["NodeIds"] == [ids[broken]]
    assert (new["PreviousRunId"], new["WorkflowRunProperties"]) == (old["WorkflowRunId"], {"a": "1"})
    assert states(new) == {first: ["SUCCEEDED"], broken: ["SUCCEEDED"], last: ["SUCCEEDED"]}
    assert len(bench.glue.get_job_runs(JobName=first)["JobRuns"]) == 1
    assert states(bench.workflow_ended(workflow, old["WorkflowRunId"])) == states(old)


def test_what_a_trigger_cannot_start_is_an_error_in_the_run(bench: Bench) -> None:
    gone, busy = bench.job(), bench.job(SLOW)
    workflow = bench.workflow()
    bench.trigger([gone, busy], WorkflowName=workflow)
    busy_run = bench.running(busy)
    bench.glue.delete_job(JobName=gone)
    run = start(bench, workflow)
    bench.glue.batch_stop_job_run(JobName=busy, JobRunIds=[busy_run])
    messages = {
        n["Name"]: n["JobDetails"]["JobRuns"][0]["ErrorMessage"] for n in run["Graph"]["Nodes"] if n["Type"] == "JOB"
    }
    assert (run["Status"], run["Statistics"]["ErroredActions"]) == ("COMPLETED", 2)
    assert messages == {
        gone: f"job {gone} does not exist; create it first, or check its name",
        busy: f"job {busy} allows 1 concurrent run; wait until one has ended, or stop it",
    }


def test_a_crawler_is_started_and_watched_like_a_job(bench: Bench) -> None:
    database = bench.database()
    bench.parquet("things/one.parquet", pa.table({"a": [1]}))
    crawler, after = bench.crawler(database, "things"), bench.job()
    workflow = bench.workflow()
    begin = {"Name": unique("trigger"), "Type": "ON_DEMAND", "Actions": [{"CrawlerName": crawler}]}
    bench.glue.create_trigger(**begin, WorkflowName=workflow)
    condition = {"LogicalOperator": "EQUALS", "CrawlerName": crawler, "CrawlState": "SUCCEEDED"}
    bench.glue.create_trigger(
        Name=unique("trigger"),
        Type="CONDITIONAL",
        WorkflowName=workflow,
        StartOnCreation=True,
        Predicate={"Conditions": [condition]},
        Actions=[{"JobName": after}],
    )
    run = start(bench, workflow)
    crawls = [n["CrawlerDetails"]["Crawls"] for n in run["Graph"]["Nodes"] if n["Type"] == "CRAWLER"]
    assert [[one["State"] for one in each] for each in crawls] == [["SUCCEEDED"]]
    assert states(run) == {after: ["SUCCEEDED"]}
    assert run["Statistics"]["SucceededActions"] == 2
    assert bench.glue.get_tables(DatabaseName=database)["TableList"][0]["Name"] == "things"


def crawling(bench: Bench, objects: int) -> tuple[str, str]:
    """A workflow that starts a crawler over that many objects, and the crawler."""
    for number in range(objects):
        bench.parquet(f"many/{number}.parquet", pa.table({"a": [number]}))
    crawler, workflow = bench.crawler(bench.database(), "many"), bench.workflow()
    begin = {"Name": unique("trigger"), "Type": "ON_DEMAND", "Actions": [{"CrawlerName": crawler}]}
    bench.glue.create_trigger(**begin, WorkflowName=workflow)
    return workflow, crawler


def test_a_stopped_workflow_run_stops_its_crawler_even_if_somebody_has_begun_to(bench: Bench) -> None:
    workflow, crawler = crawling(bench, 150)
    run_id = bench.glue.start_workflow_run(Name=workflow)["RunId"]
    bench.glue.stop_crawler(Name=crawler)
    bench.glue.stop_workflow_run(Name=workflow, RunId=run_id)
    run = bench.workflow_ended(workflow, run_id)
    assert (run["Status"], run["Statistics"]["StoppedActions"]) == ("STOPPED", 1)


def test_a_crawler_that_cannot_be_started_is_an_error_in_the_run(bench: Bench) -> None:
    workflow, crawler = crawling(bench, 0)
    bench.glue.delete_crawler(Name=crawler)
    run = start(bench, workflow)
    crawl = next(n["CrawlerDetails"]["Crawls"][0] for n in run["Graph"]["Nodes"] if n["Type"] == "CRAWLER")
    assert (run["Status"], crawl["State"]) == ("COMPLETED", "ERROR")
    assert crawl["ErrorMessage"] == f"crawler {crawler} does not exist; create it first, or check its name"


def test_a_run_can_repeat_an_earlier_one_with_its_arguments(bench: Bench) -> None:
    job = bench.job("import sys; print(sys.argv[sys.argv.index('--a') + 1])")
    first = bench.run(job, Arguments={"--a": "1"})
    again = bench.run(job, JobRunId=first["Id"])
    assert (again["PreviousRunId"], bench.lines(f"{SHELL}/output", again["Id"])) == (first["Id"], ["1"])


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
    run = start(bench, workflow)
    assert run["Statistics"]["SucceededActions"] == 5
    assert time.monotonic() - began < 5 * max(alone) + 1


def test_triggers_outside_workflows_follow_runs_that_triggers_started(bench: Bench) -> None:
    left, right, last = bench.job(), bench.job(), bench.job()
    go_left, go_right = bench.trigger([left]), bench.trigger([right])
    bench.trigger([last], {left: "SUCCEEDED", right: "SUCCEEDED"})
    bench.run(left)
    bench.run(right)
    assert bench.glue.get_job_runs(JobName=last)["JobRuns"] == []

    for trigger in (go_left, go_left, go_right):
        known = _ended(bench, left, right)
        bench.glue.start_trigger(Name=trigger)
        until(lambda known=known: _ended(bench, left, right) == known + 1)
    runs = until(lambda: [r for r in bench.glue.get_job_runs(JobName=last)["JobRuns"] if "CompletedOn" in r])
    newest = {job: bench.glue.get_job_runs(JobName=job)["JobRuns"][0]["Id"] for job in (left, right)}
    assert [{one["JobName"]: one["RunId"] for one in run["PredecessorRuns"]} for run in runs] == [newest]


def _ended(bench: Bench, *jobs: str) -> int:
    return sum("CompletedOn" in run for job in jobs for run in bench.glue.get_job_runs(JobName=job)["JobRuns"])


def test_a_trigger_started_by_hand_says_when_it_cannot(bench: Bench) -> None:
    busy = bench.job(SLOW)
    trigger, workflow = bench.trigger([busy]), bench.workflow()
    run_id = bench.running(busy)
    with pytest.raises(bench.glue.exceptions.ConcurrentRunsExceededException):
        bench.glue.start_trigger(Name=trigger)
    bench.glue.batch_stop_job_run(JobName=busy, JobRunIds=[run_id])
    owned = bench.trigger([busy], WorkflowName=workflow)
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match=f"belongs to the workflow {workflow}"):
        bench.glue.start_trigger(Name=owned)
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="is ON_DEMAND, so there is nothing to stop"):
        bench.glue.stop_trigger(Name=owned)
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match=f"already has the start trigger {owned}"):
        bench.trigger([busy], WorkflowName=workflow)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match="job nobody does not exist"):
        bench.trigger(["nobody"])
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match="workflow nowhere does not exist"):
        bench.trigger([busy], WorkflowName="nowhere")


def test_triggers_can_be_listed_changed_and_deleted(bench: Bench) -> None:
    job, other = bench.job(), bench.job()
    trigger = bench.trigger([job], Type="SCHEDULED", Schedule="cron(0 3 * * ? *)", Description="nightly")
    update = {"Schedule": "cron(0 4 * * ? *)", "Actions": [{"JobName": other}]}
    changed = bench.glue.update_trigger(Name=trigger, TriggerUpdate=update)["Trigger"]
    assert changed == bench.glue.get_trigger(Name=trigger)["Trigger"]
    assert changed == {
        "Name": trigger,
        "Id": trigger,
        "Type": "SCHEDULED",
        "State": "CREATED",
        "Schedule": "cron(0 4 * * ? *)",
        "Actions": [{"JobName": other}],
    }
    assert bench.glue.list_triggers(DependentJobName=other)["TriggerNames"] == [trigger]
    assert bench.glue.get_triggers(DependentJobName=job)["Triggers"] == []
    batch = bench.glue.batch_get_triggers(TriggerNames=[trigger, "nobody"])
    assert ([one["Name"] for one in batch["Triggers"]], batch["TriggersNotFound"]) == ([trigger], ["nobody"])
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException):
        bench.glue.create_trigger(Name=trigger, Type="ON_DEMAND", Actions=[{"JobName": job}])
    bench.glue.delete_trigger(Name=trigger)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
        bench.glue.get_trigger(Name=trigger)


def test_workflows_can_be_described_changed_and_deleted(bench: Bench) -> None:
    job = bench.job()
    workflow = bench.workflow(Description="before", DefaultRunProperties={"a": "1"})
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="has no start trigger"):
        bench.glue.start_workflow_run(Name=workflow)
    trigger = bench.trigger([job], WorkflowName=workflow)
    first, second = start(bench, workflow), start(bench, workflow)
    bench.glue.update_workflow(Name=workflow, Description="after", MaxConcurrentRuns=2)

    told = bench.glue.get_workflow(Name=workflow, IncludeGraph=True)["Workflow"]
    assert (told["Description"], told["MaxConcurrentRuns"]) == ("after", 2)
    assert told["LastRun"]["WorkflowRunId"] == second["WorkflowRunId"]
    assert told["LastRun"]["Statistics"]["SucceededActions"] == 1
    assert sorted((node["Type"], node["Name"]) for node in told["Graph"]["Nodes"]) == [
        ("JOB", job),
        ("TRIGGER", trigger),
    ]
    runs = bench.glue.get_workflow_runs(Name=workflow, IncludeGraph=True)["Runs"]
    assert [run["WorkflowRunId"] for run in runs] == [second["WorkflowRunId"], first["WorkflowRunId"]]
    assert states(runs[1]) == {job: ["SUCCEEDED"]}
    assert workflow in bench.glue.list_workflows(MaxResults=25)["Workflows"]
    batch = bench.glue.batch_get_workflows(Names=[workflow, "nobody"])
    assert ([one["Name"] for one in batch["Workflows"]], batch["MissingWorkflows"]) == ([workflow], ["nobody"])
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException):
        bench.glue.create_workflow(Name=workflow)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match=f"run of workflow {workflow} wr_0"):
        bench.glue.get_workflow_run(Name=workflow, RunId="wr_0")

    bench.glue.delete_workflow(Name=workflow)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
        bench.glue.get_workflow(Name=workflow)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
        bench.glue.get_trigger(Name=trigger)
