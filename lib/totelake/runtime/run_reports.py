"""Workflow runs as Glue describes them: each step with its state, its time and, when it failed, why; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from operator import itemgetter
from typing import Any

from totelake.runtime.run_properties import PARTS

JOB, CRAWLER = "JOB", "CRAWLER"
SUCCEEDED, FAILED, STOPPED, RUNNING = "SUCCEEDED", "FAILED", "STOPPED", "RUNNING"
_DONE = ("COMPLETED", "STOPPED", "ERROR")
_FAILED = ("FAILED", "TIMEOUT", "STOPPED", "ERROR", "CANCELLED")
_NOT_RUN = "NOT_RUN"
_SHORT = 11
_ATTEMPT = "_attempt_"


def short(run_id: str) -> str:
    """The beginning of a run's id, enough to name it."""
    return run_id[:_SHORT]


def first_attempt(run_id: str) -> str:
    """The id of a job run's first attempt, which is the beginning of every later one's."""
    return run_id.split(_ATTEMPT)[0]


@dataclass(frozen=True)
class Step:
    """A job or crawler of a workflow run, by its newest attempt; seconds from its start to its end."""

    name: str
    state: str
    run_id: str = ""
    started: str = ""
    seconds: float | None = None
    message: str = ""
    parts: str = ""
    """How each part of a job of several ended, in words; empty before the first ended."""


@dataclass(frozen=True)
class RunReport:
    """One workflow run; `outcome` is SUCCEEDED only if every step did and Glue reports no error of the whole."""

    id: str
    workflow: str
    status: str
    started: str
    seconds: float | None
    steps: tuple[Step, ...]
    message: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.status in _DONE

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that ended and did not succeed."""
        return tuple(step for step in self.steps if step.state in _FAILED)

    @property
    def not_run(self) -> tuple[Step, ...]:
        """The steps that never started."""
        return tuple(step for step in self.steps if step.state == _NOT_RUN)

    @property
    def outcome(self) -> str:
        """SUCCEEDED, FAILED, STOPPED or RUNNING: Glue says COMPLETED even when steps failed."""
        if not self.is_done:
            return RUNNING
        if self.status == "COMPLETED" and not self.message and all(step.state == SUCCEEDED for step in self.steps):
            return SUCCEEDED
        return STOPPED if self.status == STOPPED else FAILED

    @property
    def has_failed(self) -> bool:
        """Whether it ended and failed; one that somebody stopped did not. Alerts, metric and `watch` go by this."""
        return self.outcome == FAILED

    def has_done(self, name: str) -> bool:
        """Whether the step of that name succeeded."""
        return any(step.name == name and step.state == SUCCEEDED for step in self.steps)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it did not succeed, in words: failed steps, else what did not run, and Glue's own message."""
        if self.outcome in (RUNNING, SUCCEEDED):
            return ()
        found = [f"{step.name} {step.state}: {step.message or 'no message'}" for step in self.failed]
        if not found:
            not_run = ", ".join(step.name for step in self.not_run)
            found = [f"{self.status}, {not_run} did not run" if not_run else self.status]
        return (*found, self.message) if self.message else tuple(found)

    def document(self) -> dict[str, Any]:
        """The report for machines."""
        return {**asdict(self), "steps": [asdict(step) for step in self.steps], "outcome": self.outcome}


def report(run: Mapping[str, Any]) -> RunReport:
    """Read Glue's answer about one run, its graph included."""
    graph = run.get("Graph", {})
    places, properties = _places(graph), run.get("WorkflowRunProperties", {})
    nodes = [node for node in graph.get("Nodes", ()) if node["Type"] in (JOB, CRAWLER)]
    steps = sorted(
        (_order(_step(node, properties), places.get(node.get("UniqueId", ""), 0)) for node in nodes), key=itemgetter(0)
    )
    return RunReport(
        id=run["WorkflowRunId"],
        workflow=run["Name"],
        status=run["Status"],
        started=_time(run.get("StartedOn")),
        seconds=_seconds(run.get("StartedOn"), run.get("CompletedOn")),
        message=run.get("ErrorMessage", ""),
        steps=tuple(step for _, step in steps),
    )


def _order(step: Step, place: int) -> tuple[tuple[bool, str, int, str], Step]:
    """By start, those that never started last, as they would have followed each other."""
    return (not step.started, step.started, place, step.name), step


def _places(graph: Mapping[str, Any]) -> dict[str, int]:
    """For each node of a workflow's graph how many others come before it at least; none of a graph with a circle."""
    before: dict[str, set[str]] = {}
    for edge in graph.get("Edges", ()):
        before.setdefault(edge["DestinationId"], set()).add(edge["SourceId"])
    places: dict[str, int] = {}
    try:
        for node in TopologicalSorter(before).static_order():
            places[node] = max((places[other] + 1 for other in before.get(node, ())), default=0)
    except CycleError:  # no workflow of ours, whose triggers AWS Glue would never start
        return {}
    return places


def _step(node: Mapping[str, Any], properties: Mapping[str, str]) -> Step:
    if node["Type"] == JOB:
        attempts, state, identity = node.get("JobDetails", {}).get("JobRuns", ()), "JobRunState", "Id"
    else:
        attempts, state, identity = node.get("CrawlerDetails", {}).get("Crawls", ()), "State", "LogStream"
    if not attempts:
        return Step(node["Name"], _NOT_RUN)
    newest = max(attempts, key=lambda attempt: attempt["StartedOn"])
    return Step(
        name=node["Name"],
        state=newest[state],
        run_id=newest.get(identity, ""),
        started=_time(newest.get("StartedOn")),
        seconds=_seconds(newest.get("StartedOn"), newest.get("CompletedOn")),
        message=newest.get("ErrorMessage", ""),
        parts=properties.get(PARTS.format(job=node["Name"]), ""),
    )


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if start and end else None
