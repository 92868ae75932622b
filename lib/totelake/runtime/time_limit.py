"""A time limit for a look: a server, a disk or a program may take a question and never answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from threading import Thread
from typing import Callable, TypeVar

from totelake.errors import NoAnswerError

T = TypeVar("T")


def within(seconds: float, look: Callable[[], Iterable[T]], silent: str) -> Iterator[T]:
    """What the look finds, and then whatever it raises; it runs with the caller's context in a thread of its own.

    Raises NoAnswerError with the sentence `silent` when it does not end within so many seconds. It is left behind then:
    nothing ends a thread that waits for an answer, and it keeps no program from its end.
    """
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            for item in look():
                found.append(item)
        except BaseException as error:  # the caller gets it, whatever it is
            raised.append(error)

    thread = Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(seconds)
    is_silent = thread.is_alive()
    yield from tuple(found)
    if is_silent:
        raise NoAnswerError(silent)
    if raised:
        raise raised[0]
