"""The clock: fires schedules at their moments, without looking in between."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from localglue.cron import next_fire
from localglue.errors import GlueError

_LOG = logging.getLogger(__name__)
_LONGEST_SLEEP = 3600.0


@dataclass(frozen=True)
class Schedule:
    """A Glue cron expression, in force since a moment, and what happens when it fires."""

    expression: str
    since: float
    fire: Callable[[], None]

    def next_after(self, moment: float) -> float | None:
        """The first moment it fires after this one and after it came into force."""
        found = next_fire(self.expression, datetime.fromtimestamp(max(moment, self.since), timezone.utc))
        return found.timestamp() if found else None


def due(schedules: Sequence[Schedule], after: float, until: float) -> list[Schedule]:
    """The schedules with a moment in (after, until], each once."""
    moments = [(schedule.next_after(after), schedule) for schedule in schedules]
    return [schedule for moment, schedule in moments if moment is not None and moment <= until]


class Scheduler:
    """A thread that sleeps until the next moment of any schedule; nothing that fell due before it began is fired."""

    def __init__(self, schedules: Callable[[], Sequence[Schedule]], clock: Callable[[], float] = time.time) -> None:
        self._schedules = schedules
        self._clock = clock
        self._changed = threading.Condition()
        self._woken = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Schedules have changed: work out anew when the next moment is."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self.wake()
        self._thread.join()

    def tick(self, after: float, until: float) -> None:
        """Fire everything due in (after, until]; one that fails does not hold back the others."""
        for schedule in due(self._schedules(), after, until):
            try:
                schedule.fire()
            except GlueError as problem:
                _LOG.warning("schedule %s: %s", schedule.expression, problem.message)

    def _run(self) -> None:
        after = self._clock()
        while not self._closing:
            self._sleep(after)
            until = self._clock()
            try:
                self.tick(after, until)
            except Exception:  # one broken schedule must not end all others
                _LOG.exception("schedules between %s and %s", after, until)
            after = until

    def _sleep(self, after: float) -> None:
        moments = [schedule.next_after(after) for schedule in self._schedules()]
        nearest = min((moment for moment in moments if moment is not None), default=after + _LONGEST_SLEEP)
        with self._changed:
            self._changed.wait_for(lambda: self._woken, min(max(nearest - self._clock(), 0.0), _LONGEST_SLEEP))
            self._woken = False
