"""What was played, as tables for people and as a document for machines. No I/O."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from tests.benchmarks.lost_changes.play import Outcome
from tests.benchmarks.lost_changes.readers.totelake_capture import Totelake
from tests.benchmarks.lost_changes.verdict import Verdict

LEGEND = (
    "changes: rows inserted, updated or deleted between two looks. captured, lost: of these. duplicated: rows that the "
    "reader's copy shows and the source has not (an old version, or a deleted row)."
)


def hazards_table(outcome: Outcome) -> Table:
    """For each hazard the changes made, and what each reader captured, lost and duplicated."""
    table = Table(title="Changes captured / lost / duplicated", caption=LEGEND, caption_justify="left")
    table.add_column("hazard")
    table.add_column("changes", justify="right")
    for name in outcome.readers:
        table.add_column(name, justify="right", no_wrap=True)
    for result in outcome.results:
        cells = [_cell(result.verdicts[name]) for name in outcome.readers]
        table.add_row(result.hazard.name, f"{result.made:,}", *cells)
    totals = {name: outcome.total(name) for name in outcome.readers}
    made = next(iter(totals.values())).made
    table.add_section()
    table.add_row("together", f"{made:,}", *(_cell(total) for total in totals.values()))
    return table


def _cell(verdict: Verdict) -> str:
    text = f"{verdict.captured:,} / {verdict.lost:,} / {verdict.duplicated:,}"
    return f"[red]{text}[/red]" if verdict.lost or verdict.duplicated else text


def readers_table(outcome: Outcome) -> Table:
    """For each reader the state of its copy at the end, what it read in vain, and its times beside totelake's."""
    table = Table(title="Readers at the end")
    table.add_column("")
    for name in outcome.readers:
        table.add_column(name, justify="right")
    totals = [outcome.total(name) for name in outcome.readers]
    ratios = [_ratios(outcome, name) for name in outcome.readers]
    table.add_row(f"wrong rows, of {outcome.rows:,}", *(f"{outcome.wrong[name]:,}" for name in outcome.readers))
    table.add_row("rows delivered that changed nothing", *(f"{total.repeated:,}" for total in totals))
    table.add_row("first copy, time / totelake's", *(f"{ratio['first']:.2f}" for ratio in ratios))
    table.add_row("a later look, time / totelake's", *(f"{ratio['later']:.2f}" for ratio in ratios))
    return table


def document(outcome: Outcome, setting: dict[str, Any]) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "setting": {**setting, "rows": outcome.rows},
        "hazards": [
            {
                "hazard": result.hazard.name,
                "what": result.hazard.what,
                "looks": result.looks,
                "changes": result.made,
                "readers": {
                    name: {**asdict(result.verdicts[name]), "duplicated": result.verdicts[name].duplicated}
                    for name in outcome.readers
                },
            }
            for result in outcome.results
        ],
        "readers": {
            name: {
                **asdict(outcome.total(name)),
                "duplicated": outcome.total(name).duplicated,
                "wrong_rows_at_the_end": outcome.wrong[name],
                "seconds": asdict(outcome.times[name]),
                "ratio_to_totelake": _ratios(outcome, name),
            }
            for name in outcome.readers
        },
    }


def _ratios(outcome: Outcome, name: str) -> dict[str, float]:
    own, base = outcome.times[name], outcome.times[Totelake.name]
    return {"first": own.first / base.first, "later": own.later / base.later}
