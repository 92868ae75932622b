"""What Glue refuses in the definitions of jobs and triggers, in its own words where they are known."""

from __future__ import annotations

from typing import Any

import pytest

from localglue.errors import InvalidInput
from localglue.job_rules import capacity, check_definition, check_start
from localglue.run_documents import new_run
from localglue.states import Origin
from localglue.trigger_rules import check

SCRIPT = "s3://bucket/script.py"
SPARK: dict[str, Any] = {"Name": "load", "Command": {"Name": "glueetl", "ScriptLocation": SCRIPT}}
SHELL: dict[str, Any] = {"Name": "load", "Command": {"Name": "pythonshell", "ScriptLocation": SCRIPT}}
WORKERS = {"WorkerType": "G.1X", "NumberOfWorkers": 2}


@pytest.mark.parametrize(
    ("job", "more", "message"),
    [
        (SPARK, {**WORKERS, "MaxCapacity": 2.0}, "Please do not set Max Capacity if using Worker Type and Number"),
        (SPARK, {"WorkerType": "G.1X"}, "Please set both Worker Type and Number of Workers."),
        (SPARK, {"NumberOfWorkers": 2}, "Please set both Worker Type and Number of Workers."),
        (SPARK, {**WORKERS, "NumberOfWorkers": 1}, "To use Worker Type G.1X, minimum allowed value of Number of Work"),
        (SPARK, {"MaxCapacity": 2.0, "AllocatedCapacity": 2}, "Please set only Allocated Capacity or Max Capacity"),
        (SPARK, {"MaxCapacity": 2.0, "GlueVersion": "4.0"}, "a Spark job of GlueVersion 4.0 has no MaxCapacity"),
        (SPARK, {"ExecutionClass": "FLEX", "GlueVersion": "2.0"}, "ExecutionClass FLEX is for jobs of the command"),
        (SHELL, {"ExecutionClass": "FLEX"}, "ExecutionClass FLEX is for jobs of the command glueetl"),
        (SHELL, WORKERS, "a Python shell job has no WorkerType and NumberOfWorkers"),
        (SHELL, {"MaxCapacity": 0.5}, "MaxCapacity of a Python shell job is 0.0625 or 1"),
        (SHELL, {"MaxRetries": 11}, "MaxRetries is 11; it may be 0 to 10"),
        (SHELL, {"MaxRetries": -1}, "MaxRetries is -1; it may be 0 to 10"),
        (SHELL, {"ExecutionProperty": {"MaxConcurrentRuns": 0}}, "MaxConcurrentRuns is 0; allow at least one run"),
        (SHELL, {"Timeout": 10081}, "Timeout is 10081 minutes; it may be no more than 10080"),
        (SHELL, {"DefaultArguments": {"--a": "x" * 270_000}}, "DefaultArguments have 270003 bytes, more than 266240"),
    ],
)
def test_a_job_that_glue_would_refuse_is_refused(job: dict[str, Any], more: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_definition({**job, **more})


@pytest.mark.parametrize("more", [{}, WORKERS, {**WORKERS, "ExecutionClass": "FLEX", "GlueVersion": "5.1"}])
def test_a_job_that_glue_takes_is_taken(more: dict[str, Any]) -> None:
    check_definition({**SPARK, **more})


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"WorkerType": "G.2X"}, None),
        ({"NumberOfWorkers": 1}, "minimum allowed value of Number of Workers is 2"),
        ({"MaxCapacity": 4.0, "NumberOfWorkers": 3}, "Please do not set Max Capacity"),
        ({"Arguments": {"--a": "x" * 270_000}}, "Arguments have 270003 bytes"),
    ],
)
def test_a_start_is_held_against_the_rules_with_what_the_job_says(
    request_: dict[str, Any], message: str | None
) -> None:
    job = {**SPARK, **WORKERS}
    if message is None:
        check_start(request_, job)
        return
    with pytest.raises(InvalidInput, match=message):
        check_start(request_, job)


@pytest.mark.parametrize(
    ("job", "request_", "dpus"),
    [
        ({**WORKERS, "NumberOfWorkers": 5}, {}, 5.0),
        (WORKERS, {"WorkerType": "G.8X"}, 16.0),
        ({"WorkerType": "G.025X", "NumberOfWorkers": 2}, {}, 0.5),
        ({}, {}, 10.0),
        ({"MaxCapacity": 0.0625}, {"MaxCapacity": 1.0}, 1.0),
        ({}, {"AllocatedCapacity": 5}, 5.0),
    ],
)
def test_a_run_has_the_dpus_of_its_workers(job: dict[str, Any], request_: dict[str, Any], dpus: float) -> None:
    run = new_run("jr_1", 0, {**SPARK, "Timeout": 5, **job}, request_, Origin())
    assert (run["MaxCapacity"], run["AllocatedCapacity"], capacity(run)) == (dpus, int(dpus), dpus)


ACTION = {"JobName": "load"}
AFTER = {"LogicalOperator": "EQUALS", "JobName": "extract", "State": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("actions", "conditions", "message"),
    [
        ([ACTION], [], "Predicate cannot be null or empty"),
        ([{**ACTION, "CrawlerName": "c"}], [AFTER], "Both JobName and CrawlerName cannot be set together in an action"),
        ([{"CrawlerName": name} for name in "abc"], [AFTER], "Actions cannot contain more than two crawlers"),
        ([ACTION], [{"LogicalOperator": "EQUALS"}], "JobName or CrawlerName in condition cannot be null or empty"),
        ([ACTION], [{**AFTER, "LogicalOperator": None}], "Logical operator cannot be null or empty"),
        ([ACTION], [{**AFTER, "State": None}],
         r"State cannot be null or empty, choose from one of the following job state: \[SUCCEEDED, STOPPED, FAILED"),
        ([ACTION], [{"LogicalOperator": "EQUALS", "CrawlerName": "c"}],
         r"State cannot be null or empty, choose from one of the following crawler state: \[SUCCEEDED, FAILED"),
        ([{"JobName": "extract"}], [AFTER], "Job cannot be a Predicate and Action for Conditional Trigger."),
        ([{"CrawlerName": "c"}], [{"LogicalOperator": "EQUALS", "CrawlerName": "c", "CrawlState": "FAILED"}],
         "Crawler cannot be a Predicate and Action for Conditional Trigger."),
    ],
)  # fmt: skip
def test_a_trigger_that_glue_would_refuse_is_refused_in_its_words(
    actions: list[dict[str, Any]], conditions: list[dict[str, Any]], message: str
) -> None:
    given = [{name: value for name, value in one.items() if value is not None} for one in conditions]
    predicate = {"Logical": "ANY", "Conditions": given}
    trigger = {"Name": "after", "Type": "CONDITIONAL", "Actions": actions, "Predicate": predicate}
    with pytest.raises(InvalidInput, match=rf"^{message}.*\(localglue: trigger after: "):
        check(trigger if conditions else {**trigger, "Predicate": {}})
