"""Runs of jobs: started, followed through their states, retried, stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

from localglue.clients import Clients
from localglue.commands import PYTHON_SHELL, dashed, merged_arguments
from localglue.documents import Document
from localglue.errors import ConcurrentRunsExceeded, EntityNotFound, GlueError
from localglue.jobs import Jobs
from localglue.operations import Operations
from localglue.orphans import birth_of, end_orphan
from localglue.outcome import Outcome
from localglue.paging import page
from localglue.runner import Runner, Task, log_group
from localglue.settings import Settings
from localglue.states import (
    ACTIVE,
    ERROR,
    FAILED,
    JOB_NODE,
    RUNNING,
    STARTING,
    STOPPING,
    TIMEOUT,
    Finished,
    Origin,
    new_id,
    now,
)
from localglue.store import JOB_RUN, Store

_FROM_JOB = ("GlueVersion", "WorkerType", "NumberOfWorkers", "MaxCapacity", "SecurityConfiguration", "ExecutionClass")
_RETRIED = (FAILED, TIMEOUT)


class JobRuns:
    """Runs of jobs. Every change of state happens under the lock that all parts share."""

    def __init__(self, store: Store, jobs: Jobs, settings: Settings, clients: Clients, lock: threading.RLock) -> None:
        self._store = store
        self._jobs = jobs
        self._lock = lock
        self._runner = Runner(settings, clients, self._running, self._finished)
        self._closing = False
        self.listeners: list[Callable[[Finished], None]] = []
        """Called, under the lock, when a run has ended and no attempt follows."""
        self.may_retry: Callable[[Origin], bool] = lambda origin: True
        """Whether another attempt may follow for a run of this origin."""

    def operations(self) -> Operations:
        """The operations of Glue that this answers."""
        return {
            "StartJobRun": lambda request: {"JobRunId": self.start(request, Origin())},
            "GetJobRun": lambda request: {"JobRun": self.get(request["JobName"], request["RunId"])},
            "GetJobRuns": self.list_runs,
            "BatchStopJobRun": self.batch_stop,
        }

    def start(self, request: Document, origin: Origin) -> str:
        """Start a run and answer its id. Raises EntityNotFound, ConcurrentRunsExceeded."""
        with self._lock:
            job = self._jobs.get(request["JobName"])
            self._check_limit(job)
            previous = request.get("JobRunId")
            given = request.get("Arguments")
            if previous:
                given = given or self.get(job["Name"], previous).get("Arguments")
            run = self._new_run(new_id("jr"), 0, job, {**request, "Arguments": given or {}}, origin)
            if previous:
                run["PreviousRunId"] = previous
            self._begin(run, job, origin)
            return str(run["Id"])

    def refuse(self, job_name: str, problem: GlueError, origin: Origin) -> None:
        """Record that a trigger could not start the job: a run in state ERROR, which its workflow run shows."""
        moment = now()
        run = {
            "Id": new_id("jr"),
            "JobName": job_name,
            "JobRunState": ERROR,
            "ErrorMessage": problem.message,
            "StartedOn": moment,
            "LastModifiedOn": moment,
            "CompletedOn": moment,
            "Attempt": 0,
            **_origin_members(origin),
        }
        self._store.add_run(JOB_RUN, run["Id"], job_name, origin.workflow_run, ERROR, run)

    def get(self, job_name: str, run_id: str) -> Document:
        """The run. Raises EntityNotFound."""
        run = self._store.run(JOB_RUN, run_id)
        if run is None or run["JobName"] != job_name:
            raise EntityNotFound(f"run of job {job_name}", run_id)
        return with_times(run)

    def list_runs(self, request: Document) -> Document:
        """The job's runs, the newest first."""
        name = request["JobName"]
        self._jobs.get(name)
        return page(
            request, "JobRuns", lambda *at: [with_times(run) for run in self._store.runs_of(JOB_RUN, name, *at)]
        )

    def batch_stop(self, request: Document) -> Document:
        """Stop runs of one job; what cannot be stopped is listed among the errors."""
        name, stopped, errors = request["JobName"], [], []
        for run_id in request["JobRunIds"]:
            try:
                self.stop(name, run_id)
                stopped.append({"JobName": name, "JobRunId": run_id})
            except GlueError as problem:
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def stop(self, job_name: str, run_id: str) -> None:
        """Begin to stop a run. Raises EntityNotFound, and InvalidInput when it has ended already."""
        with self._lock:
            run = self.get(job_name, run_id)
            if run["JobRunState"] not in ACTIVE:
                raise _AlreadyEnded(job_name, run_id, run["JobRunState"])
            self._save(run, STOPPING)
        self._runner.stop(run_id)

    def active_in(self, workflow_run: str) -> list[Document]:
        """The runs of a workflow run that are going on."""
        return [run for run in self._store.runs_in(JOB_RUN, workflow_run) if run["JobRunState"] in ACTIVE]

    def recover(self) -> None:
        """End as FAILED the runs that were going on when localglue last ended, and what is left of their processes."""
        for run in self._store.runs_in_states(JOB_RUN, ACTIVE):
            end_orphan(run.get("Pid"), run.get("Birth"))
            run |= {"CompletedOn": now(), "ErrorMessage": "localglue was ended during this run; run the job again"}
            self._save(with_times(run), FAILED)

    def close(self) -> None:
        """End every run and wait for it; nothing is retried or triggered any more."""
        self._closing = True
        self._runner.close()

    def _check_limit(self, job: Document) -> None:
        limit = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        if len(self._store.runs_in_states(JOB_RUN, ACTIVE, job["Name"])) >= limit:
            raise ConcurrentRunsExceeded("job", job["Name"], limit)

    def _new_run(self, run_id: str, attempt: int, job: Document, request: Document, origin: Origin) -> Document:
        moment = now()
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
            "Arguments": dashed(request.get("Arguments", {})),
            "Timeout": request.get("Timeout", job["Timeout"]),
            **{name: value for name, value in taken.items() if value is not None},
            "LogGroupName": log_group(job["Command"]["Name"]),
            **_origin_members(origin),
        }

    def _begin(self, run: Document, job: Document, origin: Origin) -> None:
        self._store.add_run(JOB_RUN, run["Id"], job["Name"], origin.workflow_run, STARTING, run)
        self._runner.start(Task(run, job, merged_arguments(job, run["Arguments"]), origin))

    def _save(self, run: Document, state: str) -> None:
        run["JobRunState"] = state
        run["LastModifiedOn"] = now()
        self._store.save_run(JOB_RUN, run["Id"], state, run)

    def _running(self, run_id: str, pid: int) -> None:
        with self._lock:
            run = self._known(run_id)
            run["Pid"], run["Birth"] = pid, birth_of(pid)
            self._save(run, RUNNING if run["JobRunState"] == STARTING else run["JobRunState"])

    def _finished(self, run_id: str, outcome: Outcome) -> None:
        with self._lock:
            run = self._known(run_id)
            run["CompletedOn"] = now()
            if outcome.message:
                run["ErrorMessage"] = outcome.message
            self._save(with_times(run), outcome.state)
            origin = _origin_of(run)
            if not self._closing and not self._retried(run, origin):
                ended = Finished((JOB_NODE, run["JobName"]), run_id, outcome.state, origin)
                for listener in self.listeners:
                    listener(ended)

    def _retried(self, run: Document, origin: Origin) -> bool:
        """Whether another attempt was started: after FAILED and TIMEOUT, as often as the job allows."""
        try:
            job = self._jobs.get(run["JobName"])
        except EntityNotFound:
            return False
        if run["JobRunState"] not in _RETRIED or run["Attempt"] >= job["MaxRetries"]:
            return False
        if not self.may_retry(origin):
            return False
        attempt = run["Attempt"] + 1
        first = run["Id"].split("_attempt_")[0]
        retry = self._new_run(f"{first}_attempt_{attempt}", attempt, job, run, origin)
        self._begin({**retry, "PreviousRunId": run["Id"]}, job, origin)
        return True

    def _known(self, run_id: str) -> Document:
        run = self._store.run(JOB_RUN, run_id)
        if run is None:
            raise EntityNotFound("job run", run_id)
        return run


