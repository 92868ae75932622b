"""The steps of a job, found by instrumentation: writes to S3 and the catalogue, Spark's writes, database commits.

A job dies exactly before or exactly after one of them, and from then on nothing of it reaches the outside any more,
whatever its threads and handlers still try: as after kill -9.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from totelake.capture.postgres.session import Session

_READS = ("Get", "Head", "List", "BatchGet", "Search")


class Killed(BaseException):
    """The process died here; no handler for failures may take it for one."""


class Steps:
    """Counts a run's steps, and lets the run die before step `at`, or after it when `late`; 0 is never."""

    def __init__(self, at: int = 0, late: bool = False, die: Callable[[], None] | None = None) -> None:
        self.names: list[str] = []
        self._at, self._late, self._die = at, late, die
        self._is_dead = False
        self._lock = threading.Lock()

    @property
    def died_at(self) -> str:
        """The step that was the last; '' when the run came to its end."""
        return self.names[self._at - 1] if self._is_dead else ""

    def alive(self) -> None:
        """Raise Killed after the death of the run."""
        if self._is_dead:
            raise Killed("already dead")

    def begin(self, name: str) -> int:
        """A step is about to be taken; its number."""
        with self._lock:
            self.alive()
            self.names.append(name)
            number = len(self.names)
            if number == self._at and not self._late:
                self._kill()
            return number

    def end(self, number: int) -> None:
        """A step was taken."""
        with self._lock:
            if number == self._at and self._late:
                self._kill()
            self.alive()

    def _kill(self) -> None:
        if self._die is not None:
            self._die()
        self._is_dead = True
        raise Killed(f"step {self._at}, {self.names[self._at - 1]}")

    def watch(self, client: Any) -> None:
        """Count what a client writes."""
        client.meta.events.register("before-call.*", self._before)
        client.meta.events.register("after-call.*", self._after)

    def leave(self, client: Any) -> None:
        """Count no more."""
        client.meta.events.unregister("before-call.*", self._before)
        client.meta.events.unregister("after-call.*", self._after)

    def _before(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        self.alive()
        if model.service_model.service_name in ("s3", "glue") and not model.name.startswith(_READS):
            context["totelake_step"] = self.begin(model.name)

    def _after(self, context: dict[str, Any], **_: Any) -> None:
        if "totelake_step" in context:
            self.end(context["totelake_step"])

    def wrap(self, name: str, method: Any, is_step: Callable[..., bool] = lambda *_: True) -> Any:
        """A method whose calls are steps; those that are not are refused after death all the same."""

        @wraps(method)
        def stepping(*arguments: Any, **named: Any) -> Any:
            if not is_step(*arguments):
                self.alive()
                return method(*arguments, **named)
            number = self.begin(name)
            answer = method(*arguments, **named)
            self.end(number)
            return answer

        return stepping


@contextmanager
def installed(steps: Steps, *clients: Any) -> Iterator[None]:
    """While inside, what these clients write is counted, every Spark write and every commit."""
    from pyspark.sql import DataFrameWriter

    from totelake.warehouse.jdbc import Connection

    def never(*_: Any) -> bool:
        return False

    changes: list[tuple[Any, str, Any]] = [
        (Session, "_execute", steps.wrap("source COMMIT", Session._execute, lambda _, text: text == "COMMIT")),
        (DataFrameWriter, "parquet", steps.wrap("Spark parquet", DataFrameWriter.parquet)),
        (Connection, "copy", steps.wrap("warehouse COPY", Connection.copy)),
        (Connection, "commit", steps.wrap("warehouse COMMIT", Connection.commit)),
        *((Connection, name, steps.wrap(name, getattr(Connection, name), never)) for name in ("run", "rows", "insert")),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for owner, name, method in changes:
        setattr(owner, name, method)
    for client in clients:
        steps.watch(client)
    try:
        yield
    finally:
        for client in clients:
            steps.leave(client)
        for owner, name, method in before:
            setattr(owner, name, method)


def kill_process() -> None:
    """The real thing: the process and all that it started."""
    os.killpg(0, signal.SIGKILL)
