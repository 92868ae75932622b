"""Conditional triggers outside workflows. They fire on the end of runs that triggers have started."""

from __future__ import annotations

import threading

from localapi.documents import Document
from localglue.actions import Actions
from localglue.predicates import conditions_of, is_satisfied, watched_node
from localglue.states import JOB_NODE, FinishedRun, Node, Origin
from localglue.store import TRIGGER, Store
from localglue.trigger_rules import CONDITIONAL
from localglue.triggers import ACTIVATED

_ENDED = "Noted"
"""Member of a stored trigger: the watched runs that have ended since it last fired, as {node: [state, run id]}."""


class StandaloneTriggers:
    """Fires triggers that belong to no workflow. The ends that they wait for are stored, so they survive a restart."""

    def __init__(self, store: Store, actions: Actions, lock: threading.RLock) -> None:
        self._store, self._actions, self._lock = store, actions, lock

    def finished(self, ended: FinishedRun) -> None:
        """Fire the triggers that waited for this run. A run that no trigger started does not count, as on AWS."""
        if ended.origin.trigger is None or ended.origin.workflow_run is not None:
            return
        with self._lock:
            for trigger in self._store.all(TRIGGER):
                if _waits_for(trigger, ended.node):
                    self._record_end(trigger, ended)

    def _record_end(self, trigger: Document, ended: FinishedRun) -> None:
        """Record the end, and fire if the predicate holds; the trigger then waits for all of its conditions again."""
        recorded = {**trigger.get(_ENDED, {}), "|".join(ended.node): [ended.state, ended.run_id]}
        fires = is_satisfied(trigger, {_node(key): state for key, (state, _) in recorded.items()})
        self._store.put(TRIGGER, trigger["Name"], {**trigger, _ENDED: {} if fires else recorded})
        if fires:
            nodes = [(_node(key), run_id) for key, (_, run_id) in recorded.items()]
            predecessors = tuple((name, run_id) for (kind, name), run_id in nodes if kind == JOB_NODE)
            self._actions.fire(trigger, Origin(trigger["Name"], predecessors=predecessors))


def _waits_for(trigger: Document, node: Node) -> bool:
    waits = trigger["Type"] == CONDITIONAL and trigger["State"] == ACTIVATED and not trigger.get("WorkflowName")
    return waits and node in [watched_node(condition) for condition in conditions_of(trigger)]


def _node(key: str) -> Node:
    kind, _, name = key.partition("|")
    return kind, name
