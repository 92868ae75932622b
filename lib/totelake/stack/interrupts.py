"""Signals that end a command: each as Ctrl-C does, and none in the middle of what must not be left half done."""

from __future__ import annotations

import atexit
import signal
import subprocess  # nosec B404 # programs that have to end by themselves
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

# what a person, a terminal that closes, and a service manager or a time limit send
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# and the number of the signal: the exit status of a command that it ended, as shells have it
SIGNALLED = 128
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


def ignore_at_exit() -> None:
    """While Python ends, these signals do nothing: the command is done, and its exit status says how.

    Else a SIGINT in those milliseconds kills the process: CPython puts its default action back before it ends.
    """

    def ignore() -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)

    atexit.register(ignore)


@contextmanager
def uninterrupted(tell: Callable[[], None] = lambda: None) -> Iterator[list[int]]:
    """A signal that comes while the block runs takes effect when it has ended; the numbers of those that came.

    `tell` is called for each of them at once.
    """
    came: list[int] = []

    def put_off(number: int, _: object) -> None:
        came.append(number)
        tell()

    with _handling(put_off) as before:
        yield came
    # not in a `finally`: of a block that failed the failure is told
    if came:
        handler = before[came[0]]
        if callable(handler):
            handler(came[0], None)
        else:
            signal.raise_signal(came[0])


def run_to_its_end(words: Sequence[str], variables: Mapping[str, str], is_read: bool = False) -> tuple[int, bytes]:
    """Run a program that has to write down what it has done; its exit status, and its output when that is read.

    The first signal that would end this process interrupts the program, once, and takes effect when the program has
    ended by itself, however long that takes. A second one would make the program leave without writing.
    """
    untold: list[subprocess.Popen[bytes]] = []

    def interrupt() -> None:
        with suppress(IndexError):
            untold.pop().send_signal(signal.SIGINT)

    with uninterrupted(interrupt) as came:
        # a session of its own: else the terminal's Ctrl-C reaches the program too, which is a second one
        process = subprocess.Popen(  # nosec B603 # no shell
            list(words), env=dict(variables), stdout=subprocess.PIPE if is_read else None, start_new_session=True
        )
        untold.append(process)
        if came:
            interrupt()
        output, _ = process.communicate()
    return process.returncode, output or b""


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
