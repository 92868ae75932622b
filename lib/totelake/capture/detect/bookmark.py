"""The bookmark: what the newest manifest says about the source, and from where the next search starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from totelake.capture.detect.blocked import Obstacle
from totelake.capture.postgres.server import Identity
from totelake.capture.postgres.session import Snapshot
from totelake.lake.manifest import Manifest


@dataclass(frozen=True)
class Window:
    """The row versions written by transactions from a snapshot's xmin on: how many, and a digest of (key, xmin)."""

    rows: int
    digest: str


@dataclass(frozen=True)
class TableState:
    """One table as captured. `keys` counts those in the ledger; `deferred` of them are gone from the source.

    `compare` is the reason why the next run compares this table whole; empty when it need not. `key` is the column
    whose values the ledger has; empty in states of before that was noted.
    """

    keys: int
    deferred: int
    fingerprint: str
    window: Window
    ledger: Mapping[str, Any]
    search: str
    why: str
    compare: str = ""
    key: str = ""

    @property
    def expected(self) -> int:
        """The rows that the table has when nothing was inserted or deleted since."""
        return self.keys - self.deferred

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> TableState:
        """Read it from a manifest's state."""
        return cls(**{**document, "window": Window(**document["window"])})

    def to_dict(self) -> dict[str, Any]:
        """The form in a manifest's state."""
        return asdict(self)


@dataclass(frozen=True)
class Bookmark:
    """Where ingestion stands: the number of the newest batch, the server and snapshot it came from, every table.

    `compare` is the reason why the next run compares every table whole; empty when it need not. `since` is the batch
    to whose snapshot the bookmark was moved; 0 when it was not. `obstacles` are of tables that were left out: they keep
    the state that they had when they were captured last.
    """

    batch: int = 0
    identity: Identity | None = None
    snapshot: Snapshot | None = None
    captured_at: str = ""
    durable: bool = True
    compare: str = ""
    since: int = 0
    tables: Mapping[str, TableState] = field(default_factory=dict)
    obstacles: Mapping[str, Obstacle] = field(default_factory=dict)

    @property
    def is_move(self) -> bool:
        """Whether nothing was captured: only what the next run searches was changed, by hand."""
        return bool(self.since or self.compare or any(state.compare for state in self.tables.values()))

    @classmethod
    def of(cls, manifest: Manifest | None) -> Bookmark:
        """The bookmark inside a manifest; an empty one before the first."""
        if manifest is None:
            return cls()
        state = manifest.state
        return cls(
            batch=manifest.number,
            identity=Identity.from_dict(state["identity"]),
            snapshot=Snapshot.parse(state["snapshot"]),
            captured_at=state["captured_at"],
            durable=state["durable"],
            compare=state["compare"],
            since=state.get("since", 0),
            tables={name: TableState.from_dict(entry) for name, entry in state["tables"].items()},
            obstacles={name: Obstacle.of(entry) for name, entry in state.get("obstacles", {}).items()},
        )

    def state(self) -> dict[str, Any]:
        """The form in a manifest's state. Raises ValueError for a bookmark that is not of any capture."""
        if self.identity is None or self.snapshot is None:
            raise ValueError("a bookmark without identity and snapshot cannot be stored")
        return {
            "identity": self.identity.to_dict(),
            "snapshot": self.snapshot.text,
            "captured_at": self.captured_at,
            "durable": self.durable,
            "compare": self.compare,
            "since": self.since,
            "tables": {name: table.to_dict() for name, table in self.tables.items()},
            "obstacles": {name: obstacle.document for name, obstacle in self.obstacles.items()},
        }