class _AlreadyEnded(GlueError):
    code = "InvalidInputException"

    def __init__(self, job_name: str, run_id: str, state: str) -> None:
        super().__init__(f"run {run_id} of job {job_name} has ended already ({state}), so it cannot be stopped")


def with_times(run: Document) -> Document:
    """The run with the seconds that it has taken so far, and their price in DPU seconds."""
    if "ExecutionTime" not in run:
        return run
    seconds = (run.get("CompletedOn") or now()) - run["StartedOn"]
    run["ExecutionTime"] = round(seconds)
    if "CompletedOn" in run and run["LogGroupName"] == log_group(PYTHON_SHELL):
        run["DPUSeconds"] = round(seconds * run.get("MaxCapacity", 0), 4)
    return run


def _origin_members(origin: Origin) -> Document:
    members = {"TriggerName": origin.trigger, "Workflow": origin.workflow, "WorkflowRun": origin.workflow_run}
    predecessors = [{"JobName": name, "RunId": run_id} for name, run_id in origin.predecessors]
    found = {name: value for name, value in members.items() if value}
    return {**found, "PredecessorRuns": predecessors} if predecessors else found


def _origin_of(run: Document) -> Origin:
    predecessors = tuple((one["JobName"], one["RunId"]) for one in run.get("PredecessorRuns", ()))
    return Origin(run.get("TriggerName"), run.get("Workflow"), run.get("WorkflowRun"), predecessors)
