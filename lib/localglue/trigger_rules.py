"""Glue's rules for the definition of a trigger."""

from __future__ import annotations

from collections.abc import Iterable

from localapi.documents import Document
from localglue import cron
from localglue.errors import InvalidInput, with_hint
from localglue.predicates import conditions_of, started_node, watched_node
from localglue.states import JOB_NODE

ON_DEMAND, SCHEDULED, CONDITIONAL = "ON_DEMAND", "SCHEDULED", "CONDITIONAL"
_JOB_STATES = ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT")
_CRAWL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
_MAX_CRAWLERS = 2


def check(trigger: Document) -> None:
    """Raises InvalidInput for the first rule that the definition breaks, in Glue's words where they are known."""
    for words, hint in _problems(trigger):
        about = f"trigger {trigger['Name']}: {hint}"
        raise InvalidInput(with_hint(words, about) if words else about)
    if trigger["Type"] == SCHEDULED:
        cron.check(trigger["Schedule"])


_Problem = tuple[str, str]
"""Glue's own words, empty where nobody quotes them, and what to do."""


def _problems(trigger: Document) -> Iterable[_Problem]:
    kind = trigger["Type"]
    if kind not in (ON_DEMAND, SCHEDULED, CONDITIONAL):
        yield "", f"localglue has no {kind} triggers; use a schedule, or start it on demand"
    if kind == SCHEDULED and not trigger.get("Schedule"):
        yield "", "a SCHEDULED trigger needs a Schedule"
    if kind != SCHEDULED and trigger.get("Schedule"):
        yield "", f"a trigger of type {kind} has no Schedule"
    if kind == CONDITIONAL and not conditions_of(trigger):
        yield "Predicate cannot be null or empty", "a CONDITIONAL trigger needs a Predicate with Conditions"
    if kind != CONDITIONAL and trigger.get("Predicate"):
        yield "", f"a trigger of type {kind} has no Predicate"
    if trigger.get("StartOnCreation") and kind not in (SCHEDULED, CONDITIONAL):
        yield "", f"StartOnCreation is for SCHEDULED and CONDITIONAL triggers, and this one is {kind}"
    yield from _action_problems(trigger["Actions"])
    yield from _predicate_problems(trigger)
    yield from _circles(trigger)


def _action_problems(actions: list[Document]) -> Iterable[_Problem]:
    if not actions:
        yield "", "Actions must name at least one job or crawler"
    for action in actions:
        if ("JobName" in action) == ("CrawlerName" in action):
            both = "Both JobName and CrawlerName cannot be set together in an action" if "JobName" in action else ""
            yield both, "each action names either a JobName or a CrawlerName"
    if sum("CrawlerName" in action for action in actions) > _MAX_CRAWLERS:
        yield "Actions cannot contain more than two crawlers", f"a trigger starts at most {_MAX_CRAWLERS} crawlers"


def _predicate_problems(trigger: Document) -> Iterable[_Problem]:
    conditions = conditions_of(trigger)
    if len(conditions) > 1 and "Logical" not in trigger["Predicate"]:
        yield "", "Predicate.Logical must be AND or ANY when there are several conditions"
    for condition in conditions:
        job, crawler = "JobName" in condition, "CrawlerName" in condition
        if job == crawler:
            words = "" if job else "JobName or CrawlerName in condition cannot be null or empty"
            yield words, "each condition names either a JobName or a CrawlerName"
        elif "LogicalOperator" not in condition:
            yield "Logical operator cannot be null or empty", "LogicalOperator of each condition is EQUALS"
        elif job and condition.get("State") not in _JOB_STATES:
            yield _without_state("job", _JOB_STATES), f"a condition on a job has a State of {', '.join(_JOB_STATES)}"
        elif crawler and condition.get("CrawlState") not in _CRAWL_STATES:
            words = _without_state("crawler", _CRAWL_STATES)
            yield words, f"a condition on a crawler has a CrawlState of {', '.join(_CRAWL_STATES)}"


def _without_state(kind: str, states: Iterable[str]) -> str:
    return f"State cannot be null or empty, choose from one of the following {kind} state: [{', '.join(states)}]"


def _circles(trigger: Document) -> Iterable[_Problem]:
    """What the trigger both watches and starts: it would fire itself for ever."""
    watched = {watched_node(condition) for condition in conditions_of(trigger)}
    for node in map(started_node, trigger["Actions"]):
        if node in watched:
            kind = "Job" if node[0] == JOB_NODE else "Crawler"
            words = f"{kind} cannot be a Predicate and Action for Conditional Trigger."
            yield words, f"it watches {node[1]} and starts it again; name another one"
