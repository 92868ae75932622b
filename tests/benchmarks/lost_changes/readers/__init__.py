"""The readers: each has a name, looks at the source when it is told to, and shows the copy that it keeps."""

from __future__ import annotations

from typing import Protocol

from tests.benchmarks.lost_changes.verdict import Replica


class Reader(Protocol):
    """One way to follow the source."""

    name: str

    def look(self) -> int:
        """Read what is new; how many rows were delivered, whether they changed anything or not."""

    def replica(self) -> Replica:
        """The reader's copy of the source, as one would query it."""
