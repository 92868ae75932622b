"""The process of a run. It has a process group of its own; its output is read line by line while it runs."""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404 # running the job's script is what this is for
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

OUTPUT, ERROR_OUTPUT = "output", "error"
_TAIL_LINES = 400
_MAX_LINE_BYTES = 250_000
Sink = Callable[[str, str], None]
"""Takes the name of a stream (OUTPUT or ERROR_OUTPUT) and one line."""


class JobProcess:
    """A started process. Other processes of its group end with it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, sink: Sink) -> None:
        self._sink = sink
        self._tails: dict[str, deque[str]] = {name: deque(maxlen=_TAIL_LINES) for name in (OUTPUT, ERROR_OUTPUT)}
        self._popen = subprocess.Popen(  # nosec B603 # no shell; the command is the configured interpreter and a script
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._is_over = False
        self._readers = [self._reader(OUTPUT, self._popen.stdout), self._reader(ERROR_OUTPUT, self._popen.stderr)]

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._popen.poll() is None

    def tail(self, name: str) -> list[str]:
        """The last lines of a stream."""
        return list(self._tails[name])

    def forget_tail(self) -> None:
        """Forget the lines so far."""
        for lines in self._tails.values():
            lines.clear()

    def wait(self) -> int:
        """Wait until the process has ended and its output is read. Returns the exit status, negative for a signal."""
        status = self._popen.wait()
        if not self._is_over:  # later the group's id may be another's
            self._signal(signal.SIGKILL)
        self._is_over = True
        for reader in self._readers:
            reader.join()
        return status

    def end(self, grace: float) -> None:
        """Send the group SIGTERM and, if its process goes on for `grace` seconds, SIGKILL."""
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(grace)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._popen.pid, number)
        except (ProcessLookupError, PermissionError):  # the group has no processes left
            return

    def _reader(self, name: str, stream: IO[bytes] | None) -> threading.Thread:
        if stream is None:
            raise ValueError(f"the process has no stream {name}")
        thread = threading.Thread(target=self._read, args=(name, stream), daemon=True)
        thread.start()
        return thread

    def _read(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for raw in iter(lambda: stream.readline(_MAX_LINE_BYTES), b""):
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                self._tails[name].append(line)
                self._sink(name, line)
