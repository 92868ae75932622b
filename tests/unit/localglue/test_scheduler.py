"""When schedules are due."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

from localglue.errors import InvalidInput
from localglue.scheduler import Schedule, Scheduler, due

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=timezone.utc).timestamp()
EVERY_TEN = "cron(0/10 * * * ? *)"


def nothing() -> None:
    """Do nothing."""


def test_a_schedule_is_due_once_however_often_it_was_missed() -> None:
    schedule = Schedule(EVERY_TEN, 0, nothing)
    assert due([schedule], TEN - 1, TEN) == [schedule]
    assert due([schedule], TEN, TEN + 599) == []
    assert due([schedule], TEN, TEN + 3600) == [schedule]


def test_times_before_it_became_active_do_not_count() -> None:
    assert due([Schedule(EVERY_TEN, TEN + 60, nothing)], TEN - 1, TEN + 300) == []


def test_a_schedule_without_a_future_is_never_due() -> None:
    assert due([Schedule("cron(0 12 1 1 ? 2020)", 0, nothing)], TEN, TEN + 1e6) == []


def test_one_that_fails_does_not_hold_back_the_others() -> None:
    fired = []

    def fails() -> None:
        raise InvalidInput("no")

    schedules = [Schedule(EVERY_TEN, 0, fails), Schedule(EVERY_TEN, 0, lambda: fired.append("second"))]
    Scheduler(lambda: schedules).tick(TEN - 1, TEN)
    assert fired == ["second"]


def test_the_thread_fires_when_it_is_woken_after_the_moment_and_survives_what_breaks() -> None:
    moment, fired = [TEN - 1], threading.Event()
    calls: list[int] = []

    def schedules() -> list[Schedule]:
        calls.append(1)
        if len(calls) == 2:
            raise KeyError("a broken definition")
        return [Schedule(EVERY_TEN, 0, fired.set)]

    scheduler = Scheduler(schedules, clock=lambda: moment[0])
    scheduler.start()
    moment[0] = TEN + 1
    scheduler.wake()
    while not fired.wait(0.01):
        moment[0] += 600
        scheduler.wake()
    scheduler.close()
    assert len(calls) > 2
