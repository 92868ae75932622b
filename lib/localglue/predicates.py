"""When a conditional trigger fires: decided from what has become of the jobs and crawlers that it watches."""

from __future__ import annotations

from collections.abc import Mapping

from localglue.documents import Document
from localglue.states import CRAWLER_NODE, JOB_NODE, Node


def watched(condition: Document) -> Node:
    """The job or crawler that the condition is about."""
    if "JobName" in condition:
        return JOB_NODE, condition["JobName"]
    return CRAWLER_NODE, condition["CrawlerName"]


def started_by(action: Document) -> Node:
    """The job or crawler that the action starts."""
    return (JOB_NODE, action["JobName"]) if "JobName" in action else (CRAWLER_NODE, action["CrawlerName"])


def conditions_of(trigger: Document) -> list[Document]:
    """The trigger's conditions; none for one that is not conditional."""
    conditions: list[Document] = trigger.get("Predicate", {}).get("Conditions", [])
    return conditions


def matches(condition: Document, ended: Mapping[Node, str]) -> bool:
    """Whether what is watched has ended in the state that the condition names."""
    wanted = condition.get("State") or condition.get("CrawlState")
    return ended.get(watched(condition)) == wanted


def satisfied(trigger: Document, ended: Mapping[Node, str]) -> bool:
    """Whether the trigger fires, given the final state of everything that has ended; AND unless it says ANY."""
    held = [matches(condition, ended) for condition in conditions_of(trigger)]
    return bool(held) and (any(held) if trigger["Predicate"].get("Logical") == "ANY" else all(held))
