"""Compaction: a partition that has gathered many small objects is written anew as few, and moved there in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable

from totelake.contracts.model import Table
from totelake.errors import LakeError
from totelake.lake.keys import Attempt, number_text
from totelake.lake.layout import SMALL, Layout, folder_of, live_objects
from totelake.lake.manifest import COMPACTION, LakeObject, Manifest, TableCommit
from totelake.lake.processed import ProcessedZone
from totelake.runtime.runtime import Runtime

if TYPE_CHECKING:
    from totelake.star.write import UnitWriter

# of one commit's state only; everything else a commit hands on to the next
_OWN_STATE = ("batches", "replayed")


class Compactor:
    """Compacts star tables of one zone; `threshold` is the number of small objects from which it is worth it."""

    def __init__(self, runtime: Runtime, zone: ProcessedZone, run_id: str, threshold: int) -> None:
        self._runtime, self._zone, self._run_id, self._threshold = runtime, zone, run_id, threshold

    def compact(self, table: Table, newest: Manifest, writer: Callable[[], UnitWriter]) -> Manifest | None:
        """Write anew what is due after the newest commit; None when nothing is, or when another run was faster."""
        folders = Layout.of(newest.state).due(self._threshold)
        if not folders:
            return None
        log = self._zone.log(table)
        begin = min(Layout.of(newest.state).moved.get(folder, 0) for folder in folders)
        commits = [item for item in log.since(max(begin - 1, 0)) if item.number <= newest.number]
        items = [item for item in live_objects(table.name, commits) if folder_of(item) in folders]
        attempt = Attempt.new(table.name, newest.number + 1, self._run_id)
        small = [item for item in items if item.bytes < SMALL]
        written = writer().write_anew(table, small, attempt)
        manifest = compaction(table, newest, items, written, attempt, self._runtime.now().isoformat())
        if not log.commit(manifest):
            self._runtime.log.info("%s: another run committed meanwhile; compacted another time", table.name)
            return None
        self._zone.finish(table, manifest)
        count = len(manifest.objects_of(table.name))
        self._runtime.log.info("%s: %d objects written anew as %d", table.name, len(items), count)
        return manifest


def compaction(
    table: Table,
    newest: Manifest,
    items: Sequence[LakeObject],
    written: Sequence[LakeObject],
    attempt: Attempt,
    now: str,
) -> Manifest:
    """The commit of partitions written anew: large objects as they are, the small ones' rows as `written`.

    Raises LakeError when the rows are not as many as they were.
    """
    folders = sorted({folder_of(item) for item in items})
    layout = Layout.of(newest.state).compacted(folders, attempt.number)
    large = [item for item in items if item.bytes >= SMALL]
    objects = [
        LakeObject(
            staged=item.staged,
            key=f"{layout.prefix(table.name, folder_of(item))}{number_text(attempt.number)}-{index}.parquet",
            rows=item.rows,
            bytes=item.bytes,
            checksum=item.checksum,
            partition=item.partition,
        )
        for index, item in enumerate([*large, *written])
    ]
    before, after = (_rows(found) for found in (items, objects))
    if before != after:
        raise LakeError(
            f"{table.name}: partitions with {before} rows were written anew as {after}; nothing was committed, "
            "see that the table's objects are whole and run the job again"
        )
    return Manifest(
        log=table.name,
        number=attempt.number,
        attempt=attempt.id,
        kind=COMPACTION,
        committed_at=now,
        tables={table.name: TableCommit(tuple(objects), sum(item.rows for item in objects))},
        state={
            **{name: value for name, value in newest.state.items() if name not in _OWN_STATE},
            "batches": {},
            **layout.state(),
        },
    )


def _rows(items: Sequence[LakeObject]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        found[folder_of(item)] = found.get(folder_of(item), 0) + item.rows
    return found
