"""Manifests: what one commit consists of. A manifest in place is the commit; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from totelake.errors import LakeError
from totelake.lake.keys import Attempt, commit_key
from totelake.lake.reading import checked, reading

FORMAT = 1
DATA = "data"
BOOKMARK = "bookmark"
REPLAY = "replay"
COMPACTION = "compaction"
REBUILD = "rebuild"
_OBJECTS = ("objects", "quarantine")
_ALWAYS = ("objects", "rows", "inserts", "updates", "deletes")


@dataclass(frozen=True)
class LakeObject:
    """One object: staged by an attempt, copied to its final key once committed. `checksum` is its SHA-256 in hex."""

    staged: str
    key: str
    rows: int
    bytes: int
    checksum: str = ""
    partition: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableCommit:
    """What a commit does to one table; rows that did not fit are in `quarantine`."""

    objects: tuple[LakeObject, ...] = ()
    rows: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    quarantined: int = 0
    quarantine: tuple[LakeObject, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """One commit of a log; `state` is the bookmark that moves with it."""

    log: str
    number: int
    attempt: str
    kind: str
    committed_at: str
    tables: Mapping[str, TableCommit] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_attempt(
        cls,
        attempt: Attempt,
        kind: str,
        now: datetime,
        state: Mapping[str, Any],
        tables: Mapping[str, TableCommit] | None = None,
    ) -> Manifest:
        """What an attempt is to commit. Records make their manifests here, and nobody else does."""
        return cls(attempt.log, attempt.number, attempt.id, kind, now.isoformat(), tables or {}, state)

    @property
    def key(self) -> str:
        """The key that it lies at."""
        return commit_key(self.log, self.number)

    def objects(self) -> Iterator[LakeObject]:
        """Every object of every table, its quarantine's included."""
        for table in self.tables.values():
            yield from table.objects
            yield from table.quarantine

    def objects_of(self, name: str) -> tuple[LakeObject, ...]:
        """The objects of one table, none when the commit does not touch it."""
        return self.tables[name].objects if name in self.tables else ()

    def quarantine_of(self, name: str) -> tuple[LakeObject, ...]:
        """The objects with the rows that a table quarantined."""
        return self.tables[name].quarantine if name in self.tables else ()


def to_json(manifest: Manifest) -> bytes:
    """The manifest as readable JSON, keys in a fixed order."""
    document = {
        "format": FORMAT,
        "log": manifest.log,
        "number": manifest.number,
        "attempt": manifest.attempt,
        "kind": manifest.kind,
        "committed_at": manifest.committed_at,
        "tables": {name: _table_document(table) for name, table in manifest.tables.items()},
        "state": manifest.state,
    }
    return (json.dumps(document, indent=1) + "\n").encode("utf-8")


def _table_document(table: TableCommit) -> dict[str, Any]:
    document = dict(vars(table))
    for name in _OBJECTS:
        document[name] = [dict(vars(item), partition=dict(item.partition)) for item in getattr(table, name)]
    return document


def _table(entry: Mapping[str, Any]) -> TableCommit:
    missing = [name for name in _ALWAYS if name not in entry]
    if missing:
        raise KeyError(missing[0])
    objects = {name: tuple(LakeObject(**item) for item in entry.get(name, ())) for name in _OBJECTS}
    return TableCommit(**{**entry, **objects})


def from_json(body: bytes, where: str) -> Manifest:
    """Read a manifest; `where` names it in errors. Raises LakeError when it is damaged or of a newer format."""
    with reading(where):
        document = json.loads(body)
        if document["format"] is True or document["format"] != FORMAT:
            raise LakeError(f"{where} has format {document['format']}, this version reads {FORMAT}; upgrade totelake")
        tables = {name: _table(entry) for name, entry in document["tables"].items()}
        fields = ("log", "number", "attempt", "kind", "committed_at", "state")
        return checked(Manifest(tables=tables, **{name: document[name] for name in fields}))
