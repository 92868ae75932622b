"""Where every step stands: the newest batch, its verdict, each star table, the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from totelake.contracts import Catalog
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.verdicts import LOG, SOURCE
from totelake.operate.warehouse import reading

_AT_ONCE = 8
_APPLIED = """SELECT target_table, max(batch) FROM etl.batch WHERE source = %s AND held = 0 GROUP BY 1"""


@dataclass(frozen=True)
class SourceTable:
    """A source table in the newest batch: keys known, how it was searched and why, and its events then.

    `search` is "not captured" where it was left out.
    """

    name: str
    keys: int
    search: str
    why: str
    events: int


@dataclass(frozen=True)
class Positions:
    """Batch numbers by step; None where nothing was done yet, `applied` None when the warehouse was not asked."""

    batch: int | None
    captured_at: str
    snapshot: str
    identity: Mapping[str, Any]
    tables: tuple[SourceTable, ...]
    judged: int | None
    built: Mapping[str, int | None]
    applied: Mapping[str, int | None] | None

    def document(self) -> dict[str, Any]:
        """The positions for machines."""
        return asdict(self)


def read(s3: Any, ingestion: str, processed: str, contracts: Catalog, warehouse_dsn: str | None) -> Positions:
    """Look everything up. Raises WarehouseError when a warehouse is named and cannot be asked."""
    newest = CommitLog(s3, ingestion, SOURCE).newest()
    verdict = CommitLog(s3, ingestion, LOG).newest()
    names = [table.name for table in contracts.warehouse_tables()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        logs = dict(zip(names, pool.map(lambda name: CommitLog(s3, processed, name).newest(), names)))
    state = newest.state if newest else {}
    return Positions(
        batch=newest.number if newest else None,
        captured_at=state.get("captured_at", ""),
        snapshot=state.get("snapshot", ""),
        identity=state.get("identity", {}),
        tables=tuple(_tables(newest)),
        judged=_through(verdict),
        built={name: _through(manifest) for name, manifest in logs.items()},
        applied=_applied(warehouse_dsn, names) if warehouse_dsn else None,
    )


def _through(manifest: Manifest | None) -> int | None:
    return None if manifest is None else int(manifest.state["through"].get(SOURCE, 0))


def _tables(newest: Manifest | None) -> list[SourceTable]:
    if newest is None:
        return []
    known, obstacles = newest.state["tables"], newest.state.get("obstacles", {})
    captured = [
        SourceTable(name, entry["keys"], entry["search"], entry["why"], _events(newest, name))
        for name, entry in known.items()
        if name not in obstacles
    ]
    return captured + [
        SourceTable(
            name,
            known[name]["keys"] if name in known else 0,
            "not captured",
            f"since batch {entry['since']}: {entry['why']}",
            0,
        )
        for name, entry in obstacles.items()
    ]


def _events(manifest: Manifest, name: str) -> int:
    return manifest.tables[name].rows if name in manifest.tables else 0


def _applied(dsn: str, names: list[str]) -> dict[str, int | None]:
    with reading(dsn) as cursor:
        cursor.execute("SELECT to_regclass('etl.batch')")
        if cursor.fetchone() == (None,):
            return dict.fromkeys(names)
        cursor.execute(_APPLIED, (SOURCE,))
        found: dict[str, int] = dict(cursor.fetchall())
    return {name: found.get(name) for name in names}
