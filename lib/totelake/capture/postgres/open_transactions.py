"""Transactions of the source that stay open: nothing is missed, but each run reads again what was written since."""

from __future__ import annotations

from totelake.lake.records.batch import Bookmark, Snapshot
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import IngestArguments

METRIC = "WindowTransactions"
_WARNING = (
    "a transaction of the source's server is open since before batch %d of %s: nothing is missed, but every run reads "
    "again what was written since; look for it in pg_stat_activity and pg_prepared_xacts of all databases"
)


def width(snapshot: Snapshot) -> int:
    """The transactions from the oldest one that is open to the newest, which the next run's windows begin with."""
    return snapshot.xmax - snapshot.xmin


def is_open_since(bookmark: Bookmark, now: Snapshot) -> bool:
    """Whether a transaction is open that was already when the last batch was taken."""
    return bookmark.snapshot is not None and now.xmin < min(bookmark.snapshot.xmax, now.xmax)


def report_open_transactions(job: Job[IngestArguments], bookmark: Bookmark, now: Snapshot) -> None:
    """Publish how wide the window is, and warn of a transaction that holds it open."""
    job.metric(METRIC, width(now), "Count", Source=job.arguments.source)
    if is_open_since(bookmark, now):
        job.log.warning(_WARNING, bookmark.batch, bookmark.captured_at)
