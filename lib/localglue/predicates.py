"""Decides when a conditional trigger fires, from the final states of the jobs and crawlers that it watches."""

from __future__ import annotations

from collections.abc import Mapping

from localapi.documents import Document
from localglue.states import CRAWLER_NODE, JOB_NODE, Node


def watched_node(condition: Document) -> Node:
    """The job or crawler that the condition is about."""
    if "JobName" in condition:
        return JOB_NODE, condition["JobName"]
    return CRAWLER_NODE, condition["CrawlerName"]


def started_node(action: Document) -> Node:
    """The job or crawler that the action starts."""
    return (JOB_NODE, action["JobName"]) if "JobName" in action else (CRAWLER_NODE, action["CrawlerName"])


def conditions_of(trigger: Document) -> list[Document]:
    """The trigger's conditions; none if it is not conditional."""
    conditions: list[Document] = trigger.get("Predicate", {}).get("Conditions", [])
    return conditions


def matches(condition: Document, ended: Mapping[Node, str]) -> bool:
    """Whether the watched node has ended in the state that the condition names."""
    wanted = condition.get("State") or condition.get("CrawlState")
    return ended.get(watched_node(condition)) == wanted


def is_satisfied(trigger: Document, ended: Mapping[Node, str]) -> bool:
    """Whether the trigger's predicate holds, given the states of the nodes that have ended; all conditions or ANY."""
    results = [matches(condition, ended) for condition in conditions_of(trigger)]
    return bool(results) and (any(results) if trigger["Predicate"].get("Logical") == "ANY" else all(results))
