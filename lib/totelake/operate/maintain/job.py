"""maintain_lake: every night what no run of the refresh does: recovery, ledgers anew, expiry. All can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from totelake.capture.detect.bookmark import Bookmark
from totelake.contracts import catalog
from totelake.contracts.model import Table
from totelake.errors import TotelakeError
from totelake.lake import verdicts
from totelake.lake.commits import CommitLog
from totelake.lake.keys import COMMITS, Attempt
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.operate.maintain.expire import delete, inflight_of, logs_of, state_of
from totelake.operate.maintain.garbage import Commit, Listed, Log, next_mark, stale_attempts, stale_state
from totelake.operate.maintain.ledgers import deltas_of, renew
from totelake.operate.maintain.recover import Recovery
from totelake.operate.maintain.replaced import replaced_of
from totelake.registry.check import restore_registered
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime

LOG = "maintenance"
Recover = Callable[[Manifest], str]


@dataclass
class Report:
    """What one run did, or in a dry run would have done: by log, commits and what they lacked, and keys deleted."""

    recovered: dict[str, dict[int, str]] = field(default_factory=dict)
    folded: Mapping[str, int] = field(default_factory=dict)
    expired: dict[str, list[str]] = field(default_factory=dict)
    bytes: int = 0


def maintain_lake(runtime: Runtime, arguments: JobArguments) -> Report:
    """Do the night's work on every log of both buckets. Raises the first failure, after all the rest was done."""
    return _Maintenance(runtime, arguments).run()


class _Maintenance:
    """One run; its own log remembers how far every other log has nothing left to be done."""

    def __init__(self, runtime: Runtime, arguments: JobArguments) -> None:
        self._runtime, self._arguments, self._now = runtime, arguments, runtime.now()
        self._s3: Any = runtime.clients.s3
        self._own = CommitLog(self._s3, arguments.ingestion_bucket, LOG)
        self._recovery = Recovery(runtime, arguments)
        self._report = Report()
        self._failures: list[TotelakeError] = []

    def run(self) -> Report:
        """Recover and expire log by log, renew the ledgers, remember."""
        newest = self._own.newest()
        state: Mapping[str, Any] = newest.state if newest else {"marks": {}, "night": ""}
        marks = dict(state["marks"])
        if self._arguments.whole_history and not self._arguments.dry_run:
            self._guarded(self._restore, None)
        zones = {"ingestion": self._arguments.ingestion_bucket, "processed": self._arguments.processed_bucket}
        for zone, bucket in zones.items():
            for name in logs_of(self._s3, bucket, COMMITS):
                if name != LOG:
                    mark = 0 if self._arguments.whole_history else marks.get(f"{zone}/{name}", 0)
                    work = partial(self._maintain, zone, bucket, name, mark)
                    marks[f"{zone}/{name}"] = self._guarded(work, mark)
        night = self._guarded(partial(self._renew, state["night"]), state["night"])
        self._say()
        if not self._arguments.dry_run and {"marks": marks, "night": night} != state:
            self._remember(newest, {"marks": marks, "night": night})
        for failure in self._failures[1:]:
            self._runtime.log.error("%s", failure)
        if self._failures:
            raise self._failures[0]
        return self._report

    def _guarded(self, work: Callable[[], Any], otherwise: Any) -> Any:
        """Do one log's work; a failure of it waits until the others are done."""
        try:
            return work()
        except TotelakeError as failure:
            self._failures.append(failure)
            return otherwise

    def _restore(self) -> None:
        """The columns of registered tables; a table that is not there is registered with what its verdicts lack."""
        for name in restore_registered(self._runtime, self._arguments):
            self._runtime.log.warning("the registered table %s had other columns than its batches left; restored", name)

    def _maintain(self, zone: str, bucket: str, name: str, mark: int) -> int:
        """Recover and expire one log from its mark on; the next mark."""
        log, recover = CommitLog(self._s3, bucket, name), self._recover(zone, name)
        commits = []
        # the one before the first of the last day names state, too, so the commit at the mark is read again
        for manifest in log.since(max(mark - 1, 0)):
            lacks = recover(manifest)
            if lacks:
                self._report.recovered.setdefault(f"{zone}/{name}", {})[manifest.number] = lacks
            commits.append(Commit.of(manifest))
        known, listed = Log(name, commits), inflight_of(self._s3, bucket, name, mark)
        stale = stale_attempts(known, listed, self._now) + stale_state(
            known, state_of(self._s3, bucket, name), self._now
        )
        table = _star_tables().get(name) if zone == "processed" else None
        if table is not None:
            database, glue = self._arguments.processed_database, self._runtime.clients.glue
            stale += replaced_of(self._s3, glue, bucket, database, table, self._now)
        self._expire(bucket, f"{zone}/{name}", stale)
        return next_mark(known, mark, listed, self._now)

    def _recover(self, zone: str, name: str) -> Recover:
        """How a log's commits are finished; those of a source are finished by their verdict."""
        if zone == "ingestion" and name == verdicts.LOG:
            return self._recovery.verdict
        if zone == "processed" and name in _star_tables():
            return partial(self._recovery.star, _star_tables()[name])
        return lambda manifest: ""

    def _expire(self, bucket: str, name: str, items: list[Listed]) -> None:
        if not items:
            return
        self._report.expired[name] = sorted(item.key for item in items)
        self._report.bytes += sum(item.bytes for item in items)
        if not self._arguments.dry_run:
            delete(self._s3, bucket, items)

    def _renew(self, night: str) -> str:
        """The ledgers, once a night; the night of the last time."""
        tonight = self._now.date().isoformat()
        if night == tonight:
            return night
        log = CommitLog(self._s3, self._arguments.ingestion_bucket, verdicts.SOURCE)
        self._report.folded = deltas_of(Bookmark.of(log.newest()))
        if not self._arguments.dry_run:
            renew(self._s3, self._arguments.ingestion_bucket, log, self._arguments.job_run_id, self._now)
        return tonight

    def _say(self) -> None:
        would = "would be " if self._arguments.dry_run else ""
        log, report = self._runtime.log, self._report
        for name, commits in report.recovered.items():
            for number, lacks in commits.items():
                log.warning("%s %d lacked %s, which %sput in place", name, number, lacks, would or "were ")
        for table, deltas in report.folded.items():
            log.info("the ledger of %s: %d deltas %sfolded into a new base", table, deltas, would)
        for name, keys in report.expired.items():
            log.info("%s: %d objects %sdeleted, first %s", name, len(keys), would, keys[0])
        count = sum(len(keys) for keys in report.expired.values())
        log.info("%d objects with %d bytes %sdeleted", count, report.bytes, would)
        if not self._arguments.dry_run:
            recovered = sum(len(commits) for commits in report.recovered.values())
            self._runtime.metric("CommitsRecovered", recovered, "Count")
            self._runtime.metric("ObjectsExpired", count, "Count")

    def _remember(self, newest: Manifest | None, state: Mapping[str, Any]) -> None:
        attempt = Attempt.new(LOG, newest.number + 1 if newest else 1, self._arguments.job_run_id)
        manifest = Manifest(LOG, attempt.number, attempt.id, BOOKMARK, self._now.isoformat(), state=state)
        if not self._own.commit(manifest):
            self._runtime.log.info("another run was faster to remember how far it came")


def _star_tables() -> Mapping[str, Table]:
    return {table.name: table for table in catalog().warehouse_tables()}
