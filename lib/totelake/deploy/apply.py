"""Bring an account's Glue resources to the plan: create what is missing, update what differs, leave the rest alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from totelake.deploy.plan import CONDITIONAL, SCHEDULED, Plan, Resource

CREATED, UPDATED, UNCHANGED, ACTIVATED, DELETED = "created", "updated", "unchanged", "activated", "deleted"
_TRIGGER_FIXED = ("Name", "Type", "WorkflowName", "StartOnCreation")
_ACTIVE = ("ACTIVATED", "ACTIVATING")
# part of the plan, kind of resource, the parameter that names one: what starts others goes first
_RETIRED = (
    ("triggers", "trigger", "Name"),
    ("workflows", "workflow", "Name"),
    ("jobs", "job", "JobName"),
    ("crawlers", "crawler", "Name"),
)


@dataclass(frozen=True)
class Change:
    """What was done to one resource."""

    kind: str
    name: str
    outcome: str


def differs(wanted: Any, present: Any) -> bool:
    """Whether a wanted value is not what is there; members that only the present one has do not count."""
    if isinstance(wanted, Mapping):
        return not isinstance(present, Mapping) or any(
            differs(value, present.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        if not isinstance(present, (list, tuple)) or len(wanted) != len(present):
            return True
        return any(differs(one, other) for one, other in zip(wanted, present))
    return bool(wanted != present)


def apply(glue: Any, plan: Plan, activate_schedule: bool = False) -> Iterator[Change]:
    """Apply the plan, one change after the other; what an earlier deployment left goes first, and starts nothing."""
    yield from _retire(glue, plan)
    for wanted in plan.databases.values():
        yield _database(glue, wanted)
    for wanted in plan.jobs.values():
        yield _job(glue, wanted)
    for wanted in plan.crawlers.values():
        yield _crawler(glue, wanted)
    for wanted in plan.workflows.values():
        yield _workflow(glue, wanted)
    for wanted in plan.triggers.values():
        yield _trigger(glue, wanted)
        if activate_schedule and wanted["Type"] == SCHEDULED:
            yield _activate(glue, wanted["Name"])


def _retire(glue: Any, plan: Plan) -> Iterator[Change]:
    """Delete what is there of the retired resources."""
    for part, kind, key in _RETIRED:
        for name in plan.retired.get(part, ()):
            if _found(getattr(glue, f"get_{kind}"), kind.capitalize(), **{key: name}) is not None:
                getattr(glue, f"delete_{kind}")(**{key: name})
                yield Change(kind, name, DELETED)


def idle_schedules(glue: Any, names: Iterable[str]) -> list[str]:
    """Those of the scheduled triggers that are not active."""
    return [name for name in names if glue.get_trigger(Name=name)["Trigger"]["State"] not in _ACTIVE]


def _found(call: Callable[..., Any], field: str, **names: str) -> Any:
    """The resource; None when Glue says that there is none, any other error as it is."""
    try:
        return call(**names)[field]
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return None
        raise


def _without(resource: Resource, *fields: str) -> Resource:
    return {name: value for name, value in resource.items() if name not in fields}


def _database(glue: Any, wanted: Resource) -> Change:
    if _found(glue.get_database, "Database", Name=wanted["Name"]) is not None:
        return Change("database", wanted["Name"], UNCHANGED)
    glue.create_database(DatabaseInput=wanted)
    return Change("database", wanted["Name"], CREATED)


def _job(glue: Any, wanted: Resource) -> Change:
    name = wanted["Name"]
    present = _found(glue.get_job, "Job", JobName=name)
    if present is None:
        glue.create_job(**wanted)
        return Change("job", name, CREATED)
    same_arguments = present.get("DefaultArguments") == wanted["DefaultArguments"]
    if same_arguments and not differs(wanted, present):
        return Change("job", name, UNCHANGED)
    glue.update_job(JobName=name, JobUpdate=_without(wanted, "Name"))
    return Change("job", name, UPDATED)


def _crawler(glue: Any, wanted: Resource) -> Change:
    name = wanted["Name"]
    present = _found(glue.get_crawler, "Crawler", Name=name)
    if present is None:
        glue.create_crawler(**wanted)
        return Change("crawler", name, CREATED)
    if not differs(_without(wanted, "Role"), present) and wanted["Role"].endswith(present["Role"]):
        return Change("crawler", name, UNCHANGED)
    glue.update_crawler(**wanted)
    return Change("crawler", name, UPDATED)


def _workflow(glue: Any, wanted: Resource) -> Change:
    name = wanted["Name"]
    present = _found(glue.get_workflow, "Workflow", Name=name)
    if present is None:
        glue.create_workflow(**wanted)
        return Change("workflow", name, CREATED)
    if not differs(wanted, present):
        return Change("workflow", name, UNCHANGED)
    glue.update_workflow(**wanted)
    return Change("workflow", name, UPDATED)


def _trigger(glue: Any, wanted: Resource) -> Change:
    """A trigger's type and workflow are fixed for its life: when they differ it is made anew."""
    name = wanted["Name"]
    present = _found(glue.get_trigger, "Trigger", Name=name)
    if present is None:
        glue.create_trigger(**wanted)
        return Change("trigger", name, CREATED)
    if present["Type"] != wanted["Type"] or present.get("WorkflowName") != wanted.get("WorkflowName"):
        glue.delete_trigger(Name=name)
        glue.create_trigger(**wanted)
        return Change("trigger", name, UPDATED)
    outcome = UNCHANGED
    if differs(_without(wanted, *_TRIGGER_FIXED), present):
        glue.update_trigger(Name=name, TriggerUpdate=_without(wanted, *_TRIGGER_FIXED))
        outcome = UPDATED
    if wanted["Type"] == CONDITIONAL and _activate(glue, name).outcome == ACTIVATED:
        outcome = UPDATED
    return Change("trigger", name, outcome)


def _activate(glue: Any, name: str) -> Change:
    if glue.get_trigger(Name=name)["Trigger"]["State"] in _ACTIVE:
        return Change("trigger", name, UNCHANGED)
    glue.start_trigger(Name=name)
    return Change("trigger", name, ACTIVATED)
