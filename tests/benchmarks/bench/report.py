"""What was measured, as a table for people and as a document for machines. No I/O."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from tests.benchmarks.bench.goals import ABSENT, GIGABYTES, MET, MOONSHOT, NOT_MET, TIMES, Finding, Row, Sample

_STYLES = {NOT_MET: "red", MET: "green", MOONSHOT: "bold green", ABSENT: "yellow"}


def goals_table(found: Sequence[Finding], setting: Mapping[str, Any]) -> Table:
    """Each row with its median, its goal, its moonshot, and whether they are met; less is better in all of them."""
    table = Table(title=_title(setting), caption=_caption(setting), caption_justify="left")
    table.add_column("work")
    for name in ("median", "goal", "moonshot"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    for item in found:
        row = item.row
        style = _STYLES.get(item.verdict, "")
        said = escape(f"{item.verdict}: {item.why}" if item.why else item.verdict)
        cells = (_value(item.value, row.unit), _goal(row.goal, row.unit), _goal(row.moonshot, row.unit))
        table.add_row(_what(row, setting), *cells, f"[{style}]{said}[/{style}]" if style else said)
    return table


def engines_table(samples: Mapping[str, Sequence[Sample]]) -> Table:
    """Each measurement's median, its fastest and slowest repeat, and the most memory that its processes had."""
    table = Table(title="Measurements")
    table.add_column("work")
    for name in ("median s", "min", "max", "peak MB"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, taken in samples.items():
        seconds = [sample.seconds for sample in taken]
        spread = (f"{value:.2f}" for value in (statistics.median(seconds), min(seconds), max(seconds)))
        table.add_row(name, *spread, f"{peak_of(taken) / 1e6:,.0f}" if peak_of(taken) else "–")
    return table


def peak_of(taken: Sequence[Sample]) -> int:
    """The most bytes of all repeats."""
    return max((sample.peak for sample in taken), default=0)


def document(
    found: Sequence[Finding],
    samples: Mapping[str, Sequence[Sample]],
    absent: Mapping[str, str],
    setting: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything, for machines: seconds, bytes, and values in the unit of their row."""
    return {
        "setting": dict(setting),
        "rows": [
            {**asdict(item.row), "group": item.row.group, "value": item.value, "verdict": item.verdict, "why": item.why}
            for item in found
        ],
        "measurements": {
            name: {
                "seconds": [sample.seconds for sample in taken],
                "median_seconds": statistics.median(sample.seconds for sample in taken),
                "peak_bytes": peak_of(taken),
            }
            for name, taken in samples.items()
            if taken
        },
        "absent": dict(absent),
    }


def _what(row: Row, setting: Mapping[str, Any]) -> str:
    """The row in words, with the size for which its goal is said."""
    if row.batches:
        return f"{row.what} ({setting['batches']:,} batches; the goal is of {row.batches:,})"
    return f"{row.what} (goal of {row.orders:,} orders)" if row.orders else row.what


def _title(setting: Mapping[str, Any]) -> str:
    return f"totelake beside others: {setting['orders']:,} sales orders, medians of {setting['repeat']}, less is better"


def _caption(setting: Mapping[str, Any]) -> str:
    machine, before, after = setting["machine"], setting["load_before"], setting["load_after"]
    return (
        f"{machine['date']}, {machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, load "
        f"{before} before and {after} after; PostgreSQL {machine['postgresql']}, Python {machine['python']}. "
        "Other work on the machine makes every number worse, and ratios less certain."
    )


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2f} {unit}" if unit == TIMES or value < 10 else f"{value:.1f} {unit}"


def _goal(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"< {value:g} {unit}" if unit == GIGABYTES else f"≤ {value:g} {unit}"
