"""The wording of a verdict's reports: one sentence for the log, one alert with both sides of every column."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.alerts.model import Alert, body
from totelake.contracts.model import Table, TableId
from totelake.lake.records.verdict import BLOCKED, HELD, RELEASED, UNBLOCKED, TableReport
from totelake.schemas.changes import Change, contract_fields, fields
from totelake.schemas.impact import impact_of
from totelake.schemas.wording import sentence, side_by_side

_CORRECT = (
    "Correct the contract in catalog/sources and deploy it, or change the source back; then `totelake quarantine "
    "replay --wait`, or the next run, processes every held batch in order. See docs/drift.md."
)
_RESTORE = (
    "Do in the source what the message says; the next run then compares the table whole, and nothing that is there is "
    "lost. See docs/drift.md."
)
_REMEDIES = {HELD: _CORRECT, BLOCKED: _RESTORE}
_NOTHING_TO_DO = "Nothing has to be done. See docs/drift.md."


def headline(table: TableId, report: TableReport, dependents: Sequence[str]) -> str:
    """One sentence: what happened to the table and what goes on. `dependents` are the star tables built of it."""
    where, what = f"{table} from batch {report.batch} on", sentence(report.changes)
    if report.outcome == HELD:
        return (
            f"{where} is held: {what}; its events go to the dead letters, {', '.join(dependents) or 'nothing'} must "
            "wait, everything else goes on"
        )
    if report.outcome == BLOCKED:
        return f"{where} is not captured: {report.why}; {_unchanged(dependents)}, everything else goes on"
    if report.outcome == UNBLOCKED:
        return f"{where} is captured again: it is compared whole with what was captured before"
    if report.outcome == RELEASED:
        return f"{table} is released: its held batches {_span(report.released)} are processed in order"
    return f"{where} is accepted: {what or 'as its contract says again'}"


def drift_alert(table: Table, report: TableReport, dependents: Sequence[str], verdict: int) -> Alert:
    """The alert: what a verdict says happened, both sides of every column, what a change reaches, what to do."""
    found = report.changes
    parts = [headline(table.id, report, dependents)]
    if found and report.schema:
        sides = contract_fields(table), fields(report.schema)
        parts.append(side_by_side(str(table.id), *sides, found, ("contract", "source")))
    parts += [str(impact_of(table.id, change.reach)) for change in found if change.is_breaking]
    return Alert(
        kind="schema",
        subject=f"{table.id} {report.outcome}: {_kinds(found) or 'as its contract says'}",
        body=body("\n".join(parts), f"totelake drift {table.id}", _REMEDIES.get(report.outcome, _NOTHING_TO_DO)),
        # a contract that is corrected, taken back and corrected again says the same of one batch in several verdicts
        key=f"{table.source}/{table.name}/{report.batch}/{report.outcome}/{verdict}",
        cause=f"{table.id} {report.outcome} {_kinds(found)}",
        about=str(table.id),
    )


def _unchanged(dependents: Sequence[str]) -> str:
    if not dependents:
        return "nothing needs it"
    return f"{', '.join(dependents)} must stay as {'they are' if dependents[1:] else 'it is'}"


def _kinds(found: Sequence[Change]) -> str:
    return ", ".join(dict.fromkeys(change.kind for change in found))


def _span(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
