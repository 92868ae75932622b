"""What is drawn as SVG: a workflow's graph, times of a run's steps, bars of runs. A title and a table say the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from totelake.monitor.lake import Behind
from totelake.monitor.workflows import Node, Workflow
from totelake.pages.graph import Box, cut, graph_of, svg
from totelake.pages.html import Html, element, joined
from totelake.runtime.run_reports import RunReport, Step

_LINE, _LABEL, _WIDTH = 24, 230, 900
_BARS_HEIGHT, _BAR = 90, 14


def graph(workflow: Workflow, short: str, logged: Collection[str]) -> Html:
    """The steps as boxes, with the state of the newest run. One whose run is `logged` on the page leads to its log.

    `short` is cut off the names of the steps.
    """
    run = workflow.runs[0] if workflow.runs else None
    steps = {step.name: step for step in run.steps} if run else {}
    shown = [_box(node, steps.get(node.name), short, logged) for node in workflow.nodes]
    said = "; ".join(f"{box.name} {box.words}" for box in shown)
    return graph_of(shown, f"Steps of {workflow.name}: {said}")


def _box(node: Node, step: Step | None, short: str, logged: Collection[str]) -> Box:
    outcome = step.state if step else "NOT_RUN"
    took = f", {step.seconds:g} s" if step and step.seconds is not None else ""
    leads = f"#{anchor(step)}" if step and step.run_id in logged else ""
    after = tuple(name.removeprefix(short) for name in node.after)
    kind = outcome.lower().replace("_", "-")
    return Box(node.name.removeprefix(short), node.column, after, f"{outcome}{took}", kind, leads)


def anchor(step: Step) -> str:
    """The name on the page of a job run's log."""
    return f"log-{step.run_id}"


def timeline(run: RunReport, now: datetime, short: str) -> Html:
    """When each step of a run began and how long it took; one that runs goes on until `now`."""
    steps = [step for step in run.steps if step.started]
    if not steps:
        return Html("")
    start = min(_moment(step.started) for step in steps)
    ends = [_moment(step.started).timestamp() + _length(step, now) for step in steps]
    whole = max(max(ends) - start.timestamp(), 0.1)
    scale = (_WIDTH - _LABEL - 90) / whole
    rows = joined(
        _bar(step, number, (_moment(step.started) - start).total_seconds() * scale, _length(step, now), scale, short)
        for number, step in enumerate(steps)
    )
    said = "; ".join(f"{step.name} began after {(_moment(step.started) - start).total_seconds():g} s" for step in steps)
    return svg(rows, _WIDTH, len(steps) * _LINE + 4, f"Times of the steps: {said}", "timeline")


def _bar(step: Step, number: int, offset: float, seconds: float, scale: float, short: str) -> Html:
    y, x, width = number * _LINE + 2, _LABEL + offset, max(seconds * scale, 3)
    return joined((
        element("text", cut(step.name.removeprefix(short)), x=_LABEL - 8, y=y + 15, class_="label"),
        element("rect", x=f"{x:.1f}", y=y + 2, width=f"{width:.1f}", height=_LINE - 7, rx=3,
                class_=f"box {step.state.lower()}"),
        element("text", f"{seconds:.1f} s", x=f"{x + width + 6:.1f}", y=y + 15, class_="said"),
    ))  # fmt: skip


def _length(step: Step, now: datetime) -> float:
    return step.seconds if step.seconds is not None else max((now - _moment(step.started)).total_seconds(), 0.0)


def _moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso)


def durations(runs: Sequence[RunReport]) -> Html:
    """A bar for each run, the oldest first: as high as it took long, in the colour of how it ended."""
    drawn = [run for run in reversed(runs) if run.seconds is not None]
    most = max((run.seconds or 0.0 for run in drawn), default=0.0)
    if not most:
        return Html("")
    bars = joined(
        _column(number, (run.seconds or 0.0) / most, run.outcome, f"{run.started}: {run.outcome} in {run.seconds:g} s")
        for number, run in enumerate(drawn)
    )
    said = f"Seconds of the newest {len(drawn)} runs, the oldest first, {most:g} at most"
    return svg(bars, max(len(drawn) * _BAR, 200), _BARS_HEIGHT, said, "bars")


def behind(looks: Sequence[Behind], promised: float) -> Html:
    """By how much the lake was behind its source at each look of a day, the oldest first; late ones stand out.

    `promised` are the seconds that it may be.
    """
    if not looks:
        return Html("")
    most = max(promised, *(item.seconds for item in looks))
    bars = joined(
        _column(
            number,
            item.seconds / most,
            "FAILED" if item.seconds > promised else "SUCCEEDED",
            f"{item.at}: {item.seconds:,.0f} s",
        )
        for number, item in enumerate(looks)
    )
    said = f"Seconds behind at {len(looks)} looks, {max(item.seconds for item in looks):,.0f} at most"
    return svg(bars, max(len(looks) * _BAR, 200), _BARS_HEIGHT, said, "bars")


def _column(number: int, part: float, outcome: str, title: str) -> Html:
    height = max(round(part * (_BARS_HEIGHT - 4)), 2)
    bar = element("title", title)
    return element("rect", bar, x=number * _BAR + 1, y=_BARS_HEIGHT - height, width=_BAR - 3, height=height,
                   class_=f"box {outcome.lower()}")  # fmt: skip
