"""Workflow definitions."""

from __future__ import annotations

import pytest

from tests.integration.localglue.bench import Bench, job_states


def test_workflows_can_be_described_changed_and_deleted(bench: Bench) -> None:
    job = bench.job()
    workflow = bench.workflow(Description="before", DefaultRunProperties={"a": "1"})
    with pytest.raises(bench.glue.exceptions.InvalidInputException, match="has no start trigger"):
        bench.glue.start_workflow_run(Name=workflow)
    trigger = bench.trigger([job], WorkflowName=workflow)
    first, second = bench.run_workflow(workflow), bench.run_workflow(workflow)
    bench.glue.update_workflow(Name=workflow, Description="after", MaxConcurrentRuns=2)

    described = bench.glue.get_workflow(Name=workflow, IncludeGraph=True)["Workflow"]
    assert (described["Description"], described["MaxConcurrentRuns"]) == ("after", 2)
    assert described["LastRun"]["WorkflowRunId"] == second["WorkflowRunId"]
    assert described["LastRun"]["Statistics"]["SucceededActions"] == 1
    assert sorted((node["Type"], node["Name"]) for node in described["Graph"]["Nodes"]) == [
        ("JOB", job),
        ("TRIGGER", trigger),
    ]
    runs = bench.glue.get_workflow_runs(Name=workflow, IncludeGraph=True)["Runs"]
    assert [run["WorkflowRunId"] for run in runs] == [second["WorkflowRunId"], first["WorkflowRunId"]]
    assert job_states(runs[1]) == {job: ["SUCCEEDED"]}
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
