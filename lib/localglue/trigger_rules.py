"""Glue's rules for the definition of a trigger."""

from __future__ import annotations

from collections.abc import Iterable

from localglue import cron
from localglue.documents import Document
from localglue.errors import InvalidInput
from localglue.predicates import conditions_of

ON_DEMAND, SCHEDULED, CONDITIONAL = "ON_DEMAND", "SCHEDULED", "CONDITIONAL"
_JOB_STATES = ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT")
_CRAWL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
_MAX_CRAWLERS = 2


def check(trigger: Document) -> None:
    """Raises InvalidInput for the first rule that the definition breaks."""
    for problem in _problems(trigger):
        raise InvalidInput(f"trigger {trigger['Name']}: {problem}")
    if trigger["Type"] == SCHEDULED:
        cron.check(trigger["Schedule"])


def _problems(trigger: Document) -> Iterable[str]:
    kind = trigger["Type"]
    if kind not in (ON_DEMAND, SCHEDULED, CONDITIONAL):
        yield f"localglue has no {kind} triggers; use a schedule, or start it on demand"
    if kind == SCHEDULED and not trigger.get("Schedule"):
        yield "a SCHEDULED trigger needs a Schedule"
    if kind != SCHEDULED and trigger.get("Schedule"):
        yield f"a trigger of type {kind} has no Schedule"
    if kind == CONDITIONAL and not conditions_of(trigger):
        yield "a CONDITIONAL trigger needs a Predicate with Conditions"
    if kind != CONDITIONAL and trigger.get("Predicate"):
        yield f"a trigger of type {kind} has no Predicate"
    if trigger.get("StartOnCreation") and kind not in (SCHEDULED, CONDITIONAL):
        yield f"StartOnCreation is for SCHEDULED and CONDITIONAL triggers, and this one is {kind}"
    yield from _action_problems(trigger["Actions"])
    yield from _predicate_problems(trigger)


def _action_problems(actions: list[Document]) -> Iterable[str]:
    if not actions:
        yield "Actions must name at least one job or crawler"
    if any(("JobName" in action) == ("CrawlerName" in action) for action in actions):
        yield "each action names either a JobName or a CrawlerName"
    if sum("CrawlerName" in action for action in actions) > _MAX_CRAWLERS:
        yield f"a trigger starts at most {_MAX_CRAWLERS} crawlers"


def _predicate_problems(trigger: Document) -> Iterable[str]:
    conditions = conditions_of(trigger)
    if len(conditions) > 1 and "Logical" not in trigger["Predicate"]:
        yield "Predicate.Logical must be AND or ANY when there are several conditions"
    for condition in conditions:
        job, crawler = "JobName" in condition, "CrawlerName" in condition
        if job == crawler:
            yield "each condition names either a JobName or a CrawlerName"
        elif job and condition.get("State") not in _JOB_STATES:
            yield f"a condition on a job has a State of {', '.join(_JOB_STATES)}"
        elif crawler and condition.get("CrawlState") not in _CRAWL_STATES:
            yield f"a condition on a crawler has a CrawlState of {', '.join(_CRAWL_STATES)}"
