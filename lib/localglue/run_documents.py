"""The document of a job run: made from its job and request, and read again."""

from __future__ import annotations

from localapi.documents import Document
from localglue.commands import merged_arguments, with_dashes
from localglue.job_rules import capacity
from localglue.log_groups import is_shell, log_group
from localglue.states import STARTING, Origin, now

_CAPACITY = ("MaxCapacity", "AllocatedCapacity", "WorkerType", "NumberOfWorkers")
_WORKERS = ("WorkerType", "NumberOfWorkers")
_FROM_JOB = ("GlueVersion", "SecurityConfiguration", "ExecutionClass")


def new_run(run_id: str, attempt: int, job: Document, request: Document, origin: Origin) -> Document:
    """The document of a run that starts now."""
    moment = now()
    given = with_dashes(request.get("Arguments", {}))
    taken = {name: request.get(name, job.get(name)) for name in _FROM_JOB}
    return {
        "Id": run_id,
        "Attempt": attempt,
        "JobName": job["Name"],
        "JobMode": job.get("JobMode", "SCRIPT"),
        "StartedOn": moment,
        "LastModifiedOn": moment,
        "JobRunState": STARTING,
        "ExecutionTime": 0,
        "Arguments": given,
        "Timeout": request.get("Timeout", job["Timeout"]),
        **{name: value for name, value in taken.items() if value is not None},
        **_capacity_of(request, job),
        "LogGroupName": log_group(job, merged_arguments(job, given), taken["SecurityConfiguration"]),
        **origin_members(origin),
    }


def with_execution_time(run: Document) -> Document:
    """The run with its seconds so far and, for an ended Python shell run, its DPU seconds."""
    if "ExecutionTime" not in run:
        return run
    seconds = (run.get("CompletedOn") or now()) - run["StartedOn"]
    run["ExecutionTime"] = round(seconds)
    if "CompletedOn" in run and is_shell(run["LogGroupName"]):
        run["DPUSeconds"] = round(seconds * run.get("MaxCapacity", 0), 4)
    return run


def _capacity_of(request: Document, job: Document) -> Document:
    """The members on the run's size: those of the request if it names any, else the job's; with the DPUs of both."""
    given = request if any(name in request for name in _CAPACITY) else job
    if given is request and any(name in request for name in _WORKERS):
        given = {**{name: job[name] for name in _WORKERS if name in job}, **request}
    kept = {name: given[name] for name in _CAPACITY if name in given}
    dpus = capacity(kept)
    return {**kept, "MaxCapacity": dpus, "AllocatedCapacity": int(dpus)}


def origin_members(origin: Origin) -> Document:
    """The members that say what started the run."""
    members = {"TriggerName": origin.trigger, "Workflow": origin.workflow, "WorkflowRun": origin.workflow_run}
    predecessors = [{"JobName": name, "RunId": run_id} for name, run_id in origin.predecessors]
    found = {name: value for name, value in members.items() if value}
    return {**found, "PredecessorRuns": predecessors} if predecessors else found


def origin_of(run: Document) -> Origin:
    """What started the run, read from its document."""
    predecessors = tuple((one["JobName"], one["RunId"]) for one in run.get("PredecessorRuns", ()))
    return Origin(run.get("TriggerName"), run.get("Workflow"), run.get("WorkflowRun"), predecessors)
