"""Job runs: started, recorded, retried and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

from localapi.documents import Document, Operations
from localapi.errors import ApiError
from localglue.clients import Clients
from localglue.commands import merged_arguments
from localglue.connections import Connections
from localglue.errors import ConcurrentRunsExceeded, EntityNotFound, GlueError
from localglue.job_rules import check_start
from localglue.jobs import Jobs
from localglue.orphans import end_orphan, start_time_of
from localglue.outcome import Outcome
from localglue.paging import page
from localglue.run_documents import new_run, origin_members, origin_of, with_execution_time
from localglue.runner import Runner, Task
from localglue.security_configurations import SecurityConfigurations
from localglue.settings import Settings
from localglue.standbys import Standbys
from localglue.states import (
    ACTIVE,
    ERROR,
    FAILED,
    IN_PROGRESS,
    JOB_NODE,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    TIMEOUT,
    WAITING,
    FinishedRun,
    Origin,
    new_id,
    now,
)
from localglue.store import JOB_RUN, Store
from localglue.workflow_run_reader import WorkflowRunReader

_RETRIED = (FAILED, TIMEOUT)


class JobRuns:
    """Starts, stops and records job runs. Every change of state happens under the application's lock."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        settings: Settings,
        clients: Clients,
        connections: Connections,
        security: SecurityConfigurations,
        workflow_runs: WorkflowRunReader,
        lock: threading.RLock,
    ) -> None:
        self._connections, self._security = connections, security
        self._store, self._jobs, self._workflow_runs, self._lock = store, jobs, workflow_runs, lock
        self._standbys = Standbys(settings, store)
        self._runner = Runner(settings, clients, self._standbys, self._log_key, self._running, self._finished)
        self._closing = False
        self.listeners: list[Callable[[FinishedRun], None]] = []
        """Called, under the lock, when a run has ended and is not retried."""

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "StartJobRun": lambda request: {"JobRunId": self.start(request, Origin())},
            "GetJobRun": lambda request: {"JobRun": self.get(request["JobName"], request["RunId"])},
            "GetJobRuns": self.list_runs,
            "BatchStopJobRun": self.batch_stop,
        }

    def start(self, request: Document, origin: Origin) -> str:
        """Start a run or let it wait; returns its id. Raises EntityNotFound, InvalidInput, ConcurrentRunsExceeded."""
        with self._lock:
            job = self._jobs.get(request["JobName"])
            check_start(request, job)
            waits = self._has_to_wait(job, request)
            previous = request.get("JobRunId")
            arguments = request.get("Arguments")
            if previous:
                arguments = arguments or self.get(job["Name"], previous).get("Arguments")
            run = new_run(new_id("jr"), 0, job, {**request, "Arguments": arguments or {}}, origin)
            if previous:
                run["PreviousRunId"] = previous
            if waits:
                self._queue(run, job, origin)
            else:
                self._launch(run, job, origin)
            return str(run["Id"])

    def record_failed_start(self, job_name: str, problem: ApiError, origin: Origin) -> None:
        """Record that a trigger could not start the job, as a run in state ERROR; its workflow run shows it."""
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
            **origin_members(origin),
        }
        self._store.add_run(JOB_RUN, run["Id"], job_name, origin.workflow_run, ERROR, run)

    def get(self, job_name: str, run_id: str) -> Document:
        """The run. Raises EntityNotFound."""
        run = self._store.run(JOB_RUN, run_id)
        if run is None or run["JobName"] != job_name:
            raise EntityNotFound(f"run of job {job_name}", run_id)
        return with_execution_time(run)

    def list_runs(self, request: Document) -> Document:
        """The job's runs, newest first."""
        name = request["JobName"]
        self._jobs.get(name)
        return page(
            request,
            "JobRuns",
            lambda *at: [with_execution_time(run) for run in self._store.runs_of(JOB_RUN, name, *at)],
        )

    def batch_stop(self, request: Document) -> Document:
        """Stop runs of one job. The response lists those that cannot be stopped."""
        name, stopped, errors = request["JobName"], [], []
        for run_id in request["JobRunIds"]:
            try:
                self.stop(name, run_id)
                stopped.append({"JobName": name, "JobRunId": run_id})
            except ApiError as problem:
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def stop(self, job_name: str, run_id: str) -> None:
        """Begin to stop a run. Raises EntityNotFound, and InvalidInput if it has ended."""
        with self._lock:
            run = self.get(job_name, run_id)
            if run["JobRunState"] not in ACTIVE:
                raise _AlreadyEnded(job_name, run_id, run["JobRunState"])
            if run["JobRunState"] == WAITING:
                self._end(run, Outcome(STOPPED, "Job run stopped"))
                return
            self._save(run, STOPPING)
        self._runner.stop(run_id)

    def active_in(self, workflow_run: str) -> list[Document]:
        """The active job runs of a workflow run."""
        return [run for run in self._store.runs_in(JOB_RUN, workflow_run) if run["JobRunState"] in ACTIVE]

    def recover(self) -> None:
        """Record as FAILED the runs that were active when localglue last ended, and end their processes."""
        for run in self._store.runs_in_states(JOB_RUN, ACTIVE):
            end_orphan(run.get("Pid"), run.get("Birth"))
            run |= {"CompletedOn": now(), "ErrorMessage": "localglue was ended during this run; run the job again"}
            self._save(with_execution_time(run), FAILED)
        self._standbys.recover()
        self._runner.clear()

    def close(self) -> None:
        """End every run and wait for it. Nothing is retried or triggered any more."""
        self._closing = True
        self._runner.close()
        self._standbys.close()

    def standbys(self) -> Document:
        """The processes that wait for a run of a Spark job."""
        return self._standbys.document()

    def _is_full(self, job: Document) -> bool:
        """Whether as many runs of the job are in progress as it allows."""
        running = self._store.runs_in_states(JOB_RUN, IN_PROGRESS, job["Name"])
        limit: int = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        return len(running) >= limit

    def _has_to_wait(self, job: Document, request: Document) -> bool:
        """Whether a new run has to wait for others. Raises ConcurrentRunsExceeded where runs are not queued."""
        if not self._is_full(job):
            return False
        if not request.get("JobRunQueuingEnabled", job.get("JobRunQueuingEnabled", False)):
            raise ConcurrentRunsExceeded("job", job["Name"], job["ExecutionProperty"].get("MaxConcurrentRuns", 1))
        return True

    def _queue(self, run: Document, job: Document, origin: Origin) -> None:
        """Record a run that waits until one of the job's others has ended."""
        limit = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        run |= {"JobRunState": WAITING, "JobRunQueuingEnabled": True}
        run["StateDetail"] = f"waits until fewer than {limit} runs of job {job['Name']} are in progress"
        self._store.add_run(JOB_RUN, run["Id"], job["Name"], origin.workflow_run, WAITING, run)

    def _start_waiting(self, name: str) -> None:
        """Start the runs of a job that wait, oldest first, as far as the job allows; without the job they fail."""
        for run in self._store.runs_in_states(JOB_RUN, (WAITING,), name):
            try:
                job = self._jobs.get(name)
            except EntityNotFound as problem:
                self._end(run, Outcome(FAILED, problem.message))
                continue
            if self._is_full(job):
                return
            run.pop("StateDetail", None)
            run["StartedOn"] = now()
            self._save(run, STARTING)
            self._runner.start(Task(run, job, merged_arguments(job, run["Arguments"]), origin_of(run)))

    def _launch(self, run: Document, job: Document, origin: Origin) -> None:
        self._store.add_run(JOB_RUN, run["Id"], job["Name"], origin.workflow_run, STARTING, run)
        self._runner.start(Task(run, job, merged_arguments(job, run["Arguments"]), origin))

    def _log_key(self, task: Task) -> str | None:
        """The key of a run's log groups. Raises EntityNotFound for a connection or security configuration."""
        for name in task.job.get("Connections", {}).get("Connections", ()):
            self._connections.get(name)
        return self._security.log_key(task.run.get("SecurityConfiguration"))

    def _save(self, run: Document, state: str) -> None:
        run["JobRunState"] = state
        run["LastModifiedOn"] = now()
        self._store.save_run(JOB_RUN, run["Id"], state, run)

    def _running(self, run_id: str, pid: int) -> None:
        with self._lock:
            run = self._stored(run_id)
            run["Pid"], run["Birth"] = pid, start_time_of(pid)
            self._save(run, RUNNING if run["JobRunState"] == STARTING else run["JobRunState"])

    def _finished(self, run_id: str, outcome: Outcome) -> None:
        with self._lock:
            run = self._stored(run_id)
            self._end(run, outcome)
            if not self._closing:
                self._start_waiting(run["JobName"])

    def _end(self, run: Document, outcome: Outcome) -> None:
        """Record the end of a run; start its retry, or tell the listeners."""
        run["CompletedOn"] = now()
        if outcome.message:
            run["ErrorMessage"] = outcome.message
        self._save(with_execution_time(run), outcome.state)
        origin = origin_of(run)
        if not self._closing and not self._retry(run, origin):
            ended = FinishedRun((JOB_NODE, run["JobName"]), run["Id"], outcome.state, origin)
            for listener in self.listeners:
                listener(ended)

    def _retry(self, run: Document, origin: Origin) -> bool:
        """Start another attempt after FAILED or TIMEOUT, if the job allows one. Returns whether it was started."""
        try:
            job = self._jobs.get(run["JobName"])
        except EntityNotFound:
            return False
        if run["JobRunState"] not in _RETRIED or run["Attempt"] >= job["MaxRetries"]:
            return False
        if origin.workflow_run and not self._workflow_runs.may_start_more(origin.workflow_run):
            return False
        attempt = run["Attempt"] + 1
        first = run["Id"].split("_attempt_")[0]
        retry = new_run(f"{first}_attempt_{attempt}", attempt, job, run, origin)
        self._launch({**retry, "PreviousRunId": run["Id"]}, job, origin)
        return True

    def _stored(self, run_id: str) -> Document:
        run = self._store.run(JOB_RUN, run_id)
        if run is None:
            raise EntityNotFound("job run", run_id)
        return run


class _AlreadyEnded(GlueError):
    code = "InvalidInputException"

    def __init__(self, job_name: str, run_id: str, state: str) -> None:
        super().__init__(f"run {run_id} of job {job_name} has already ended ({state}), so it cannot be stopped")
