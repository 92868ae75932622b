"""Runs of jobs as processes: one thread each, from fetching the script to the final state."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localglue.assets import AssetError, Assets
from localglue.clients import Clients
from localglue.commands import PYTHON_SHELL, SPARK, command, environment, needs, script_arguments
from localglue.documents import Document
from localglue.errors import GlueError
from localglue.logs import LogShipper
from localglue.outcome import Outcome, of_exit
from localglue.process import ERROR_OUTPUT, OUTPUT, JobProcess
from localglue.settings import Settings
from localglue.states import FAILED, STOPPED, TIMEOUT, Origin

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """Everything about one run that its process depends on."""

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
    """The log group that Glue names in the run; output and errors are in groups below it."""
    return "/aws-glue/python-jobs" if kind == PYTHON_SHELL else "/aws-glue/jobs"


class Active:
    """A run that is going on and can be ended at any moment, before its process exists too."""

    def __init__(self, task: Task, grace: float) -> None:
        self.task = task
        self._grace = grace
        self._lock = threading.Lock()
        self._process: JobProcess | None = None
        self.verdict: Outcome | None = None

    def started(self, start: Callable[[], JobProcess]) -> JobProcess | None:
        """Start the process, unless the run was ended before."""
        with self._lock:
            if self.verdict is None:
                self._process = start()
            return self._process

    def end(self, verdict: Outcome) -> None:
        """End the run with this verdict; the first one counts."""
        with self._lock:
            if self.verdict is not None:
                return
            self.verdict = verdict
            process = self._process
        if process is not None:
            process.end(self._grace)


class Runner:
    """Starts tasks and tells what becomes of them."""

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        running: Callable[[str, int], None],
        finished: Callable[[str, Outcome], None],
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._assets = Assets(clients.s3, settings.state)
        self._running = running
        self._finished = finished
        self._active: dict[str, Active] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self, task: Task) -> None:
        """Begin the run; returns at once."""
        run_id = task.run["Id"]
        active = Active(task, self._settings.grace)
        thread = threading.Thread(target=self._run, args=(run_id, active), name=f"run-{run_id[:12]}", daemon=True)
        with self._lock:
            self._active[run_id] = active
            self._threads[run_id] = thread
        thread.start()

    def stop(self, run_id: str) -> None:
        """End the run as STOPPED; returns at once, and does nothing when it has ended."""
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

    def _run(self, run_id: str, active: Active) -> None:
        folder = self._settings.state / "runs" / run_id
        try:
            folder.mkdir(parents=True)
            outcome = self._outcome(active, folder)
        except (AssetError, GlueError, OSError) as problem:
            outcome = Outcome(FAILED, str(problem))
        except Exception as problem:  # whatever went wrong here, the run must not stay RUNNING for ever
            _LOG.exception("run %s broke localglue", run_id)
            outcome = Outcome(FAILED, f"localglue itself failed: {type(problem).__name__}: {problem}")
        with self._lock:
            del self._active[run_id]
        shutil.rmtree(folder, ignore_errors=True)
        self._finished(run_id, active.verdict or outcome)
        with self._lock:
            del self._threads[run_id]

    def _outcome(self, active: Active, folder: Path) -> Outcome:
        task = active.task
        group = log_group(task.kind)
        groups = {name: f"{group}/{name}" for name in (OUTPUT, ERROR_OUTPUT)}
        shipper = LogShipper(self._clients.logs, list(groups.values()), task.run["Id"])
        try:
            process = self._process(active, folder, lambda name, line: shipper.write(groups[name], line))
            return self._waited(active, process) if process else Outcome(STOPPED)
        finally:
            shipper.close()

    def _process(self, active: Active, folder: Path, sink: Callable[[str, str], None]) -> JobProcess | None:
        task, settings = active.task, self._settings
        wanted = needs(task.job, task.arguments)
        script = self._assets.script(wanted.script, folder)
        python_path = self._assets.python_path(wanted.python)
        jars = self._assets.jars(wanted.jars)
        argv = script_arguments(task.run, task.arguments, task.origin)
        words = command(settings, task.kind, script, argv, task.arguments, jars)
        variables = environment(settings, os.environ, python_path)
        for module in wanted.installed:
            sink(ERROR_OUTPUT, f"localglue installs nothing: {module} must be in the interpreter that runs the job")
        process = active.started(lambda: JobProcess(words, variables, folder, sink))
        if process is not None:
            self._running(task.run["Id"], process.pid)
        return process

    def _waited(self, active: Active, process: JobProcess) -> Outcome:
        minutes = active.task.run["Timeout"]
        verdict = Outcome(TIMEOUT, f"the run took longer than its timeout of {minutes} minutes")
        timer = threading.Timer(minutes * self._settings.minute, active.end, (verdict,))
        timer.daemon = True
        timer.start()
        try:
            status = process.wait()
            # spark-submit writes the script's stderr to its own stdout
            output = process.tail(OUTPUT) if active.task.kind == SPARK else []
            return of_exit(status, process.tail(ERROR_OUTPUT), output)
        finally:
            timer.cancel()
