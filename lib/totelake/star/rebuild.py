"""Rebuild: a star table is built anew from all accepted events, by the contracts of now, beside what readers read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from totelake.alerts.messages import quarantined
from totelake.alerts.store import note
from totelake.contracts.model import Table
from totelake.errors import RetriableError
from totelake.lake.keys import Attempt
from totelake.lake.layout import Layout, folder_of
from totelake.lake.manifest import REBUILD
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import JudgedBatch
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildArguments
from totelake.star.batches import JudgedBatches
from totelake.star.plan import Unit
from totelake.star.replay import Replay
from totelake.star.session import StarSession


class Rebuild:
    """Builds star tables anew, as far as they are built. One commit holds all of a table, whatever the row limit is."""

    def __init__(
        self, job: Job[BuildArguments], zone: ProcessedZone, session: StarSession, batches: JudgedBatches
    ) -> None:
        self._job, self._zone, self._session, self._batches = job, zone, session, batches
        self._replay = Replay(job, zone, session)

    def rebuild(self, table: Table) -> None:
        """Commit and publish a table anew, with what of its quarantine fits by now; nothing while it has no commit.

        Raises StarTableError when it cannot be built, DamagedError for an object that is not what was accepted, and
        RetriableError when another run commits first: the table stays as it was.
        """
        commits = self._zone.commits(table)
        if not commits:
            self._job.log.info("%s: nothing is built yet", table.name)
            return
        log, newest = self._zone.log(table), commits[-1]
        unit = whole(table, newest, self._batches.since(0), folders_of(commits))
        attempt = Attempt.new(table.name, newest.number + 1, self._job.arguments.run.id)
        self._batches.check(unit.keys)
        written = unit.unchanged() if unit.is_empty else self._session.writer().write(unit, attempt)
        commit = replace(unit.commit(written), kind=REBUILD)
        manifest = commit.manifest(attempt, self._job.now())
        if not log.commit(manifest):
            raise RetriableError(f"another run committed to {table.name} meanwhile; rebuild it again")
        rows, left = commit.commit.rows, commit.commit.quarantined
        self._job.log.info("%s: built anew, %d rows, %d in quarantine", table.name, rows, left)
        if left:
            note(self._job, quarantined(table.name, left, manifest.number))
        # a replay publishes both commits, so that no reader misses the rows that had left the quarantine before
        log.finish(manifest)
        self._replay.replay(table)
        self._zone.finish(table, manifest)


def folders_of(commits: Iterable[StarCommit]) -> frozenset[str]:
    """The folders of all partitions that a star table has ever had."""
    of_commits = (
        {*commit.layout.moved, *commit.layout.small, *(folder_of(item) for item in commit.objects)}
        for commit in commits
    )
    return frozenset().union(*of_commits)


def whole(table: Table, newest: StarCommit, batches: Iterable[JudgedBatch], folders: Iterable[str]) -> Unit:
    """All that a table is built of, as one unit that follows nothing and leaves what is in these folders behind."""
    number = newest.number + 1
    before = StarCommit(
        table.name, table.source, newest.number, layout=Layout().compacted(folders, number), rebuilt=number
    )
    taken = tuple(batch for batch in batches if batch.batch <= newest.through)
    return Unit(table, before, newest.verdict, taken)
