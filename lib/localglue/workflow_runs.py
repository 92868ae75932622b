"""Workflow runs: chains of triggers that advance with the end of each job run and crawl."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from localapi.documents import Document, Operations
from localglue.actions import Actions
from localglue.errors import ConcurrentRunsExceeded, EntityNotFound, IllegalWorkflowState, InvalidInput
from localglue.graph import action_nodes, downstream, node_id, state_of
from localglue.paging import page
from localglue.predicates import conditions_of, is_satisfied, started_node, watched_node
from localglue.states import (
    ACTIVE,
    COMPLETED,
    JOB_NODE,
    RUNNING,
    STOPPED,
    STOPPING,
    FinishedRun,
    Node,
    Origin,
    new_id,
    now,
)
from localglue.store import WORKFLOW_RUN, Store
from localglue.trigger_rules import CONDITIONAL
from localglue.triggers import ACTIVATED, Triggers
from localglue.workflow_run_reader import NodeRuns, WorkflowRunReader
from localglue.workflows import Workflows

_UNFINISHED = (RUNNING, STOPPING)


class WorkflowRuns:
    """Starts, advances, stops and resumes workflow runs. A run keeps the triggers as they were at its start."""

    def __init__(
        self,
        store: Store,
        workflows: Workflows,
        triggers: Triggers,
        actions: Actions,
        reader: WorkflowRunReader,
        lock: threading.RLock,
    ) -> None:
        self._store, self._workflows, self._triggers = store, workflows, triggers
        self._actions, self._reader, self._lock = actions, reader, lock

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "StartWorkflowRun": lambda request: {"RunId": self.start(request["Name"], request.get("RunProperties"))},
            "GetWorkflowRun": lambda request: {"Run": self._reader.describe(self._get(request), _with_graph(request))},
            "GetWorkflowRuns": self.list_runs,
            "StopWorkflowRun": self.stop,
            "ResumeWorkflowRun": self.resume,
            "GetWorkflowRunProperties": lambda request: {"RunProperties": self._get(request)["WorkflowRunProperties"]},
            "PutWorkflowRunProperties": self.put_properties,
        }

    def start(self, name: str, properties: Mapping[str, str] | None = None) -> str:
        """Start a run and return its id. Raises EntityNotFound, ConcurrentRunsExceeded, InvalidInput."""
        with self._lock:
            workflow = self._workflows.get(name)
            self._check_limit(workflow)
            triggers = sorted(self._triggers.of_workflow(name), key=lambda trigger: trigger["Type"] == CONDITIONAL)
            if not triggers or triggers[0]["Type"] == CONDITIONAL:
                raise InvalidInput(f"workflow {name} has no start trigger; create one that is ON_DEMAND or SCHEDULED")
            run = self._new_run(name, triggers, {**workflow.get("DefaultRunProperties", {}), **(properties or {})})
            self._fire(run, triggers[0], ())
            self._advance(run)
            return str(run["WorkflowRunId"])

    def finished(self, ended: FinishedRun) -> None:
        """Fire the triggers that waited for this job run or crawl, and end the workflow run if nothing is active."""
        if ended.origin.workflow_run is None:
            return
        with self._lock:
            run = self._store.run(WORKFLOW_RUN, ended.origin.workflow_run)
            if run is not None and run["Status"] in _UNFINISHED:
                self._advance(run)

    def list_runs(self, request: Document) -> Document:
        """The workflow's runs, newest first."""
        name, with_graph = request["Name"], _with_graph(request)
        self._workflows.get(name)
        fetch = self._store.runs_of
        return page(
            request,
            "Runs",
            lambda *at: [self._reader.describe(run, with_graph) for run in fetch(WORKFLOW_RUN, name, *at)],
        )

    def stop(self, request: Document) -> Document:
        """Stop every active job run and crawl of the run. Raises IllegalWorkflowState if it is not running."""
        with self._lock:
            run = self._get(request)
            if run["Status"] != RUNNING:
                raise IllegalWorkflowState(
                    f"run {run['WorkflowRunId']} of workflow {run['Name']} is {run['Status']}, so it cannot be stopped"
                )
            run["Status"] = STOPPING
            self._save(run)
            self._actions.stop_all(run["WorkflowRunId"])
            self._advance(run)
        return {}

    def resume(self, request: Document) -> Document:
        """Start a new run that repeats these nodes and those after them, and copies the runs of all others."""
        with self._lock:
            old = self._get(request)
            if old["Status"] != COMPLETED:
                raise IllegalWorkflowState(
                    f"run {old['WorkflowRunId']} of workflow {old['Name']} is {old['Status']}, and not COMPLETED, "
                    "so it cannot be resumed"
                )
            self._check_limit(self._workflows.get(old["Name"]))
            nodes = self._nodes_of(old, request["NodeIds"])
            repeated, fired_again = downstream(old["Triggers"], nodes)
            copied = {node: runs for node, runs in self._reader.node_runs(old).items() if node not in repeated}
            run = self._new_run(old["Name"], old["Triggers"], old["WorkflowRunProperties"])
            run["PreviousRunId"] = old["WorkflowRunId"]
            run["Fired"] = [name for name in old["Fired"] if name not in fired_again]
            run["Copied"] = [[*node, [r.get("Id") or r["CrawlId"] for r in runs]] for node, runs in copied.items()]
            self._save(run)
            for node in nodes:
                self._start_node(run, node)
            self._advance(run)
        return {"RunId": run["WorkflowRunId"], "NodeIds": [node_id(run["Name"], node) for node in nodes]}

    def recover(self) -> None:
        """End the runs that were active when localglue last ended; they start nothing more."""
        with self._lock:
            for run in self._store.runs_in_states(WORKFLOW_RUN, _UNFINISHED):
                status = STOPPED if run["Status"] == STOPPING else COMPLETED
                message = "localglue was ended during this run; resume it, or start the workflow again"
                self._save({**run, "Status": status, "CompletedOn": now(), "ErrorMessage": message})

    def put_properties(self, request: Document) -> Document:
        """Add or replace properties of a run."""
        with self._lock:
            run = self._get(request)
            run["WorkflowRunProperties"] = {**run["WorkflowRunProperties"], **request["RunProperties"]}
            self._save(run)
        return {}

    def _get(self, request: Document) -> Document:
        self._workflows.get(request["Name"])
        run = self._store.run(WORKFLOW_RUN, request["RunId"])
        if run is None or run["Name"] != request["Name"]:
            raise EntityNotFound("run of workflow", request["RunId"], request["Name"])
        return run

    def _check_limit(self, workflow: Document) -> None:
        limit = workflow.get("MaxConcurrentRuns")
        if limit and len(self._store.runs_in_states(WORKFLOW_RUN, ACTIVE, workflow["Name"])) >= limit:
            raise ConcurrentRunsExceeded("workflow", workflow["Name"], limit)

    def _new_run(self, workflow: str, triggers: list[Document], properties: Document) -> Document:
        run: Document = {
            "Name": workflow,
            "WorkflowRunId": new_id("wr"),
            "WorkflowRunProperties": properties,
            "StartedOn": now(),
            "Status": RUNNING,
            "Triggers": triggers,
            "Fired": [],
            "Copied": [],
        }
        self._store.add_run(WORKFLOW_RUN, run["WorkflowRunId"], workflow, None, RUNNING, run)
        return run

    def _advance(self, run: Document) -> None:
        """Fire every trigger whose predicate holds, then end the run if nothing is active."""
        while run["Status"] == RUNNING and self._fire_next(run):
            continue
        if any(state_of(node, runs[-1]) in ACTIVE for node, runs in self._reader.node_runs(run).items()):
            return
        status = STOPPED if run["Status"] == STOPPING else COMPLETED
        self._save({**run, "Status": status, "CompletedOn": now()})

    def _fire_next(self, run: Document) -> bool:
        nodes = self._reader.node_runs(run)
        ended = {node: state_of(node, runs[-1]) for node, runs in nodes.items()}
        for trigger in run["Triggers"]:
            waits = trigger["Type"] == CONDITIONAL and trigger["State"] == ACTIVATED
            if waits and trigger["Name"] not in run["Fired"] and is_satisfied(trigger, ended):
                self._fire(run, trigger, _predecessors(trigger, nodes))
                return True
        return False

    def _fire(self, run: Document, trigger: Document, predecessors: tuple[tuple[str, str], ...]) -> None:
        run["Fired"].append(trigger["Name"])
        self._save(run)
        self._actions.fire(trigger, Origin(trigger["Name"], run["Name"], run["WorkflowRunId"], predecessors))

    def _start_node(self, run: Document, node: Node) -> None:
        for trigger in run["Triggers"]:
            chosen = [action for action in trigger["Actions"] if started_node(action) == node]
            if chosen:
                origin = Origin(trigger["Name"], run["Name"], run["WorkflowRunId"])
                self._actions.fire({**trigger, "Actions": chosen[:1]}, origin)
                return

    def _nodes_of(self, run: Document, ids: list[str]) -> list[Node]:
        known = {node_id(run["Name"], node): node for node in action_nodes(run["Triggers"])}
        ran = self._reader.node_runs(run)
        for wanted in ids:
            if wanted not in known or known[wanted] not in ran:
                raise InvalidInput(
                    f"{wanted} is not a job or crawler that run {run['WorkflowRunId']} has started; see its graph"
                )
        return [known[wanted] for wanted in ids]

    def _save(self, run: Document) -> None:
        self._store.save_run(WORKFLOW_RUN, run["WorkflowRunId"], run["Status"], run)


def _with_graph(request: Document) -> bool:
    return bool(request.get("IncludeGraph", False))


def _predecessors(trigger: Document, runs: NodeRuns) -> tuple[tuple[str, str], ...]:
    """Name and id of the job runs that the trigger watched."""
    nodes = dict.fromkeys(watched_node(condition) for condition in conditions_of(trigger))
    return tuple((node[1], runs[node][-1]["Id"]) for node in nodes if node[0] == JOB_NODE and node in runs)
