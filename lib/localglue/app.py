"""localglue put together: every part over one store, one lock, one set of clients."""

from __future__ import annotations

import logging
import threading

from localglue.actions import Actions
from localglue.catalogue import Catalogue
from localglue.clients import Clients
from localglue.crawlers import Crawlers
from localglue.documents import Document
from localglue.errors import GlueError, Unsupported
from localglue.job_runs import JobRuns
from localglue.jobs import Jobs
from localglue.loose_triggers import LooseTriggers
from localglue.model import ServiceModel
from localglue.operations import Handler
from localglue.scheduler import Schedule, Scheduler
from localglue.settings import Settings
from localglue.states import Origin
from localglue.store import FILE, Store
from localglue.triggers import Triggers
from localglue.workflow_runs import WorkflowRuns
from localglue.workflows import Workflows

_LOG = logging.getLogger(__name__)


class LocalGlue:
    """The Glue API: `answer` takes an operation with its request and gives the answer."""

    def __init__(self, settings: Settings) -> None:
        lock = threading.RLock()
        self._model = ServiceModel()
        self._store = Store(settings.state / FILE)
        self._clients = Clients(settings.endpoint, settings.region)
        jobs = Jobs(self._store)
        catalogue = Catalogue(self._clients, settings.endpoint)
        self._job_runs = JobRuns(self._store, jobs, settings, self._clients, lock)
        self._crawlers = Crawlers(self._store, self._clients, catalogue, lock)
        actions = Actions(self._store, self._job_runs, self._crawlers)
        triggers = self._triggers = Triggers(self._store, actions.on_demand)
        workflows = Workflows(self._store, triggers)
        runs = WorkflowRuns(self._store, workflows, triggers, actions, lock)
        workflows.describe_run = runs.described
        self._job_runs.may_retry = lambda origin: origin.workflow_run is None or runs.goes_on(origin.workflow_run)
        loose = LooseTriggers(self._store, actions, lock)
        for part in (self._job_runs, self._crawlers):
            part.listeners += [runs.finished, loose.finished]
        self._actions, self._start_workflow = actions, runs.start
        self._scheduler = Scheduler(self._schedules)
        triggers.changed = self._crawlers.definitions.changed = self._scheduler.wake
        self._handlers: dict[str, Handler] = {}
        for offers in (jobs, self._job_runs, triggers, workflows, runs, self._crawlers, catalogue):
            self._handlers.update(offers.operations())
        self._job_runs.recover()
        self._crawlers.recover()
        runs.recover()
        self._scheduler.start()

    def answer(self, operation: str, request: object) -> Document:
        """Validate, do, and answer in the operation's shape. Raises GlueError for everything that goes wrong."""
        cleaned = self._model.validate(operation, request)
        handler = self._handlers.get(operation)
        if handler is None:
            raise Unsupported(operation)
        try:
            return self._model.render(operation, handler(cleaned))
        except GlueError:
            raise
        except Exception as problem:
            _LOG.exception("%s broke localglue", operation)
            raise _Internal(f"localglue itself failed in {operation}: {type(problem).__name__}: {problem}") from problem

    def _schedules(self) -> list[Schedule]:
        return [*self._triggers.schedules(self._fire), *self._crawlers.schedules()]

    def _fire(self, trigger: Document) -> None:
        """A trigger's moment has come."""
        if trigger.get("WorkflowName"):
            self._start_workflow(trigger["WorkflowName"])
        else:
            self._actions.fire(trigger, Origin(trigger["Name"]))

    def close(self) -> None:
        """End everything that runs, and close the store."""
        self._scheduler.close()
        self._job_runs.close()
        self._crawlers.close()
        self._clients.close()
        self._store.close()


class _Internal(GlueError):
    status = 500
