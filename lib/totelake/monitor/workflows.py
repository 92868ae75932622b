"""Workflows as Glue tells of them: their graphs, and how their newest runs went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from totelake.runtime.run_reports import CRAWLER, FAILED, JOB, SUCCEEDED, RunReport, report

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_TRIGGER = "TRIGGER"
_PAGE = 25
"""How many runs with their graphs GetWorkflowRuns gives at once."""


@dataclass(frozen=True)
class Node:
    """A job or crawler of a workflow: its column in the graph, and the steps that it waits for."""

    name: str
    kind: str
    column: int
    after: tuple[str, ...]


@dataclass(frozen=True)
class Workflow:
    """A workflow: the steps of its graph, and its newest runs, the newest first."""

    name: str
    nodes: tuple[Node, ...]
    runs: tuple[RunReport, ...]

    @property
    def ended(self) -> tuple[RunReport, ...]:
        """The runs that succeeded or failed; one that somebody stopped says nothing of either."""
        return tuple(run for run in self.runs if run.outcome in (SUCCEEDED, FAILED))

    @property
    def success_rate(self) -> float | None:
        """Which part of the ended runs succeeded, 0 to 1; None before one has ended."""
        ended = self.ended
        return sum(run.outcome == SUCCEEDED for run in ended) / len(ended) if ended else None

    @property
    def median_seconds(self) -> float | None:
        """Seconds of a successful run; None before one has succeeded."""
        good = [run.seconds for run in self.ended if run.outcome == SUCCEEDED and run.seconds is not None]
        return median(good) if good else None


def read(glue: GlueClient, name: str, limit: int) -> Workflow | None:
    """The workflow with its `limit` newest runs; None where it is not deployed."""
    try:
        runs = _runs(glue, name, limit)
        graph = runs[0].get("Graph") if runs else None
        if not graph or not graph.get("Nodes"):
            graph = glue.get_workflow(Name=name, IncludeGraph=True)["Workflow"].get("Graph", {})
    except glue.exceptions.EntityNotFoundException:
        return None
    return Workflow(name, nodes_of(graph), tuple(report(run) for run in runs))


def _runs(glue: GlueClient, name: str, limit: int) -> list[Mapping[str, Any]]:
    """The newest first. Glue gives the newest pages first, so no more pages are asked for than are shown."""
    found: list[Mapping[str, Any]] = []
    token: dict[str, str] = {}
    while len(found) < limit:
        size = min(_PAGE, limit - len(found))
        answer = glue.get_workflow_runs(Name=name, IncludeGraph=True, MaxResults=size, **token)
        found += answer["Runs"]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return sorted(found, key=lambda run: run["StartedOn"], reverse=True)[:limit]


def nodes_of(graph: Mapping[str, Any]) -> tuple[Node, ...]:
    """The steps of Glue's graph, by column: each stands right of all that it waits for. Triggers are its lines."""
    kinds = {node["UniqueId"]: node["Type"] for node in graph.get("Nodes", ())}
    names = {node["UniqueId"]: node["Name"] for node in graph.get("Nodes", ())}
    before: dict[str, set[str]] = {identity: set() for identity in kinds}
    for edge in graph.get("Edges", ()):
        before[edge["DestinationId"]].add(edge["SourceId"])
    steps = {identity: _steps_before(identity, before, kinds) for identity, kind in kinds.items() if kind != _TRIGGER}
    columns = _columns(steps)
    found = [
        Node(names[identity], kinds[identity], columns[identity], tuple(sorted(names[other] for other in others)))
        for identity, others in steps.items()
        if kinds[identity] in (JOB, CRAWLER)
    ]
    return tuple(sorted(found, key=lambda node: (node.column, node.name)))


def _steps_before(identity: str, before: Mapping[str, set[str]], kinds: Mapping[str, str]) -> set[str]:
    """The steps that the triggers before a step wait for."""
    triggers = {other for other in before[identity] if kinds[other] == _TRIGGER}
    direct = before[identity] - triggers
    return direct.union(*(before[trigger] for trigger in triggers)) if triggers else direct


def _columns(steps: Mapping[str, set[str]]) -> dict[str, int]:
    """0 for what waits for nothing; the steps of a circle, which Glue never starts, stand in the last column."""
    columns: dict[str, int] = {}
    while len(columns) < len(steps):
        ready = [name for name, others in steps.items() if name not in columns and others <= columns.keys()]
        for name in ready or [name for name in steps if name not in columns]:
            columns[name] = max((columns.get(other, 0) + 1 for other in steps[name]), default=0)
    return columns
