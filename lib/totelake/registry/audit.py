"""audit_catalog: every night, files, Data Catalog and contracts are compared. It never believes a crawl.

Only what was written since the last audit that found nothing is opened (`--whole_history true`: everything).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Callable

from totelake.contracts import load_contracts
from totelake.errors import MismatchError, TotelakeError
from totelake.lake.commits import CommitLog
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.marks import AUDIT, AuditMark
from totelake.registry.agreement import Disagreement, of_unknown_tables
from totelake.registry.audit_files import AuditWindow, FileAudit
from totelake.registry.audit_source import SourceAudit
from totelake.registry.audit_star import StarAudit
from totelake.registry.registered import registered_name
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import AuditArguments

# a batch is copied, crawled and registered within this time; what is younger may be half way
SETTLED = timedelta(hours=1)
Look = Callable[[], Sequence[Disagreement]]


def audit_catalog(job: Job[AuditArguments]) -> Sequence[Disagreement]:
    """Look at everything, at one source after the other; [] when all agree.

    Raises MismatchError once all disagreements are logged; when there are none, the first failure of a look, which
    keeps no other from being taken.
    """
    log = CommitLog(job.ingestion, AUDIT)
    newest = log.newest()
    before = AuditMark.of(newest)
    mark = AuditMark() if job.arguments.whole_history else before
    now = job.now()
    since, told = (datetime.fromisoformat(moment) for moment in (mark.through, mark.told or mark.through))
    audit = _Audit(job, AuditWindow(since, now - SETTLED, told))
    for look in audit.looks():
        audit.take(look)
    failure = audit.report()
    done = audit.mark(before)
    if done != before:
        log.commit(done.manifest(log.attempt(newest, job.arguments.run.id), now))
    if failure is not None:
        raise failure
    return []


class _Audit:
    """One night: what its looks found, and the looks that failed."""

    def __init__(self, job: Job[AuditArguments], window: AuditWindow) -> None:
        self._job, self._window, self._contracts = job, window, load_contracts()
        self._ingested = FileAudit(job.ingestion, window)
        self._processed = FileAudit(job.processed, window)
        self._found: list[Disagreement] = []
        self._failures: list[TotelakeError] = []

    def looks(self) -> list[Look]:
        """Each source, what is registered beside the contracts, each star table."""
        sources = [
            SourceAudit(self._job, source, self._contracts, self._window, self._ingested).run
            for source in self._contracts.sources
        ]
        zone = ProcessedZone(self._job.processed, self._job.processed_tables)
        star = StarAudit(zone, self._window, self._processed)
        stars = [partial(star.run, table) for table in self._contracts.star_tables()]
        return [*sources, self._unknown_tables, *stars]

    def take(self, look: Look) -> None:
        """Take one look; its failure waits until the others are done."""
        try:
            self._found += look()
        except TotelakeError as failure:
            self._failures.append(failure)

    @property
    def _passed_over(self) -> list[Disagreement]:
        return self._ingested.passed_over + self._processed.passed_over

    def mark(self, before: AuditMark) -> AuditMark:
        """How far this audit has come: what nobody reads holds nothing back, and is told of once."""
        settled = self._window.settled.isoformat()
        if self._failures:
            return before
        if not self._found:
            return AuditMark(settled)
        return AuditMark(before.through, settled) if self._passed_over else before

    def report(self) -> TotelakeError | None:
        """Log what was found; the MismatchError that says so, else the first failure, None when all agrees."""
        job, found = self._job, [*self._found, *self._passed_over]
        for disagreement in found:
            job.log.error("%s", disagreement)
        job.metric("AuditDisagreements", len(found), "Count")
        for failure in self._failures if found else self._failures[1:]:
            job.log.error("%s", failure)
        if found:
            return MismatchError(
                f"{len(found)} disagreements between files, Data Catalog and contracts, the first is "
                f"{found[0].where}: {found[0].what}; see this run's log for both schemas of each"
            )
        if self._failures:
            return self._failures[0]
        footers = self._ingested.footers + self._processed.footers
        job.log.info("files, Data Catalog and contracts agree; %d footers were read", footers)
        return None

    def _unknown_tables(self) -> list[Disagreement]:
        names = {registered_name(table) for table in self._contracts.all_source_tables()}
        return of_unknown_tables(self._job.ingestion_tables.tables(), names)
