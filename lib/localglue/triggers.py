"""Trigger definitions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from localapi.documents import Document, Operations
from localglue.errors import InvalidInput, with_hint
from localglue.paging import page_of
from localglue.predicates import started_node
from localglue.scheduler import Schedule
from localglue.states import JOB_NODE, now
from localglue.store import CRAWLER, JOB, TRIGGER, WORKFLOW, Store
from localglue.tags import carrying
from localglue.trigger_rules import CONDITIONAL, ON_DEMAND, SCHEDULED, check

CREATED, ACTIVATED, DEACTIVATED = "CREATED", "ACTIVATED", "DEACTIVATED"
_FIXED_MEMBERS = ("Name", "Id", "Type", "State", "WorkflowName")


class Triggers:
    """Create, read, update, activate and delete triggers. `fire_on_demand` starts the actions of an ON_DEMAND one."""

    def __init__(self, store: Store, fire_on_demand: Callable[[Document], None]) -> None:
        self._store = store
        self._fire_on_demand = fire_on_demand
        self.changed: Callable[[], None] = lambda: None
        """Called when schedules may have changed."""

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "CreateTrigger": self.create,
            "UpdateTrigger": self.update,
            "GetTrigger": lambda request: {"Trigger": self.get(request["Name"])},
            "GetTriggers": lambda request: page_of(request, "Triggers", self._starting(request)),
            "ListTriggers": self.list_names,
            "BatchGetTriggers": self.batch_get,
            "StartTrigger": self.start,
            "StopTrigger": self.stop,
            "DeleteTrigger": self.delete,
        }

    def get(self, name: str) -> Document:
        """The trigger. Raises EntityNotFound."""
        return self._store.existing(TRIGGER, name)

    def of_workflow(self, workflow: str) -> list[Document]:
        """The triggers that belong to a workflow."""
        return [trigger for trigger in self._store.all(TRIGGER) if trigger.get("WorkflowName") == workflow]

    def create(self, request: Document) -> Document:
        """Add a trigger. Raises AlreadyExists, EntityNotFound, InvalidInput."""
        name = request["Name"]
        self._store.refuse_existing(TRIGGER, name)
        self._check(request)
        state = ACTIVATED if request.get("StartOnCreation") else CREATED
        kept = {key: value for key, value in request.items() if key not in ("StartOnCreation", "Tags")}
        self._save({**kept, "Id": name, "State": state})
        return {"Name": name}

    def update(self, request: Document) -> Document:
        """Replace the definition, as on AWS: members that the update does not name are removed, except fixed ones."""
        trigger = self.get(request["Name"])
        changed = {
            "Actions": [],
            **request["TriggerUpdate"],
            **{key: trigger[key] for key in _FIXED_MEMBERS if key in trigger},
        }
        self._check(changed)
        self._save(changed)
        return {"Trigger": changed}

    def list_names(self, request: Document) -> Document:
        """The names of all triggers, or of those that start one job or have these tags."""
        names = [trigger["Name"] for trigger in self._starting(request)]
        return page_of(request, "TriggerNames", carrying(self._store, "trigger", names, request))

    def _starting(self, request: Document) -> list[Document]:
        triggers, job = self._store.all(TRIGGER), request.get("DependentJobName")
        return [one for one in triggers if job is None or (JOB_NODE, job) in map(started_node, one["Actions"])]

    def batch_get(self, request: Document) -> Document:
        """The triggers with these names, and the names without a trigger."""
        found = {name: self._store.get(TRIGGER, name) for name in request["TriggerNames"]}
        return {
            "Triggers": [trigger for trigger in found.values() if trigger],
            "TriggersNotFound": [name for name, trigger in found.items() if not trigger],
        }

    def start(self, request: Document) -> Document:
        """Activate a trigger. An ON_DEMAND one fires at once instead, or starts its workflow; its state stays."""
        trigger = self.get(request["Name"])
        if trigger["Type"] == ON_DEMAND:
            self._fire_on_demand(trigger)
        else:
            self._save({**trigger, "State": ACTIVATED})
        return {"Name": trigger["Name"]}

    def stop(self, request: Document) -> Document:
        """Deactivate a trigger. Raises InvalidInput for one that is not activated."""
        trigger = self.get(request["Name"])
        if trigger["State"] == CREATED:
            words = f"The operation is not allowed when trigger is in state: {CREATED}"
            raise InvalidInput(
                with_hint(words, f"trigger {trigger['Name']} is not activated; there is nothing to stop")
            )
        self._save({**trigger, "State": DEACTIVATED})
        return {"Name": trigger["Name"]}

    def delete(self, request: Document) -> Document:
        """Delete a trigger. It is no error if there is none, as on AWS."""
        self._store.delete(TRIGGER, request["Name"])
        self.changed()
        return {"Name": request["Name"]}

    def schedules(self, fire: Callable[[Document], None]) -> list[Schedule]:
        """The schedules of the activated triggers; each calls `fire` with the trigger when it is due."""
        active = [one for one in self._store.all(TRIGGER) if one["Type"] == SCHEDULED and one["State"] == ACTIVATED]
        return [Schedule(one["Schedule"], one["ChangedOn"], partial(fire, one)) for one in active]

    def _save(self, trigger: Document) -> None:
        self._store.put(TRIGGER, trigger["Name"], {**trigger, "ChangedOn": now()})
        self.changed()

    def _check(self, trigger: Document) -> None:
        """Raises InvalidInput, and EntityNotFound if the trigger starts or belongs to something that does not exist."""
        check(trigger)
        for kind, name in map(started_node, trigger["Actions"]):
            self._store.existing(JOB if kind == JOB_NODE else CRAWLER, name)
        self._check_workflow(trigger)

    def _check_workflow(self, trigger: Document) -> None:
        workflow = trigger.get("WorkflowName")
        if workflow is None:
            return
        self._store.existing(WORKFLOW, workflow)
        starts = [other for other in self.of_workflow(workflow) if other["Type"] != CONDITIONAL]
        others = [other["Name"] for other in starts if other["Name"] != trigger["Name"]]
        if trigger["Type"] != CONDITIONAL and others:
            raise InvalidInput(
                f"workflow {workflow} already has the start trigger {others[0]}; delete it first, a workflow has one"
            )
