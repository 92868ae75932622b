"""Batch: one commit of a source's log. It holds the events of one look and the bookmark that moved with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, DATA, Manifest, TableCommit
from totelake.lake.reading import checked, reading
from totelake.schemas.changes import Change
from totelake.schemas.columns import TableSchema, documents_of

_FINGERPRINT, _SCHEMA = "fingerprint", "schema"
_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as 64-bit transaction ids: all below `xmin` had ended, none from `xmax` on had begun."""

    xmin: int
    xmax: int
    text: str

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """Read pg_current_snapshot()'s form `xmin:xmax:list`."""
        xmin, xmax = text.split(":")[:2]
        return cls(int(xmin), int(xmax), text)


@dataclass(frozen=True)
class ServerIdentity:
    """A server and its position; `lsn` counts bytes of its write-ahead log, `started` is its start in UTC."""

    system: str
    timeline: int
    in_recovery: bool
    lsn: int
    version: int
    dbname: str
    started: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ServerIdentity:
        """Read it from a manifest."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Window:
    """The row versions written by transactions from a snapshot's xmin on: how many, and a digest of (key, xmin)."""

    rows: int
    digest: str


@dataclass(frozen=True)
class StateFile:
    """A file of state; only the manifest names it. `sha256` is the SHA-256 that S3 keeps of it, in hex."""

    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class LedgerFiles:
    """A ledger's files: a base, and small deltas on top of it, the oldest first."""

    base: StateFile | None = None
    deltas: tuple[StateFile, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> LedgerFiles:
        """Read them from a manifest."""
        base = document["base"]
        deltas = tuple(StateFile(**item) for item in document["deltas"])
        return cls(StateFile(**base) if base else None, deltas)

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        return {"base": asdict(self.base) if self.base else None, "deltas": [asdict(item) for item in self.deltas]}


@dataclass(frozen=True)
class TableState:
    """One table as captured. `keys` counts those in the ledger; `deferred` of them are gone from the source.

    `search` and `why` say how it was searched. `compare` is the reason why the next run compares this table whole;
    empty when it need not. `key` names the columns whose values the ledger has; empty in states older than this field.
    `key_kind` says of which kinds they are; empty for one integer.
    """

    keys: int
    deferred: int
    fingerprint: str
    window: Window
    ledger: LedgerFiles
    search: str
    why: str
    compare: str = ""
    key: str = ""
    key_kind: str = ""

    @property
    def expected(self) -> int:
        """The rows that the table has when nothing was inserted or deleted since."""
        return self.keys - self.deferred

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> TableState:
        """Read it from a manifest."""
        parts = {"window": Window(**document["window"]), "ledger": LedgerFiles.of(document["ledger"])}
        return cls(**{**document, **parts})

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        document = {**asdict(self), "ledger": self.ledger.document}
        if not self.key_kind:
            del document["key_kind"]
        return document


@dataclass(frozen=True)
class BlockedTable:
    """Why a table is not captured: the schema change, the sentence with the remedy, and the first batch without the
    table; 0 before that batch is committed."""

    change: Change
    why: str
    since: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> BlockedTable:
        """Read it from a manifest."""
        return cls(Change.of(document["change"]), document["why"], document["since"])

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        return {"change": self.change.document, "why": self.why, "since": self.since}

    def is_like(self, other: BlockedTable | None) -> bool:
        """Whether it is blocked for the same reason as before."""
        return other is not None and (self.change, self.why) == (other.change, other.why)


@dataclass(frozen=True)
class Bookmark:
    """Where ingestion stands: the number of the newest batch, the server and snapshot it came from, every table.

    `compare` is the reason why the next run compares every table whole; empty when it need not. `since` is the batch
    to whose snapshot the bookmark was moved; 0 when it was not. `blocked` tables keep the state that they had when they
    were captured last. A feed has a `position` of its own form in the place of server and snapshot.
    """

    batch: int = 0
    identity: ServerIdentity | None = None
    snapshot: Snapshot | None = None
    captured_at: str = ""
    durable: bool = True
    compare: str = ""
    since: int = 0
    tables: Mapping[str, TableState] = field(default_factory=dict)
    blocked: Mapping[str, BlockedTable] = field(default_factory=dict)
    position: Mapping[str, Any] | None = None

    @property
    def is_move(self) -> bool:
        """Whether nothing was captured: a person or the nightly job only changed what the next run searches."""
        return bool(self.since or self.compare or any(state.compare for state in self.tables.values()))

    @classmethod
    def of(cls, manifest: Manifest | None) -> Bookmark:
        """The bookmark inside a manifest; an empty one before the first."""
        if manifest is None:
            return cls()
        state = manifest.state
        with reading(manifest.key):
            position = state.get("position")
            found = cls(
                batch=manifest.number,
                identity=ServerIdentity.of(state["identity"]) if position is None else None,
                snapshot=Snapshot.parse(state["snapshot"]) if position is None else None,
                captured_at=state["captured_at"],
                durable=state["durable"],
                compare=state["compare"],
                since=state.get("since", 0),
                tables={name: TableState.of(entry) for name, entry in state["tables"].items()},
                blocked={name: BlockedTable.of(entry) for name, entry in state.get("obstacles", {}).items()},
                position=position,
            )
            return checked(found)

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest. Raises ValueError for a bookmark that is not of any capture."""
        return {
            **self._place,
            "captured_at": self.captured_at,
            "durable": self.durable,
            "compare": self.compare,
            "since": self.since,
            "tables": {name: table.document for name, table in self.tables.items()},
            "obstacles": {name: item.document for name, item in self.blocked.items()},
        }

    @property
    def _place(self) -> dict[str, Any]:
        if self.position is not None:
            return {"position": dict(self.position)}
        if self.identity is None or self.snapshot is None:
            raise ValueError("a bookmark without identity and snapshot, or a position, cannot be stored")
        return {"identity": asdict(self.identity), "snapshot": self.snapshot.text}

    def moved(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that only moves the bookmark here."""
        return Manifest.of_attempt(attempt, BOOKMARK, now, replace(self, batch=attempt.number).document)


@dataclass(frozen=True)
class Batch:
    """The events of one look: `commits` are the tables that have any, `schemas` those of tables whose definition
    changed, `held_back` counts deletions that the circuit breaker newly keeps from passing, by table."""

    bookmark: Bookmark
    commits: Mapping[str, TableCommit] = field(default_factory=dict)
    schemas: Mapping[str, TableSchema] = field(default_factory=dict)
    held_back: Mapping[str, int] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The batch's number."""
        return self.bookmark.batch

    @property
    def captured_at(self) -> str:
        """When the snapshot was taken (ISO 8601, UTC)."""
        return self.bookmark.captured_at

    @property
    def rows(self) -> int:
        """Events in all tables."""
        return sum(table.rows for table in self.commits.values())

    @property
    def all_schemas(self) -> dict[str, TableSchema]:
        """The schemas that the batch brings: those that changed, and those of its events."""
        return {**self.schemas, **{name: schema_of(item) for name, item in self.commits.items()}}

    @classmethod
    def of(cls, manifest: Manifest) -> Batch:
        """Read a commit of a source's log."""
        with reading(manifest.key):
            schemas = manifest.state.get("schemas", {})
            found = cls(
                Bookmark.of(manifest),
                manifest.tables,
                {name: TableSchema.of(entry["fingerprint"], entry["columns"]) for name, entry in schemas.items()},
                manifest.state.get("held_back", {}),
            )
            return checked_schemas(found, found.commits.values())

    def manifest(self, attempt: Attempt, now: datetime) -> Manifest:
        """The commit that an attempt makes."""
        state = {
            **self.bookmark.document,
            "schemas": {
                name: {"fingerprint": item.fingerprint, "columns": documents_of(item.columns)}
                for name, item in self.schemas.items()
            },
            "held_back": dict(self.held_back),
        }
        return Manifest.of_attempt(attempt, DATA if self.commits else BOOKMARK, now, state, self.commits)


def with_schema(commit: TableCommit, schema: TableSchema) -> TableCommit:
    """A table's commit that says which schema its objects have."""
    return replace(commit, extra={_FINGERPRINT: schema.fingerprint, _SCHEMA: documents_of(schema.columns)})


def schema_of(commit: TableCommit) -> TableSchema:
    """The schema of a table's objects in a batch or a verdict. Raises LakeError when it says none."""
    with reading(f"a commit of {commit.rows} rows that names no schema"):
        return TableSchema.of(commit.extra[_FINGERPRINT], commit.extra[_SCHEMA])


def checked_schemas(record: _Record, commits: Iterable[TableCommit]) -> _Record:
    """The record itself, once it and the schemas in its tables' commits are of the right form. Raises TypeError."""
    checked([schema_of(commit) for commit in commits if commit.extra])
    return checked(record)
