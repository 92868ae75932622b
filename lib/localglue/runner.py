"""Runs jobs as processes, each with a thread of its own from the downloads to the final state."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localglue.clients import Clients
from localglue.commands import PYTHON_SHELL, SPARK, command, needs, script_arguments
from localglue.documents import Document
from localglue.downloads import DownloadError, Downloads
from localglue.environment import environment
from localglue.errors import GlueError
from localglue.logs import LogShipper
from localglue.outcome import Outcome, outcome_of
from localglue.process import ERROR_OUTPUT, OUTPUT, JobProcess
from localglue.settings import Settings
from localglue.states import FAILED, STOPPED, TIMEOUT, Origin

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A run to start: everything that its process depends on."""

    run: Document
    job: Document
    arguments: Mapping[str, str]
    origin: Origin

    @property
    def kind(self) -> str:
        """`pythonshell` or `glueetl`."""
        name: str = self.job["Command"]["Name"]
        return name


def log_group(kind: str) -> str:
    """The log group that Glue names in a run. Output and errors are in the groups `/output` and `/error` below it."""
    return "/aws-glue/python-jobs" if kind == PYTHON_SHELL else "/aws-glue/jobs"


class ActiveRun:
    """A run in progress. It can be ended at any time, even before its process exists."""

    def __init__(self, task: Task, grace: float) -> None:
        self.task = task
        self._grace = grace
        self._lock = threading.Lock()
        self._process: JobProcess | None = None
        self.outcome: Outcome | None = None
        """Set by whoever ends the run; it replaces the outcome of the process."""

    def start(self, start: Callable[[], JobProcess]) -> JobProcess | None:
        """Start the process. Returns None if the run has been ended already."""
        with self._lock:
            if self.outcome is None:
                self._process = start()
            return self._process

    def end(self, outcome: Outcome) -> None:
        """End the run with this outcome; only the first call counts."""
        with self._lock:
            if self.outcome is not None:
                return
            self.outcome = outcome
            process = self._process
        if process is not None:
            process.end(self._grace)


class Runner:
    """Runs tasks. Calls `running` with run id and process id, and `finished` with run id and outcome."""

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        running: Callable[[str, int], None],
        finished: Callable[[str, Outcome], None],
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._downloads = Downloads(clients.s3, settings.state)
        self._running = running
        self._finished = finished
        self._active: dict[str, ActiveRun] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self, task: Task) -> None:
        """Start the run. Returns at once."""
        run_id = task.run["Id"]
        active = ActiveRun(task, self._settings.grace)
        thread = threading.Thread(target=self._run, args=(run_id, active), name=f"run-{run_id[:12]}", daemon=True)
        with self._lock:
            self._active[run_id] = active
            self._threads[run_id] = thread
        thread.start()

    def stop(self, run_id: str) -> None:
        """End the run as STOPPED, if it has not ended. Returns at once."""
        with self._lock:
            active = self._active.get(run_id)
        if active is not None:
            threading.Thread(target=active.end, args=(Outcome(STOPPED, "Job run stopped"),), daemon=True).start()

    def close(self) -> None:
        """End every run and wait until all have ended."""
        with self._lock:
            actives, threads = list(self._active.values()), list(self._threads.values())
        enders = [
            threading.Thread(target=active.end, args=(Outcome(FAILED, "localglue was shut down during this run"),))
            for active in actives
        ]
        for thread in enders:
            thread.start()
        for thread in [*enders, *threads]:
            thread.join()

    def _run(self, run_id: str, active: ActiveRun) -> None:
        folder = self._settings.state / "runs" / run_id
        try:
            folder.mkdir(parents=True)
            outcome = self._run_process(active, folder)
        except (DownloadError, GlueError, OSError) as problem:
            outcome = Outcome(FAILED, str(problem))
        except Exception as problem:  # whatever went wrong, the run must not stay RUNNING forever
            _LOG.exception("unexpected error in run %s", run_id)
            outcome = Outcome(FAILED, f"localglue itself failed: {type(problem).__name__}: {problem}")
        with self._lock:
            del self._active[run_id]
        shutil.rmtree(folder, ignore_errors=True)
        self._finished(run_id, active.outcome or outcome)
        with self._lock:
            del self._threads[run_id]

    def _run_process(self, active: ActiveRun, folder: Path) -> Outcome:
        task = active.task
        group = log_group(task.kind)
        groups = {name: f"{group}/{name}" for name in (OUTPUT, ERROR_OUTPUT)}
        shipper = LogShipper(self._clients.logs, list(groups.values()), task.run["Id"])
        try:
            process = self._start_process(active, folder, lambda name, line: shipper.write(groups[name], line))
            return self._wait(active, process) if process else Outcome(STOPPED)
        finally:
            shipper.close()

    def _start_process(self, active: ActiveRun, folder: Path, sink: Callable[[str, str], None]) -> JobProcess | None:
        task, settings = active.task, self._settings
        wanted = needs(task.job, task.arguments)
        script = self._downloads.script(wanted.script, folder)
        python_path = self._downloads.python_path(wanted.python)
        jars = self._downloads.jars(wanted.jars)
        argv = script_arguments(task.run, task.arguments, task.origin)
        words = command(settings, task.kind, script, argv, task.arguments, jars)
        variables = environment(settings, os.environ, python_path)
        for module in wanted.preinstalled:
            sink(ERROR_OUTPUT, f"localglue installs nothing: {module} must be in the interpreter that runs the job")
        process = active.start(lambda: JobProcess(words, variables, folder, sink))
        if process is not None:
            self._running(task.run["Id"], process.pid)
        return process

    def _wait(self, active: ActiveRun, process: JobProcess) -> Outcome:
        minutes = active.task.run["Timeout"]
        outcome = Outcome(TIMEOUT, f"the run took longer than its timeout of {minutes} minutes")
        timer = threading.Timer(minutes * self._settings.minute, active.end, (outcome,))
        timer.daemon = True
        timer.start()
        try:
            status = process.wait()
            # spark-submit writes the script's stderr to its own stdout
            output = process.tail(OUTPUT) if active.task.kind == SPARK else []
            return outcome_of(status, process.tail(ERROR_OUTPUT), output)
        finally:
            timer.cancel()
