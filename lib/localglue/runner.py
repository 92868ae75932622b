"""Runs jobs as processes, each with a thread of its own from the downloads to the final state."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localapi.documents import Document
from localglue.clients import Clients
from localglue.commands import PYTHON_SHELL, SPARK, Needs, launcher, needs, script_arguments
from localglue.downloads import DownloadError, Downloads
from localglue.environment import environment
from localglue.errors import GlueError
from localglue.glue_libraries import GlueLibraries, launched_python
from localglue.library_set import base_folder, is_whole
from localglue.logs import LogShipper
from localglue.outcome import Outcome, outcome_of
from localglue.process import ERROR_OUTPUT, OUTPUT, JobProcess, Sink
from localglue.settings import Settings
from localglue.spark_sql import notice, refuse_writes
from localglue.standby import Shape, Standby
from localglue.standbys import Standbys
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
    """Runs tasks. Calls `running` with run id and process id, and `finished` with run id and outcome.

    `log_key` gives the key of a task's log groups; what it raises fails the run.
    """

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        standbys: Standbys,
        log_key: Callable[[Task], str | None],
        running: Callable[[str, int], None],
        finished: Callable[[str, Outcome], None],
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._downloads = Downloads(clients.s3, settings.state)
        self._libraries = GlueLibraries()
        self._standbys = standbys
        self._log_key = log_key
        self._running = running
        self._finished = finished
        self._active: dict[str, ActiveRun] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Remove the folders of runs and standbys that a localglue which was killed has left."""
        shutil.rmtree(self._folders, ignore_errors=True)

    @property
    def _folders(self) -> Path:
        return self._settings.state / "runs"

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
        try:
            outcome = self._run_process(active)
        except (DownloadError, GlueError, OSError) as problem:
            outcome = Outcome(FAILED, str(problem))
        except Exception as problem:  # whatever went wrong, the run must not stay RUNNING forever
            _LOG.exception("unexpected error in run %s", run_id)
            outcome = Outcome(FAILED, f"localglue itself failed: {type(problem).__name__}: {problem}")
        with self._lock:
            del self._active[run_id]
        self._finished(run_id, active.outcome or outcome)
        with self._lock:
            del self._threads[run_id]

    def _run_process(self, active: ActiveRun) -> Outcome:
        task = active.task
        key = self._log_key(task)
        groups = {name: f"{task.run['LogGroupName']}/{name}" for name in (OUTPUT, ERROR_OUTPUT)}
        shipper = LogShipper(self._clients.logs, list(groups.values()), task.run["Id"], key)

        def sink(name: str, line: str) -> None:
            shipper.write(groups[name], line)

        try:
            wanted = needs(task.job, task.arguments)
            shape = self._shape(task, wanted)
            for module in wanted.preinstalled:
                sink(ERROR_OUTPUT, f"localglue installs nothing: {module} must be in the interpreter that runs the job")
            if task.kind == SPARK and notice(task.arguments):
                sink(ERROR_OUTPUT, notice(task.arguments))
            if task.kind != SPARK:
                return self._start_cold(active, shape, wanted, sink)
            with self._standbys.used_by(shape) as standby:
                outcome = self._start_warm(active, standby, wanted, sink) if standby else None
                return outcome or self._start_cold(active, shape, wanted, sink)
        finally:
            shipper.close()

    def _shape(self, task: Task, wanted: Needs) -> Shape:
        """The command line before the script, and the variables."""
        settings = self._settings
        python_path = self._downloads.python_path(wanted.python)
        if task.kind == PYTHON_SHELL and not is_whole(task.job):
            python_path = [*python_path, base_folder(settings.python_shell, settings.state)]
        python_path = [*python_path, *self._libraries.folders(launched_python(settings, task.kind))]
        words = launcher(settings, task.kind, task.arguments, self._downloads.jars(wanted.jars))
        variables = environment(settings, os.environ, python_path)
        return Shape(tuple(words), tuple(sorted(variables.items())), wanted.script)

    def _start_cold(self, active: ActiveRun, shape: Shape, wanted: Needs, sink: Sink) -> Outcome:
        self._folders.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self._folders))
        try:
            script, argv = self._script(active.task, wanted, folder)
            words, variables = [*shape.words, str(script), *argv], dict(shape.variables)
            process = active.start(lambda: JobProcess(words, variables, folder, sink))
            if process is None:
                return Outcome(STOPPED)
            self._running(active.task.run["Id"], process.pid)
            return self._wait(active, process)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _start_warm(self, active: ActiveRun, standby: Standby, wanted: Needs, sink: Sink) -> Outcome | None:
        """The outcome of the run on this standby; None if that could not begin it."""
        try:
            script, argv = self._script(active.task, wanted, standby.folder)
            process = active.start(lambda: standby.begin(script, argv, sink))
            if process is None:
                return Outcome(STOPPED)
            self._running(active.task.run["Id"], process.pid)
            return self._wait(active, process) if standby.has_begun(self._settings.standby_patience) else None
        finally:
            standby.discard(self._settings.grace)
            self._standbys.forget(standby)

    def _script(self, task: Task, wanted: Needs, folder: Path) -> tuple[Path, list[str]]:
        """The script, downloaded, and its arguments."""
        script = self._downloads.script(wanted.script, folder)
        if task.kind == SPARK:
            self._downloads.files(wanted.files, folder)
            refuse_writes(script.read_text(encoding="utf-8", errors="replace"), task.arguments)
        return script, script_arguments(task.run, task.job, task.arguments, task.origin)

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
