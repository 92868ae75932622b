"""What people read of a drift: one sentence for the log, one alert with both sides of every column and its impact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from totelake.alerts.model import Alert, body
from totelake.contracts.model import Table
from totelake.registry.judge import CAPTURED, HELD, RELEASED, UNCAPTURED
from totelake.schemas.changes import Change, contract_fields, fields
from totelake.schemas.impact import impact_of
from totelake.schemas.wording import sentence, side_by_side

_MEND = (
    "Mend the contract in catalog/sources and deploy it, or change the source back; then `totelake quarantine replay "
    "--wait`, or the next run, brings every held batch through in order. See docs/drift.md."
)
_RESTORE = (
    "Do in the source what is said above; the next run then compares the table whole, and nothing of what is there is "
    "lost. See docs/drift.md."
)
_REMEDIES = {HELD: _MEND, UNCAPTURED: _RESTORE}


def headline(source: str, item: Mapping[str, Any], found: Sequence[Change], waiting: Sequence[str]) -> str:
    """One sentence: what happened to the table and what goes on."""
    where, what = f"{source}.{item['table']} from batch {item['batch']} on", sentence(found)
    if item["outcome"] == HELD:
        return (
            f"{where} is held: {what}; its events flow into the dead letters, {', '.join(waiting) or 'nothing'} must "
            "wait, everything else goes on"
        )
    if item["outcome"] == UNCAPTURED:
        return f"{where} is not captured: {item['why']}; {_unchanged(waiting)}, everything else goes on"
    if item["outcome"] == CAPTURED:
        return f"{where} is captured again: it is compared whole with what was known of it"
    if item["outcome"] == RELEASED:
        numbers = item["released"]
        return f"{source}.{item['table']} is released: its held batches {_span(numbers)} are brought through in order"
    return f"{where} is accepted: {what or 'as its contract says again'}"


def drift_alert(
    source: str, table: Table, item: Mapping[str, Any], found: Sequence[Change], waiting: Sequence[str]
) -> Alert:
    """The alert: what happened, both sides of every column, what a change reaches, what to do."""
    outcome = item["outcome"]
    parts = [headline(source, item, found, waiting)]
    if found and item["schema"]:
        sides = contract_fields(table), fields(item["schema"])
        parts.append(side_by_side(f"{source}.{table.name}", *sides, found, ("contract", "source")))
    parts += [str(impact_of(table.name, change.reach)) for change in found if change.is_breaking]
    remedy = _REMEDIES.get(outcome, "Nothing has to be done. See docs/drift.md.")
    return Alert(
        kind="schema",
        subject=f"{source}.{table.name} {outcome}: {_kinds(found) or 'as its contract says'}",
        body=body("\n".join(parts), f"totelake drift {table.name}", remedy),
        key=f"{source}/{table.name}/{item['batch']}/{outcome}",
        cause=f"{source}.{table.name} {outcome} {_kinds(found)}",
    )


def _unchanged(waiting: Sequence[str]) -> str:
    if not waiting:
        return "nothing needs it"
    return f"{', '.join(waiting)} must stay as {'they are' if waiting[1:] else 'it is'}"


def _kinds(found: Sequence[Change]) -> str:
    return ", ".join(dict.fromkeys(change.kind for change in found))


def _span(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
