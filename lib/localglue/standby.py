"""A standby: a process of Spark that is warm before there is a run, and becomes the process of exactly one run."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from localglue import standby_program
from localglue.process import ERROR_OUTPUT, OUTPUT, JobProcess, Sink

_POLL = 0.01
_MOST_LINES = 1_000
_SCRIPT = "standby.py"


@dataclass(frozen=True)
class Shape:
    """What a process is started with, but its script and the script's arguments; runs of one shape can use it."""

    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    example: str = field(default="", compare=False)
    """The address of an object that such a run reads."""


class Standby:
    """A process that waits. Its folder, which holds nothing once the run has begun, becomes the run's."""

    def __init__(self, shape: Shape, runs: Path) -> None:
        self.shape = shape
        runs.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(dir=runs))
        self._place, self._bell, self._output = self.folder / ".standby", -1, _Held()
        try:
            self.process = self._start()
        except BaseException:
            self._remove()
            raise
        self.since = time.monotonic()

    def _start(self) -> JobProcess:
        self._place.mkdir()
        program, bell = self._place / _SCRIPT, self._place / standby_program.BELL
        shutil.copyfile(standby_program.__file__, program)
        (self._place / standby_program.EXAMPLE).write_text(self.shape.example, encoding="utf-8")
        os.mkfifo(bell, stat.S_IRUSR | stat.S_IWUSR)
        # for reading, too: so it does not wait for the other end, which reads of an end only when we are gone
        self._bell = os.open(bell, os.O_RDWR)
        return JobProcess([*self.shape.words, str(program)], dict(self.shape.variables), self.folder, self._output)

    @property
    def is_warm(self) -> bool:
        """Whether it has nothing left to do but to wait."""
        return (self._place / standby_program.WARM).exists()

    def bytes(self) -> int:
        """The memory of its processes."""
        found = 0
        try:
            first = psutil.Process(self.process.pid)
            for process in (first, *first.children(recursive=True)):
                found += process.memory_info().rss
        except psutil.NoSuchProcess:  # it is ending
            return found
        return found

    def begin(self, script: Path, argv: Sequence[str], sink: Sink) -> JobProcess:
        """Give it the run. Lines go to the sink from now on, first those that it wrote while it waited.

        Spark says them once in each JVM, so a run without a standby has them, too. None of them is why a run failed.
        """
        self.process.forget_tail()
        self._output.attach(sink)
        request = json.dumps({"script": str(script), "argv": list(argv)})
        (self._place / standby_program.REQUEST).write_text(request, encoding="utf-8")
        os.write(self._bell, b"\n")
        return self.process

    def has_begun(self, within: float) -> bool:
        """Whether the script has been started, within so many seconds; when not, it never will be: the process ends."""
        request, deadline = self._place / standby_program.REQUEST, time.monotonic() + within
        while request.exists() and self.process.is_alive and time.monotonic() < deadline:
            time.sleep(_POLL)
        try:
            request.unlink()  # whichever of the two removes it has the run
        except FileNotFoundError:
            self._close()
            return True
        return False

    def last_line(self) -> str:
        """The last that it said; spark-submit writes its script's errors to stdout."""
        return ["it said nothing", *self.process.tail(ERROR_OUTPUT), *self.process.tail(OUTPUT)][-1]

    def discard(self, grace: float) -> None:
        """End it and remove its folder."""
        if self.process.is_alive:
            self.process.end(grace)
        self.process.wait()
        self._remove()

    def _remove(self) -> None:
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _close(self) -> None:
        bell, self._bell = self._bell, -1
        if bell >= 0:
            os.close(bell)


class _Held:
    """A sink that keeps lines until there is one to give them to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[tuple[str, str]] = []
        self._sink: Sink = self._keep

    def __call__(self, name: str, line: str) -> None:
        with self._lock:
            self._sink(name, line)

    def attach(self, sink: Sink) -> None:
        """Give it all lines so far, and each that comes."""
        with self._lock:
            for line in self._lines:
                sink(*line)
            self._sink = sink

    def _keep(self, name: str, line: str) -> None:
        if len(self._lines) < _MOST_LINES:
            self._lines.append((name, line))
