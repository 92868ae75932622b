"""What a verdict has to tell: the log, metrics, an alert, and a message in the dead-letter queue for what is held."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from totelake.alerts.drift_messages import drift_alert, headline
from totelake.alerts.store import alert
from totelake.contracts.catalog import Catalog
from totelake.contracts.model import inputs_of
from totelake.lake.manifest import Manifest
from totelake.lake.verdicts import HELD as HELD_VERDICT
from totelake.lake.verdicts import SOURCE
from totelake.registry.judge import ACCEPTED, CAPTURED, HELD, RELEASED, UNCAPTURED
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime
from totelake.schemas.changes import Change

_METRICS: Mapping[str, str] = {
    HELD: "TablesHeld",
    UNCAPTURED: "TablesHeld",
    ACCEPTED: "SchemaChanges",
    RELEASED: "TablesReleased",
    CAPTURED: "TablesReleased",
}


def dependents(contracts: Catalog, source: str) -> list[str]:
    """The star tables that are built of a source table: those that wait when it is held."""
    return [table.name for table in contracts.warehouse_tables() if source in inputs_of(table)]


def announce(runtime: Runtime, arguments: JobArguments, contracts: Catalog, verdict: Manifest) -> None:
    """Tell what a committed verdict decided; told twice it alerts nobody twice, but sends its dead letters again."""
    for item in verdict.state.get("news", {}).get(SOURCE, ()):
        _tell(runtime, arguments, contracts, item)
    letters = _letters(arguments, contracts, verdict)
    if not arguments.dead_letter_queue or not letters:
        return
    url = _queue_url(runtime, arguments.dead_letter_queue)
    for letter in letters:
        runtime.clients.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))


def _queue_url(runtime: Runtime, queue: str) -> str:
    """The queue's URL, which is looked up where its name was given."""
    return queue if "://" in queue else str(runtime.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"])


def _tell(runtime: Runtime, arguments: JobArguments, contracts: Catalog, item: Mapping[str, Any]) -> None:
    table, found = contracts.table(item["table"]), [Change.of(change) for change in item["changes"]]
    outcome, waiting = item["outcome"], dependents(contracts, table.name)
    level = logging.WARNING if outcome in (HELD, UNCAPTURED) else logging.INFO
    runtime.log.log(level, "%s", headline(SOURCE, item, found, waiting))
    runtime.metric(_METRICS[outcome], 1, "Count", Source=SOURCE, Table=table.name)
    alert(runtime, arguments, drift_alert(SOURCE, table, item, found, waiting))


def _letters(arguments: JobArguments, contracts: Catalog, verdict: Manifest) -> list[dict[str, Any]]:
    """One message for each table of each batch that a verdict holds: where its events lie, and why they wait."""
    found = []
    standings = verdict.state.get("tables", {}).get(SOURCE, {})
    for batch in verdict.state["batches"].get(SOURCE, ()):
        for name, item in batch["tables"].items():
            if item["verdict"] != HELD_VERDICT:
                continue
            keys = [key for key in (item["key"], item["quarantine"]) if key]
            found.append(
                {
                    "source": SOURCE,
                    "table": name,
                    "batch": batch["batch"],
                    "captured_at": batch["captured_at"],
                    "events": item["rows"] + item["quarantined"],
                    "objects": [f"s3://{arguments.ingestion_bucket}/{key}" for key in keys],
                    "fingerprint": item["fingerprint"],
                    "changes": standings.get(name, {}).get("changes", []),
                    "waiting": dependents(contracts, name),
                }
            )
    return found
