"""The graph of a workflow: triggers, jobs and crawlers as nodes, edges between them, and counts by state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from localapi.documents import Document
from localglue.predicates import conditions_of, started_node, watched_node
from localglue.states import (
    CANCELLED,
    ERROR,
    FAILED,
    IN_PROGRESS,
    JOB_NODE,
    STOPPED,
    SUCCEEDED,
    TIMEOUT,
    TRIGGER_NODE,
    WAITING,
    Node,
    fixed_id,
)

_COUNTED = {
    "TimeoutActions": (TIMEOUT,),
    "FailedActions": (FAILED,),
    "StoppedActions": (STOPPED, CANCELLED),
    "SucceededActions": (SUCCEEDED,),
    "RunningActions": IN_PROGRESS,
    "ErroredActions": (ERROR,),
    "WaitingActions": (WAITING,),
}


def node_id(workflow: str, node: Node) -> str:
    """The node's id; it is the same in every graph of the workflow."""
    return fixed_id("wnode", workflow, *node)


def action_nodes(triggers: Iterable[Document]) -> list[Node]:
    """Every job and crawler that the triggers start, without repeats, in the order of the triggers."""
    return list(dict.fromkeys(started_node(action) for trigger in triggers for action in trigger["Actions"]))


def downstream(triggers: Sequence[Document], nodes: Iterable[Node]) -> tuple[set[Node], set[str]]:
    """All nodes and triggers that are reachable from these nodes, including the nodes themselves."""
    reached, fired = set(nodes), set[str]()
    grown = True
    while grown:
        grown = False
        for trigger in triggers:
            if trigger["Name"] not in fired and any(watched_node(c) in reached for c in conditions_of(trigger)):
                fired.add(trigger["Name"])
                reached.update(started_node(action) for action in trigger["Actions"])
                grown = True
    return reached, fired


def graph(workflow: str, triggers: Sequence[Document], runs: Mapping[Node, Sequence[Document]]) -> Document:
    """Glue's WorkflowGraph; `runs` has the runs of each node, oldest first."""
    nodes = [_trigger_node(workflow, trigger) for trigger in triggers]
    nodes += [_action_node(workflow, node, runs.get(node, ())) for node in _all_nodes(triggers)]
    return {"Nodes": nodes, "Edges": list(_edges(workflow, triggers))}


def statistics(triggers: Sequence[Document], runs: Mapping[Node, Sequence[Document]]) -> Document:
    """Glue's WorkflowRunStatistics: each job or crawler counts once, with the state of its newest attempt."""
    nodes = action_nodes(triggers)
    states = [state_of(node, runs[node][-1]) for node in nodes if runs.get(node)]
    counts = {name: sum(state in wanted for state in states) for name, wanted in _COUNTED.items()}
    return {"TotalActions": len(nodes), **counts}


def state_of(node: Node, run: Document) -> str:
    """The state of a job run or a crawl."""
    state: str = run["JobRunState"] if node[0] == JOB_NODE else run["State"]
    return state


def _all_nodes(triggers: Sequence[Document]) -> list[Node]:
    watching = (watched_node(condition) for trigger in triggers for condition in conditions_of(trigger))
    return list(dict.fromkeys([*action_nodes(triggers), *watching]))


def _trigger_node(workflow: str, trigger: Document) -> Document:
    node = (TRIGGER_NODE, trigger["Name"])
    return {
        "Type": TRIGGER_NODE,
        "Name": trigger["Name"],
        "UniqueId": node_id(workflow, node),
        "TriggerDetails": {"Trigger": trigger},
    }


def _action_node(workflow: str, node: Node, runs: Sequence[Document]) -> Document:
    kind, name = node
    newest_first = list(reversed(runs))
    details = (
        {"JobDetails": {"JobRuns": newest_first}} if kind == JOB_NODE else {"CrawlerDetails": {"Crawls": newest_first}}
    )
    return {"Type": kind, "Name": name, "UniqueId": node_id(workflow, node), **details}


def _edges(workflow: str, triggers: Sequence[Document]) -> Iterable[Document]:
    for trigger in triggers:
        own = node_id(workflow, (TRIGGER_NODE, trigger["Name"]))
        for node in dict.fromkeys(watched_node(condition) for condition in conditions_of(trigger)):
            yield {"SourceId": node_id(workflow, node), "DestinationId": own}
        for node in dict.fromkeys(started_node(action) for action in trigger["Actions"]):
            yield {"SourceId": own, "DestinationId": node_id(workflow, node)}
