"""A store that fails as an object store can: lost answers, conflicts, outages, others who come first."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Callable

from totelake.errors import LakeError, RetriableError
from totelake.ports.memory import MemoryStore
from totelake.ports.object_store import Listed

LOST = RetriableError("AWS did not answer in time: Read timeout; run the job again")
BUSY = RetriableError("PutObject failed with SlowDown; run the job again")
REFUSED = LakeError("PutObject failed with AccessDenied; grant the job's role this action")


class FaultyStore(MemoryStore):
    """Objects in memory, and what goes wrong.

    `faults` are called before a creation, in turn, and may write and raise; `read_faults` are raised by reads, in turn.
    `copies` and `pages` count requests.
    """

    def __init__(self, bucket: str = "bucket") -> None:
        super().__init__(bucket)
        self.faults: list[Callable[[str, bytes], None]] = []
        self.read_faults: list[Exception] = []
        self.copies = 0
        self.pages = 0
        self._counting = Lock()

    def create(self, key: str, body: bytes) -> bool:
        """Write an object only where none is, after the next fault."""
        if self.faults:
            self.faults.pop(0)(key, body)
        return super().create(key, body)

    def find(self, key: str) -> bytes | None:
        """The whole object, or the next fault."""
        if self.read_faults:
            raise self.read_faults.pop(0)
        return super().find(key)

    def copy(self, source: str, target: str, size: int) -> None:
        """Copy an object, counted."""
        with self._counting:
            self.copies += 1
        super().copy(source, target, size)

    def page(self, prefix: str, after: str = "") -> tuple[Sequence[Listed], bool]:
        """One page of a listing, counted."""
        with self._counting:
            self.pages += 1
        return super().page(prefix, after)


def failing(error: Exception) -> Callable[[str, bytes], None]:
    """A fault that writes nothing."""

    def fault(key: str, body: bytes) -> None:
        raise error

    return fault


def unanswered(store: MemoryStore) -> Callable[[str, bytes], None]:
    """A fault whose write takes place, but whose answer is lost."""

    def fault(key: str, body: bytes) -> None:
        store.put(key, body)
        raise LOST

    return fault
