"""Wall-clock time of a program, and the memory of its processes while it runs."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.benchmarks.bench.goals import Sample

_EVERY = 0.2


class Memory:
    """Looks five times a second how much memory (RSS) a process and its descendants have, as a context manager.

    Pages that processes share count once for each. `with_root` says whether the process itself counts.
    """

    def __init__(self, pid: int, with_root: bool = True) -> None:
        self._root, self._with_root = psutil.Process(pid), with_root
        self._seen: list[tuple[float, int]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def peak(self, since: float = 0.0, until: float = float("inf")) -> int:
        """The most bytes that were seen between two moments (seconds since the epoch); 0 when nothing was."""
        return max((used for moment, used in self._seen if since <= moment <= until), default=0)

    def _look(self) -> None:
        while not self._done.is_set():
            self._seen.append((time.time(), self._used()))
            self._done.wait(_EVERY)

    def _used(self) -> int:
        try:
            found = self._root.children(recursive=True)
        except psutil.NoSuchProcess:
            return 0
        return sum(_rss(process) for process in [*found, *([self._root] if self._with_root else [])])


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        # it has ended meanwhile
        return 0


class PeerError(Exception):
    """A peer that did not do its work, in one sentence."""


def timed(command: Sequence[str], log: Path, more: Mapping[str, str] | None = None) -> Sample:
    """Run a program to its end; its output goes into `log`. Raises PeerError when it fails, with its last words."""
    with log.open("wb") as output:
        begun = time.perf_counter()
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(more or {})},
        )
        with started as process, Memory(process.pid) as memory:
            try:
                status = process.wait()
            except BaseException:  # as an interrupt, which is not to wait for the peer
                process.kill()
                raise
            seconds = time.perf_counter() - begun
    if status:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
        raise PeerError(f"it ended with status {status}: {said[-1][:300]}")
    return Sample(seconds, memory.peak())
