"""What a verdict reports: in the log, as metrics and alerts, and a message for each table and batch that it holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Union

from totelake.alerts.drift_messages import drift_alert, headline
from totelake.alerts.store import note
from totelake.contracts import Contracts
from totelake.contracts.model import TableId
from totelake.lake.records.verdict import (
    ACCEPTED,
    BLOCKED,
    HELD,
    RELEASED,
    UNBLOCKED,
    AcceptedObject,
    JudgedBatch,
    SourceVerdict,
    TableReport,
    TableStanding,
)
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import CheckArguments, MaintainArguments

RegistryJob = Job[Union[CheckArguments, MaintainArguments]]
"""The jobs that finish verdicts: both may have a dead-letter queue."""
_METRICS: Mapping[str, str] = {
    HELD: "TablesHeld",
    BLOCKED: "TablesHeld",
    ACCEPTED: "SchemaChanges",
    RELEASED: "TablesReleased",
    UNBLOCKED: "TablesReleased",
}


def report_verdict(job: RegistryJob, source: str, verdict: SourceVerdict, contracts: Contracts) -> None:
    """Report what a committed verdict decided; a repetition alerts nobody twice, but sends its dead letters again."""
    for item in verdict.reports:
        _report(job, TableId(source, item.table), item, contracts, verdict.judged_in)
    letters = dead_letters(job.ingestion.bucket, source, verdict, contracts)
    if not job.arguments.dead_letter_queue or not letters:
        return
    url = _queue_url(job, job.arguments.dead_letter_queue)
    for letter in letters:
        job.clients.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))


def dead_letters(bucket: str, source: str, verdict: SourceVerdict, contracts: Contracts) -> list[dict[str, Any]]:
    """One message for each table of each batch that a verdict holds: where its events lie, and why they wait."""
    return [
        _dead_letter(bucket, TableId(source, name), batch, item, verdict.standings, contracts)
        for batch in verdict.batches
        for name, item in batch.held.items()
    ]


def _queue_url(job: RegistryJob, queue: str) -> str:
    """The queue's URL, which is looked up where its name was given."""
    return queue if "://" in queue else str(job.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"])


def _report(job: RegistryJob, table: TableId, item: TableReport, contracts: Contracts, verdict: int) -> None:
    dependents = _dependents(contracts, table)
    level = logging.WARNING if item.outcome in (HELD, BLOCKED) else logging.INFO
    job.log.log(level, "%s", headline(table, item, dependents))
    job.metric(_METRICS[item.outcome], 1, "Count", Source=table.source, Table=table.name)
    note(job, drift_alert(contracts.table(table), item, dependents, verdict))


def _dependents(contracts: Contracts, table: TableId) -> list[str]:
    """The star tables that wait when the table is held."""
    return [star.name for star in contracts.dependents(table)]


def _dead_letter(
    bucket: str,
    table: TableId,
    batch: JudgedBatch,
    item: AcceptedObject,
    standings: Mapping[str, TableStanding],
    contracts: Contracts,
) -> dict[str, Any]:
    changes = standings.get(table.name, TableStanding()).changes
    return {
        "source": table.source,
        "table": table.name,
        "batch": batch.batch,
        "captured_at": batch.captured_at,
        "events": item.events,
        "objects": [f"s3://{bucket}/{key}" for key in (item.key, item.quarantine) if key],
        "fingerprint": item.fingerprint,
        "changes": [change.document for change in changes],
        "waiting": _dependents(contracts, table),
    }
