"""Fires schedules when they are due. The thread sleeps in between, it does not poll."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from localapi.errors import ApiError
from localglue.cron import next_fire

_LOG = logging.getLogger(__name__)
_MAX_SLEEP = 3600.0


@dataclass(frozen=True)
class Schedule:
    """A Glue cron expression, the time since when it is active, and the function that it calls."""

    expression: str
    since: float
    fire: Callable[[], None]

    def next_after(self, moment: float) -> float | None:
        """The first time it fires after this moment and after it became active; None if never."""
        found = next_fire(self.expression, datetime.fromtimestamp(max(moment, self.since), timezone.utc))
        return found.timestamp() if found else None


def due(schedules: Sequence[Schedule], after: float, until: float) -> list[Schedule]:
    """The schedules that fire in (after, until], each once."""
    moments = [(schedule.next_after(after), schedule) for schedule in schedules]
    return [schedule for moment, schedule in moments if moment is not None and moment <= until]


class Scheduler:
    """A thread that sleeps until the next schedule is due. What was due before it started does not fire."""

    def __init__(self, schedules: Callable[[], Sequence[Schedule]], clock: Callable[[], float] = time.time) -> None:
        self._schedules = schedules
        self._clock = clock
        self._changed = threading.Condition()
        self._woken = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Work out the next due time again, because schedules have changed."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self.wake()
        self._thread.join()

    def tick(self, after: float, until: float) -> None:
        """Fire the schedules due in (after, until]. A GlueError of one does not stop the others."""
        for schedule in due(self._schedules(), after, until):
            try:
                schedule.fire()
            except ApiError as problem:
                _LOG.warning("schedule %s: %s", schedule.expression, problem.message)

    def _run(self) -> None:
        after = self._clock()
        while not self._closing:
            self._sleep(after)
            until = self._clock()
            try:
                self.tick(after, until)
            except Exception:  # one broken schedule must not end all others
                _LOG.exception("unexpected error in the schedules between %s and %s", after, until)
            after = until

    def _sleep(self, after: float) -> None:
        moments = [schedule.next_after(after) for schedule in self._schedules()]
        nearest = min((moment for moment in moments if moment is not None), default=after + _MAX_SLEEP)
        with self._changed:
            self._changed.wait_for(lambda: self._woken, min(max(nearest - self._clock(), 0.0), _MAX_SLEEP))
            self._woken = False
