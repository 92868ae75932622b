"""Signals that end a command: each as Ctrl-C does, and none in the middle of what must not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# what a person, a terminal that closes, and a service manager or a time limit send
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Any  # what signal.signal() takes and gives: a function, SIG_DFL, SIG_IGN or None


@contextmanager
def ending_as_ctrl_c() -> Iterator[list[int]]:
    """While the block runs, SIGTERM and SIGHUP raise KeyboardInterrupt, too; the numbers of those that came.

    What handles Ctrl-C then handles all of them, and nothing that was started is left.
    """
    came: list[int] = []

    def interrupt(number: int, _: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    with _handling(interrupt):
        yield came


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A signal that comes while the block runs takes effect when it has ended."""
    came: list[int] = []
    with _handling(lambda number, _: came.append(number)) as before:
        yield
    # not in a `finally`: of a block that failed the failure is told
    if came:
        handler = before[came[0]]
        if callable(handler):
            handler(came[0], None)
        else:
            signal.raise_signal(came[0])


@contextmanager
def _handling(handler: Callable[[int, object], None]) -> Iterator[Mapping[int, _Handler]]:
    """Handle these signals, but those that are ignored, as nohup wants SIGHUP; the handlers there were before.

    Only the main thread can, and only it is interrupted.
    """
    before: dict[int, _Handler] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in _ENDING}
        before = {number: found for number, found in before.items() if found not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield before
    finally:
        for number, found in before.items():
            signal.signal(number, found)
