"""Where a log may have garbage: what its attempts have in flight, and its state."""

from __future__ import annotations

from totelake.lake.keys import COMMITS, INFLIGHT, STATE, number_text
from totelake.ports.object_store import Listed, ObjectStore

# sorts after every key below a number, and before those of the next
_AFTER = "~"


def logs_of(store: ObjectStore) -> list[str]:
    """The names of a bucket's logs."""
    return list(store.folders(f"{COMMITS}/"))


def inflight_of(store: ObjectStore, log: str, mark: int) -> list[Listed]:
    """What attempts at a log's numbers beyond the mark have in flight."""
    prefix = f"{INFLIGHT}/{log}/"
    return list(store.list(prefix, f"{prefix}{number_text(mark)}{_AFTER}"))


def state_of(store: ObjectStore, log: str) -> list[Listed]:
    """A log's objects of state."""
    return list(store.list(f"{STATE}/{log}/"))
