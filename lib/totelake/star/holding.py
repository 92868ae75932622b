"""Holding star tables: what a step could not take any further is recorded and told once, and so is its release."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Union

from totelake.alerts.hold_messages import headline, held_alert, released_alert
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.holds import LOG, Hold, Holds, waiting
from totelake.lake.records.verdict import JudgedBatch
from totelake.runtime.fingerprint import fingerprint_of
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildArguments, LoadArguments

HoldingJob = Job[Union[BuildArguments, LoadArguments]]
"""The jobs that hold star tables."""


@dataclass(frozen=True)
class Failure:
    """A star table that a step could not take beyond the batch `after`, why, and the batches that there are."""

    table: Table
    after: int
    reason: str
    batches: Sequence[JudgedBatch] = ()


def record_holds(job: HoldingJob, step: str, tried: Collection[Table], failures: Collection[Failure]) -> None:
    """Record which of the star tables that were tried are held now, and tell once of each hold and of each release.

    It may be repeated: a run that dies in between leaves nothing untold.
    """
    log = CommitLog(job.processed, LOG)
    names = [table.name for table in tried]
    failed = {failure.table.name: _hold(job, failure) for failure in failures}
    before = Holds.of(log.newest())
    after = before.after(step, names, failed)
    for name, hold in after.of_step(step).items():
        if name in failed:
            _tell_held(job, load_contracts().star(name), step, hold)
    for name, hold in before.of_step(step).items():
        if name in names and name not in failed:
            note(job, released_alert(name, step, hold))
            job.log.info("%s is released; it was held from batch %d on", name, hold.since)
            job.metric("TablesReleased", 1, "Count", Source=job.arguments.source, Table=name)

    def decide(newest: Manifest | None) -> Manifest | None:
        known = Holds.of(newest)
        wanted = known.after(step, names, failed)
        return None if wanted == known else wanted.manifest(log.attempt(newest, job.arguments.run.id), job.now())

    log.append(decide)


def _tell_held(job: HoldingJob, table: Table, step: str, hold: Hold) -> None:
    facts = facts_referring_to(table)
    job.log.error("%s", headline(table.name, step, hold, facts))
    if note(job, held_alert(table.name, step, hold, facts)):
        job.metric("TablesHeld", 1, "Count", Source=table.source, Table=table.name)


def _hold(job: HoldingJob, failure: Failure) -> Hold:
    table, contracts = failure.table, load_contracts()
    batches = waiting(table, failure.batches, failure.after)
    return Hold(
        since=min(batches, default=failure.after + 1),
        reason=failure.reason,
        fingerprint=fingerprint_of(table, contracts),
        held_at=job.now().isoformat(),
        batches=batches,
    )


def facts_referring_to(table: Table) -> list[str]:
    """The facts with a column that refers to a row of the star table."""
    return [
        fact.name
        for fact in load_contracts().facts()
        if any(column.foreign_key and column.foreign_key.table == table.name for column in fact.columns)
    ]
