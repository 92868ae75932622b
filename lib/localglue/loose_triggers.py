"""Conditional triggers outside workflows: they fire when runs that triggers started have ended as they wait for."""

from __future__ import annotations

import threading

from localglue.actions import Actions
from localglue.documents import Document
from localglue.predicates import conditions_of, satisfied, watched
from localglue.states import JOB_NODE, Finished, Node, Origin
from localglue.store import TRIGGER, Store
from localglue.trigger_rules import CONDITIONAL
from localglue.triggers import ACTIVATED

_NOTED = "Noted"
"""Member of a trigger's document: what has ended since it last fired, as {node: [state, run id]}."""


class LooseTriggers:
    """Fires triggers that belong to no workflow. What they have seen is stored, so a restart forgets nothing."""

    def __init__(self, store: Store, actions: Actions, lock: threading.RLock) -> None:
        self._store, self._actions, self._lock = store, actions, lock

    def finished(self, ended: Finished) -> None:
        """Something has ended: fire what waited for it. Runs that nobody's trigger started do not count, as on AWS."""
        if ended.origin.trigger is None or ended.origin.workflow_run is not None:
            return
        with self._lock:
            for trigger in self._store.all(TRIGGER):
                if _waits_for(trigger, ended.node):
                    self._note(trigger, ended)

    def _note(self, trigger: Document, ended: Finished) -> None:
        """Remember the end, and fire when the predicate holds; then the trigger waits for everything anew."""
        noted = {**trigger.get(_NOTED, {}), "|".join(ended.node): [ended.state, ended.run_id]}
        fires = satisfied(trigger, {_node(key): state for key, (state, _) in noted.items()})
        self._store.put(TRIGGER, trigger["Name"], {**trigger, _NOTED: {} if fires else noted})
        if fires:
            nodes = [(_node(key), run_id) for key, (_, run_id) in noted.items()]
            predecessors = tuple((name, run_id) for (kind, name), run_id in nodes if kind == JOB_NODE)
            self._actions.fire(trigger, Origin(trigger["Name"], predecessors=predecessors))


def _waits_for(trigger: Document, node: Node) -> bool:
    is_loose = trigger["Type"] == CONDITIONAL and trigger["State"] == ACTIVATED and not trigger.get("WorkflowName")
    return is_loose and node in [watched(condition) for condition in conditions_of(trigger)]


def _node(key: str) -> Node:
    kind, _, name = key.partition("|")
    return kind, name
