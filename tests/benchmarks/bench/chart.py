"""The measurements as a picture for a README: bars of seconds, as an SVG for light and dark pages. No I/O."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.benchmarks.bench.goals import BUILD, INGEST, LOAD, OWN, Sample

_TITLES = {INGEST: "Out of PostgreSQL, all tables", BUILD: "Star tables built", LOAD: "Star tables into PostgreSQL"}
_WIDTH, _LEFT, _RIGHT, _BAR, _STEP, _HEAD = 760, 170, 90, 16, 24, 34
# the embedded picture follows the reader's colour scheme, not that of the page
_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .note { font-size: 11px; fill: #59636e }
.own { fill: #0969da } .peer { fill: #afb8c1 } .paper { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .note { fill: #9198a1 } .own { fill: #4493f8 } .peer { fill: #656c76 } .paper { fill: #0d1117 }
}"""


def draw(samples: Mapping[str, Sequence[Sample]], setting: Mapping[str, Any]) -> str:
    """The SVG: for each kind of work that has a peer the medians, the fastest first, totelake's in a colour of its own.

    A group without a peer is left out. Each group has a scale of its own, from 0.
    """
    parts: list[str] = []
    top = 12
    for group, title in _TITLES.items():
        bars = _bars(group, samples)
        if len(bars) < 2:
            continue
        parts.append(f'<text class="title" x="12" y="{top + 16}">{escape(title)}</text>')
        top += _HEAD
        for name, seconds in bars:
            parts += _bar(name, seconds, max(value for _, value in bars), top)
            top += _STEP
        top += 8
    told, height = _note(setting), top + 20
    parts.append(f'<text class="note" x="12" y="{top + 8}">{escape(told)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    described = f'role="img" aria-label={quoteattr(f"Seconds of totelake and of others for the same work. {told}")}'
    paper = f'<rect class="paper" width="{_WIDTH}" height="{height}" rx="6"/>'
    return "\n".join([f"{head} {described}>", f"<style>{_STYLE}\n</style>", paper, *parts, "</svg>", ""])


def _bars(group: str, samples: Mapping[str, Sequence[Sample]]) -> list[tuple[str, float]]:
    found = [
        (name.split("/", 1)[1], statistics.median(sample.seconds for sample in taken))
        for name, taken in samples.items()
        if taken and name.startswith(f"{group}/")
    ]
    return sorted(found, key=lambda bar: bar[1])


def _bar(name: str, seconds: float, most: float, top: int) -> list[str]:
    width = max(2.0, (_WIDTH - _LEFT - _RIGHT) * seconds / most) if most else 2.0
    kind, middle = "own" if name == OWN else "peer", top + _BAR - 3
    return [
        f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>',
        f'<text x="{_LEFT + width + 6:.1f}" y="{middle}">{_seconds(seconds)}</text>',
    ]


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"


def _note(setting: Mapping[str, Any]) -> str:
    machine = setting["machine"]
    return (
        f"Seconds, medians of {setting['repeat']}; {setting['orders']:,} sales orders; {machine['cores']} cores, load "
        f"{setting['load_before']}; PostgreSQL {machine['postgresql']}; {machine['date']}"
    )
