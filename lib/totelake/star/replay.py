"""Replay: quarantined rows are tried again after a contract was corrected; those that fit become rows of their own
batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import RetriableError
from totelake.lake.keys import Attempt
from totelake.lake.manifest import REPLAY
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.star_commit import StarCommit, standing
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildArguments
from totelake.star.plan import Written, is_joined
from totelake.star.session import StarSession


class Replay:
    """Replays the quarantine of star tables. Joined dimensions have none to replay: a row that waits for its parent
    is built when the parent arrives."""

    def __init__(self, job: Job[BuildArguments], zone: ProcessedZone, session: StarSession) -> None:
        self._job, self._zone, self._session = job, zone, session

    def replay(self, table: Table) -> None:
        """Commit the quarantined rows of a table that fit now. Raises RetriableError when another run commits first."""
        commits = [] if is_joined(table) else standing(self._zone.commits(table))
        if not commits:
            return
        log, newest = self._zone.log(table), commits[-1]
        attempt = Attempt.new(table.name, newest.number + 1, self._job.arguments.run.id)
        written = self._written(table, commits, attempt)
        if written is None or not written.commit.objects:
            self._job.log.info("%s: nothing in quarantine fits", table.name)
            return
        manifest = replayed(newest, written).manifest(attempt, self._job.now())
        if not log.commit(manifest):
            raise RetriableError(f"another run committed to {table.name} meanwhile; replay again")
        self._zone.finish(table, manifest)
        self._job.log.info("%s: %d rows left the quarantine", table.name, written.commit.rows)

    def _written(self, table: Table, commits: Sequence[StarCommit], attempt: Attempt) -> Written | None:
        writer = self._session.replay_writer()
        if table.driving is not None:
            return writer.rows(table, commits, attempt)
        facts = {fact.name: standing(self._zone.commits(fact)) for fact in load_contracts().facts(table.source)}
        return writer.dates(table, commits[-1], facts, attempt)


def replayed(newest: StarCommit, written: Written) -> StarCommit:
    """The commit of rows that left the quarantine; it takes no new batch."""
    commit = newest.layout.placed(newest.table, written.commit)
    following = newest.following(REPLAY, commit, newest.layout.grown(commit.objects))
    return replace(following, replayed=written.replayed, years=written.years or newest.years)
