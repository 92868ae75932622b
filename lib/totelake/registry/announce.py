"""What a verdict has to tell: the log, metrics, one message for each held batch in the dead-letter queue, one alert."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from totelake.contracts.catalog import Catalog
from totelake.contracts.model import Table
from totelake.lake.commits import status_of
from totelake.lake.conditional import create_once
from totelake.lake.keys import announced_key
from totelake.lake.manifest import Manifest
from totelake.lake.verdicts import LOG, SOURCE
from totelake.registry.changes import Change, contract_fields, fields
from totelake.registry.explain import sentence, side_by_side
from totelake.registry.judge import ACCEPTED, HELD, RELEASED
from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime
from totelake.star.plan import inputs_of

Impact = Callable[[Change], Iterable[str]]
_MOST_BYTES = 250_000


def dependents(contracts: Catalog, source: str) -> list[str]:
    """The star tables that are built of a source table: those that wait when it is held."""
    return [table.name for table in contracts.warehouse_tables() if source in inputs_of(table)]


def reached(contracts: Catalog) -> Impact:
    """What a change reaches by the contracts' lineage: the warehouse columns that are made of the changed one."""

    def impact(change: Change) -> list[str]:
        return [
            f"{table.name}.{column.name}"
            for table in contracts.warehouse_tables()
            for column in table.columns
            for reference in column.sources
            if reference.table == change.table and change.column in ("", reference.column)
        ]

    return impact


def announce(runtime: Runtime, arguments: JobArguments, contracts: Catalog, verdict: Manifest, impact: Impact) -> None:
    """Tell what a committed verdict decided; at least once, and not again when it was told to the end."""
    news = verdict.state.get("news", {}).get(SOURCE, ())
    if not news:
        return
    s3, bucket, key = runtime.clients.s3, arguments.ingestion_bucket, announced_key(LOG, verdict.number)
    try:
        s3.head_object(Bucket=bucket, Key=key)
        return
    except ClientError as error:
        if status_of(error) != 404:
            raise
    for item in news:
        _tell(runtime, arguments, contracts, item, impact)
    if arguments.dead_letter_queue:
        for letter in dead_letters(arguments.ingestion_bucket, contracts, verdict):
            runtime.clients.sqs.send_message(QueueUrl=arguments.dead_letter_queue, MessageBody=json.dumps(letter))
    create_once(s3, bucket, key, json.dumps({"verdict": verdict.number}).encode("utf-8"))


def dead_letters(bucket: str, contracts: Catalog, verdict: Manifest) -> list[dict[str, Any]]:
    """One message for each table of each batch that a verdict holds: where its events lie, and why they wait."""
    found = []
    standings = verdict.state.get("tables", {}).get(SOURCE, {})
    for batch in verdict.state["batches"].get(SOURCE, ()):
        for name, item in batch["tables"].items():
            if item["verdict"] != HELD:
                continue
            found.append(
                {
                    "source": SOURCE,
                    "table": name,
                    "batch": batch["batch"],
                    "captured_at": batch["captured_at"],
                    "events": item["rows"] + item["quarantined"],
                    "objects": [f"s3://{bucket}/{key}" for key in (item["key"], item["quarantine"]) if key],
                    "fingerprint": item["fingerprint"],
                    "changes": standings.get(name, {}).get("changes", []),
                    "waiting": dependents(contracts, name),
                }
            )
    return found


def _tell(
    runtime: Runtime, arguments: JobArguments, contracts: Catalog, item: Mapping[str, Any], impact: Impact
) -> None:
    table, found = contracts.table(item["table"]), [Change.of(change) for change in item["changes"]]
    outcome, waiting = item["outcome"], dependents(contracts, item["table"])
    text = headline(item, found, waiting)
    runtime.log.log(logging.WARNING if outcome == HELD else logging.INFO, "%s", text)
    metric = {HELD: "TablesHeld", ACCEPTED: "SchemaChanges", RELEASED: "TablesReleased"}[outcome]
    runtime.metric(metric, 1, "Count", Source=SOURCE, Table=table.name)
    if not arguments.alert_topic:
        return
    hit = sorted({place for change in found for place in impact(change)})
    body = {
        "subject": f"totelake: {SOURCE}.{table.name} {outcome}",
        "text": "\n\n".join(part for part in (text, _columns(table, item, found), _hit(hit)) if part),
        "source": SOURCE,
        "table": table.name,
        "batch": item["batch"],
        "outcome": outcome,
        "changes": [change.document for change in found],
        "waiting": waiting if outcome == HELD else [],
        "impact": hit,
    }
    message = json.dumps(body)[:_MOST_BYTES]
    runtime.clients.sns.publish(TopicArn=arguments.alert_topic, Subject=body["subject"][:100], Message=message)


def headline(item: Mapping[str, Any], found: list[Change], waiting: list[str]) -> str:
    """One sentence: what happened to the table, what goes on, and what to do."""
    where, what = f"{SOURCE}.{item['table']} from batch {item['batch']} on", sentence(found)
    if item["outcome"] == HELD:
        return (
            f"{where} is held: {what}; its events flow into the dead letters, {', '.join(waiting) or 'nothing'} must "
            "wait, all others go on; mend the contract and deploy it, or change the source back, the next run brings "
            "them through"
        )
    if item["outcome"] == RELEASED:
        numbers = item["released"]
        span = f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
        return f"{where} is released: {len(numbers)} held batches ({span}) are brought through in order"
    return f"{where} is accepted: {what or 'as its contract says again'}"


def _columns(table: Table, item: Mapping[str, Any], found: list[Change]) -> str:
    if not item["schema"] or not found:
        return ""
    return side_by_side(
        f"{SOURCE}.{table.name}", contract_fields(table), fields(item["schema"]), found, ("contract", "source")
    )


def _hit(places: list[str]) -> str:
    return "" if not places else "\n".join(["it reaches:", *(f"  {place}" for place in places)])
