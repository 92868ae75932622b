"""Trigger definitions, and triggers outside workflows."""

from __future__ import annotations

import pytest

from tests.integration.localglue.bench import SLOW_SCRIPT, Bench, until


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


def test_a_trigger_that_cannot_start_reports_why(bench: Bench) -> None:
    busy = bench.job(SLOW_SCRIPT)
    trigger, workflow = bench.trigger([busy]), bench.workflow()
    run_id = bench.running(busy)
    with pytest.raises(bench.glue.exceptions.ConcurrentRunsExceededException):
        bench.glue.start_trigger(Name=trigger)
    bench.glue.batch_stop_job_run(JobName=busy, JobRunIds=[run_id])
    owned = bench.trigger([busy], WorkflowName=workflow)
    not_allowed = "The operation is not allowed when trigger is in state: CREATED"
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match=not_allowed):
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
