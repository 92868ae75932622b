"""Workflow definitions."""

from __future__ import annotations

from localapi.documents import Document, Operations
from localglue.graph import graph
from localglue.paging import page_of
from localglue.states import now
from localglue.store import TRIGGER, WORKFLOW, WORKFLOW_RUN, Store
from localglue.triggers import Triggers
from localglue.workflow_run_reader import WorkflowRunReader


class Workflows:
    """Create, read, update and delete workflows."""

    def __init__(self, store: Store, triggers: Triggers, runs: WorkflowRunReader) -> None:
        self._store, self._triggers, self._runs = store, triggers, runs

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "CreateWorkflow": self.create,
            "UpdateWorkflow": self.update,
            "GetWorkflow": self.describe,
            "BatchGetWorkflows": self.batch_get,
            "ListWorkflows": lambda request: page_of(
                request, "Workflows", [workflow["Name"] for workflow in self._store.all(WORKFLOW)]
            ),
            "DeleteWorkflow": self.delete,
        }

    def get(self, name: str) -> Document:
        """The workflow. Raises EntityNotFound."""
        return self._store.existing(WORKFLOW, name)

    def create(self, request: Document) -> Document:
        """Add a workflow. Raises AlreadyExists."""
        name = request["Name"]
        self._store.refuse_existing(WORKFLOW, name)
        kept = {key: value for key, value in request.items() if key != "Tags"}
        moment = now()
        self._store.put(WORKFLOW, name, {**kept, "CreatedOn": moment, "LastModifiedOn": moment})
        return {"Name": name}

    def update(self, request: Document) -> Document:
        """Replace the description, default properties and concurrency limit with those in the request."""
        workflow = self.get(request["Name"])
        kept = {"Name": workflow["Name"], "CreatedOn": workflow["CreatedOn"]}
        self._store.put(WORKFLOW, workflow["Name"], {**kept, **request, "LastModifiedOn": now()})
        return {"Name": workflow["Name"]}

    def describe(self, request: Document) -> Document:
        """The workflow with its last run and, on request, its graph."""
        workflow = dict(self.get(request["Name"]))
        name = workflow["Name"]
        last = self._store.runs_of(WORKFLOW_RUN, name, 1)
        if last:
            workflow["LastRun"] = self._runs.describe(last[0], request.get("IncludeGraph", False))
        if request.get("IncludeGraph"):
            workflow["Graph"] = graph(name, self._triggers.of_workflow(name), {})
        return {"Workflow": workflow}

    def batch_get(self, request: Document) -> Document:
        """The workflows with these names, and the names without a workflow."""
        found = {name: self._store.get(WORKFLOW, name) for name in request["Names"]}
        return {
            "Workflows": [self.describe({**request, "Name": name})["Workflow"] for name in found if found[name]],
            "MissingWorkflows": [name for name, workflow in found.items() if not workflow],
        }

    def delete(self, request: Document) -> Document:
        """Delete a workflow and its triggers. It is no error if there is none, as on AWS."""
        name = request["Name"]
        for trigger in self._triggers.of_workflow(name):
            self._store.delete(TRIGGER, trigger["Name"])
        self._store.delete(WORKFLOW, name)
        return {"Name": name}
