"""Work with an end: an answer that drips, byte by byte, passes every time-out between two bytes."""

from __future__ import annotations

import queue
import threading
from typing import Callable, TypeVar

Result = TypeVar("Result")


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What the work gives, or raises. Raises TimeoutError when it takes longer; it is then left to itself, in a thread
    that ends with the process."""
    done: queue.Queue[tuple[bool, object]] = queue.Queue(1)

    def run() -> None:
        try:
            done.put((True, work()))
        except BaseException as error:
            done.put((False, error))

    threading.Thread(target=run, name="request", daemon=True).start()
    try:
        is_done, found = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no end within {seconds} s") from None
    if not is_done:
        assert isinstance(found, BaseException)  # nosec B101 # as run() puts it
        raise found
    return found  # type: ignore[return-value]
