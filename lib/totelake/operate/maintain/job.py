"""maintain_lake: once a night, recover commits, rewrite ledgers and delete garbage. All of it can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from totelake.contracts import TableId, load_contracts
from totelake.contracts.model import Table
from totelake.errors import DamagedError, TotelakeError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import APART
from totelake.lake.manifest import Manifest
from totelake.lake.records import verdict
from totelake.lake.records.batch import Bookmark
from totelake.lake.records.holds import LOG as HOLDS
from totelake.lake.records.marks import AUDIT, LOADED, MAINTENANCE, MaintenanceMark
from totelake.operate.maintain.expire import inflight_of, logs_of, state_of
from totelake.operate.maintain.garbage import Commit, Log, next_mark, stale_attempts, stale_marks, stale_state
from totelake.operate.maintain.ledgers import deltas_of, renew
from totelake.operate.maintain.recover import Recovery
from totelake.operate.maintain.replaced import replaced_of
from totelake.ports.object_store import Listed, ObjectStore
from totelake.registry.finish import restore_registered
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import MaintainArguments

_INGESTION, _PROCESSED = "ingestion", "processed"
_T = TypeVar("_T")


@dataclass
class Report:
    """What one run did, or in a dry run would have done.

    `recovered`: by log (`ingestion/verdicts`) and commit what it lacked; `folded`: the deltas of each ledger that was
    rewritten; `expired`: by log the keys that were deleted; `bytes`: of all of them.
    """

    recovered: dict[str, dict[int, str]] = field(default_factory=dict)
    folded: dict[TableId, int] = field(default_factory=dict)
    expired: dict[str, list[str]] = field(default_factory=dict)
    bytes: int = 0


def maintain_lake(job: Job[MaintainArguments]) -> Report:
    """Do the night's work on every log of both buckets and for every source.

    A failure of one log or source waits until the others are done. Raises the first one.
    """
    return _Maintenance(job).run()


class _Maintenance:
    """One run; its own log remembers up to which number every other log has nothing left to be done."""

    def __init__(self, job: Job[MaintainArguments]) -> None:
        self._job, self._now = job, job.now()
        self._own = CommitLog(job.ingestion, MAINTENANCE)
        self._recovery = Recovery(job)
        self._stars = load_contracts().stars
        self._known = {
            _INGESTION: {*load_contracts().sources, verdict.LOG, AUDIT},
            _PROCESSED: {*self._stars, HOLDS, LOADED},
        }
        self._report = Report()
        self._failures: list[TotelakeError] = []

    def run(self) -> Report:
        """Recover and expire log by log, renew the ledgers source by source, remember."""
        newest = self._own.newest()
        before = MaintenanceMark.of(newest)
        if self._job.arguments.whole_history and not self._job.arguments.dry_run:
            for source in load_contracts().sources:
                self._guarded(partial(self._restore, source), None)
        after = MaintenanceMark(self._all_logs(before.marks), self._all_sources(before.nights))
        self._guarded(self._expire_marks, None)
        self._log_report()
        if not self._job.arguments.dry_run and after != before:
            self._remember(newest, after)
        for failure in self._failures[1:]:
            self._job.log.error("%s", failure)
        if self._failures:
            raise self._failures[0]
        return self._report

    def _guarded(self, work: Callable[[], _T], otherwise: _T) -> _T:
        """Do the work of one log or source; a failure of it waits until the others are done."""
        try:
            return work()
        except TotelakeError as failure:
            self._failures.append(failure)
            return otherwise

    def _passing_over(self, work: Callable[[], _T], otherwise: _T) -> _T:
        """Do the work of a log that no contract names: what is damaged there stops no night, and is told."""

        def told() -> _T:
            try:
                return work()
            except DamagedError as failure:
                self._job.log.warning("passed over, as no contract names that log: %s", failure)
                return otherwise

        return self._guarded(told, otherwise)

    def _restore(self, source: str) -> None:
        """Put registered tables back; one that is not there is registered with what its verdicts lack."""
        for name in restore_registered(self._job, source):
            self._job.log.warning("the registered table %s was not as its batches left it; it is put back", name)

    def _all_logs(self, marks: Mapping[str, int]) -> dict[str, int]:
        """Maintain every log of both buckets; their new marks."""
        found = dict(marks)
        for zone, store in {_INGESTION: self._job.ingestion, _PROCESSED: self._job.processed}.items():
            for name in logs_of(store):
                if name != MAINTENANCE:
                    place = f"{zone}/{name}"
                    mark = 0 if self._job.arguments.whole_history else marks.get(place, 0)
                    guarded = self._guarded if name in self._known[zone] else self._passing_over
                    found[place] = guarded(partial(self._maintain, zone, store, name, mark), mark)
        return found

    def _maintain(self, zone: str, store: ObjectStore, name: str, mark: int) -> int:
        """Recover and expire one log from its mark on; the next mark."""
        table = self._stars.get(name) if zone == _PROCESSED else None
        recover, commits = self._recover(zone, name, table), []
        # the one before the first of the last day names state, too, so the commit at the mark is read again
        for manifest in CommitLog(store, name).since(max(mark - 1, 0)):
            lacks = recover(manifest)
            if lacks:
                self._report.recovered.setdefault(f"{zone}/{name}", {})[manifest.number] = lacks
            commits.append(Commit.of(manifest))
        known, listed = Log(name, commits), inflight_of(store, name, mark)
        stale = stale_attempts(known, listed, self._now) + stale_state(known, state_of(store, name), self._now)
        if table is not None:
            stale += replaced_of(self._recovery.zone, table, self._now)
        self._expire(store, f"{zone}/{name}", stale)
        return next_mark(known, mark, listed, self._now)

    def _recover(self, zone: str, name: str, table: Table | None) -> Callable[[Manifest], str]:
        """How a log's commits are finished; those of a source are finished by their verdict."""
        if zone == _INGESTION and name == verdict.LOG:
            return self._recovery.verdict
        return partial(self._recovery.star, table) if table else lambda _: ""

    def _expire_marks(self) -> None:
        """Remove the marks of tables that were left apart and have no contract any more."""
        contracts, store = load_contracts(), self._job.ingestion
        tables = {table.id for source in contracts.sources for table in contracts.source_tables(source)}
        self._expire(store, f"{_INGESTION}/{APART}", stale_marks(store.list(f"{APART}/"), tables, self._now))

    def _expire(self, store: ObjectStore, name: str, items: list[Listed]) -> None:
        if not items:
            return
        keys = sorted(item.key for item in items)
        self._report.expired[name] = keys
        self._report.bytes += sum(item.bytes for item in items)
        if not self._job.arguments.dry_run:
            store.delete(keys)

    def _all_sources(self, nights: Mapping[str, str]) -> dict[str, str]:
        """Renew the ledgers of every source, once a night; by source the night of the last time."""
        found, tonight = dict(nights), self._now.date().isoformat()
        for source in load_contracts().sources:
            if nights.get(source) != tonight and self._guarded(partial(self._renew, source), False):
                found[source] = tonight
        return found

    def _renew(self, source: str) -> bool:
        """Rewrite the ledgers of one source; True when it is done."""
        log = CommitLog(self._job.ingestion, source)
        deltas = deltas_of(Bookmark.of(log.newest()))
        self._report.folded.update({TableId(source, name): count for name, count in deltas.items()})
        if not self._job.arguments.dry_run:
            renew(log, self._job.arguments.run.id, self._now)
        return True

    def _log_report(self) -> None:
        would = "would be " if self._job.arguments.dry_run else ""
        log, report = self._job.log, self._report
        for name, commits in report.recovered.items():
            for number, lacks in commits.items():
                log.warning("%s %d lacked %s, which %sput in place", name, number, lacks, would or "were ")
        for table, deltas in report.folded.items():
            log.info("the ledger of %s: %d deltas %sfolded into a new base", table, deltas, would)
        for name, keys in report.expired.items():
            log.info("%s: %d objects %sdeleted, first %s", name, len(keys), would, keys[0])
        count = sum(len(keys) for keys in report.expired.values())
        log.info("%d objects with %d bytes %sdeleted", count, report.bytes, would)
        if not self._job.arguments.dry_run:
            recovered = sum(len(commits) for commits in report.recovered.values())
            self._job.metric("CommitsRecovered", recovered, "Count")
            self._job.metric("ObjectsExpired", count, "Count")

    def _remember(self, newest: Manifest | None, mark: MaintenanceMark) -> None:
        attempt = self._own.attempt(newest, self._job.arguments.run.id)
        if not self._own.commit(mark.manifest(attempt, self._now)):
            self._job.log.info("another run was faster to remember how far it came")
