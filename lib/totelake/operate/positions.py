"""Where every step stands for one source: the newest batch, its verdict, each star table, the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from totelake.contracts import Contracts
from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.records.batch import Batch
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import BLOCKED, LOG, Verdict
from totelake.operate.held import HeldTable, held_tables
from totelake.ports.object_store import ObjectStore
from totelake.ports.postgres import read_only

_AT_ONCE = 8
_APPLIED = """SELECT target_table, max(batch) FROM etl.batch WHERE source = %s AND held = 0 GROUP BY 1"""


@dataclass(frozen=True)
class SourceTable:
    """A source table in the newest batch: keys known, how it was searched and why, and its events then.

    `search` is "not captured" where the table is blocked.
    """

    name: str
    keys: int
    search: str
    why: str
    events: int


@dataclass(frozen=True)
class Positions:
    """Batch numbers by step; None where nothing was done yet, `applied` None when the warehouse was not asked.

    `captured_at` and `snapshot` are '' before the first batch, `identity` of the server is empty. `held` are the star
    tables that something holds back.
    """

    batch: int | None
    captured_at: str
    snapshot: str
    identity: Mapping[str, Any]
    tables: tuple[SourceTable, ...]
    judged: int | None
    built: Mapping[str, int | None]
    applied: Mapping[str, int | None] | None
    held: tuple[HeldTable, ...] = ()

    def document(self) -> dict[str, Any]:
        """The positions for machines."""
        return asdict(self)


def read(
    ingestion: ObjectStore, processed: ObjectStore, contracts: Contracts, source: str, warehouse_dsn: str | None
) -> Positions:
    """Look up how far a source has come. Raises WarehouseError when a warehouse is named and cannot be asked."""
    newest = CommitLog(ingestion, source).newest()
    batch = Batch.of(newest) if newest else None
    verdict = Verdict.of(CommitLog(ingestion, LOG).newest())
    tables = contracts.star_tables(source)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        built = dict(zip([table.name for table in tables], pool.map(lambda table: _built(processed, table), tables)))
    bookmark = batch.bookmark if batch else None
    return Positions(
        batch=batch.number if batch else None,
        captured_at=batch.captured_at if batch else "",
        snapshot=bookmark.snapshot.text if bookmark and bookmark.snapshot else "",
        identity=asdict(bookmark.identity) if bookmark and bookmark.identity else {},
        tables=tuple(_tables(batch)) if batch else (),
        judged=verdict.of_source(source).through if source in verdict.sources else None,
        built=built,
        applied=_applied(warehouse_dsn, source, list(built)) if warehouse_dsn else None,
        held=tuple(held_tables(ingestion, processed, tables)),
    )


def _built(store: ObjectStore, table: Table) -> int | None:
    newest = CommitLog(store, table.name).newest()
    return StarCommit.of(table, newest).through if newest else None


def _tables(batch: Batch) -> list[SourceTable]:
    """The captured tables, then the blocked ones."""
    known, blocked = batch.bookmark.tables, batch.bookmark.blocked
    captured = [
        SourceTable(name, state.keys, state.search, state.why, _events(batch, name))
        for name, state in known.items()
        if name not in blocked
    ]
    return captured + [
        SourceTable(name, known[name].keys if name in known else 0, BLOCKED, f"since batch {item.since}: {item.why}", 0)
        for name, item in blocked.items()
    ]


def _events(batch: Batch, name: str) -> int:
    return batch.commits[name].rows if name in batch.commits else 0


def _applied(dsn: str, source: str, names: list[str]) -> dict[str, int | None]:
    with read_only(dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.batch')")
        if cursor.fetchone() == (None,):
            return dict.fromkeys(names)
        cursor.execute(_APPLIED, (source,))
        found: dict[str, int] = dict(cursor.fetchall())
    return {name: found.get(name) for name in names}
