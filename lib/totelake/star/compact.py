"""Compaction: a partition that has gathered many small objects is written anew as few, and moved there in one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from totelake.contracts.model import Table
from totelake.errors import StarTableError
from totelake.lake.keys import Attempt, number_text
from totelake.lake.layout import SMALL, folder_of
from totelake.lake.manifest import COMPACTION, LakeObject, TableCommit
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.star_commit import StarCommit, live_objects
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildArguments
from totelake.star.session import StarSession


class Compactor:
    """Compacts star tables: the partitions that have `compact_objects` small objects or more."""

    def __init__(self, job: Job[BuildArguments], zone: ProcessedZone, session: StarSession) -> None:
        self._job, self._zone, self._session = job, zone, session

    def compact(self, table: Table, newest: StarCommit) -> None:
        """Write anew what is due after the newest commit. When another run commits first, a later run does it."""
        folders = newest.layout.due(self._job.arguments.compact_objects)
        if not folders:
            return
        log = self._zone.log(table)
        begin = min(newest.layout.moved.get(folder, 0) for folder in folders)
        commits = self._zone.commits(table, max(begin - 1, 0))
        known = [commit for commit in commits if commit.number <= newest.number]
        items = [item for item in live_objects(known) if folder_of(item) in folders]
        attempt = Attempt.new(table.name, newest.number + 1, self._job.arguments.run.id)
        small = [item for item in items if item.bytes < SMALL]
        written = self._session.writer().write_anew(table, small, attempt)
        commit = compaction(newest, items, written, attempt)
        manifest = commit.manifest(attempt, self._job.now())
        if not log.commit(manifest):
            self._job.log.info("%s: another run committed meanwhile; compacted another time", table.name)
            return
        self._zone.finish(table, manifest)
        self._job.log.info("%s: %d objects written anew as %d", table.name, len(items), len(commit.objects))


def compaction(
    newest: StarCommit, items: Sequence[LakeObject], written: Sequence[LakeObject], attempt: Attempt
) -> StarCommit:
    """The commit of partitions written anew: large objects as they are, the small ones' rows as `written`.

    Raises StarTableError when the rows are not as many as they were.
    """
    folders = sorted({folder_of(item) for item in items})
    layout = newest.layout.compacted(folders, attempt.number)
    large = [item for item in items if item.bytes >= SMALL]
    objects = tuple(
        LakeObject(
            staged=item.staged,
            key=f"{layout.prefix(newest.table, folder_of(item))}{number_text(attempt.number)}-{index}.parquet",
            rows=item.rows,
            bytes=item.bytes,
            checksum=item.checksum,
            partition=item.partition,
        )
        for index, item in enumerate([*large, *written])
    )
    before, after = (_rows(found) for found in (items, objects))
    if before != after:
        raise StarTableError(
            f"{newest.table}: partitions with {before} rows were written anew as {after}; nothing was committed, "
            "see that the table's objects are whole"
        )
    return newest.following(COMPACTION, TableCommit(objects, sum(after.values())), layout)


def _rows(items: Sequence[LakeObject]) -> dict[str, int]:
    """The rows in each partition's folder."""
    found = Counter[str]()
    for item in items:
        found[folder_of(item)] += item.rows
    return dict(found)
