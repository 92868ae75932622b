"""The application: builds every part over one store, one lock and one set of clients, and answers requests.

Each region is an application of its own, with its own state: nothing of one is seen in another, as on AWS.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from localapi.documents import Document, Handler
from localapi.errors import ApiError, InvalidShape, UnknownOperation, Unsupported
from localapi.server import Service
from localapi.service_model import ServiceModel
from localglue.actions import Actions
from localglue.bookmarks import COMMIT, Bookmarks
from localglue.clients import Clients
from localglue.connections import Connections
from localglue.crawlers import Crawlers
from localglue.crawls import Crawls
from localglue.data_catalog import FORWARDED, DataCatalog
from localglue.errors import GlueError, InvalidInput
from localglue.job_runs import JobRuns
from localglue.jobs import Jobs
from localglue.operation_table import markdown
from localglue.registry_words import OPERATIONS as REGISTRY
from localglue.registry_words import in_its_words
from localglue.scheduler import Schedule, Scheduler
from localglue.security_configurations import SecurityConfigurations
from localglue.settings import Settings
from localglue.standalone_triggers import StandaloneTriggers
from localglue.states import Origin
from localglue.store import FILE, Store
from localglue.tags import Tags
from localglue.triggers import Triggers
from localglue.workflow_run_reader import WorkflowRunReader
from localglue.workflow_runs import WorkflowRuns
from localglue.workflows import Workflows

_LOG = logging.getLogger(__name__)
SERVICE = Service(
    name="localglue",
    prefix="AWSGlue.",
    invalid="ValidationException",
    remedy="Take the key that localglue was given in LOCALGLUE_ACCESS_KEY_ID, or that it printed when it started.",
    own="LocalGlue.",
)
"""How localglue is served; its own operations are for the jobs that it runs."""
_IS_REGION = re.compile(r"[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
REGIONS = "regions"
"""The folder in the state folder for the regions beside its own; each has one with its name."""


class LocalGlue:
    """The Glue API: `answer` takes an operation's name and request, and returns the response."""

    def __init__(self, settings: Settings) -> None:
        lock = threading.RLock()
        self._settings = settings
        self._others: dict[str, LocalGlue] = {}
        self._opening = threading.Lock()
        self._store = Store(settings.state / FILE)
        self._clients = Clients(settings.endpoint, settings.region, settings.keys)
        self._model = ServiceModel(self._clients.data_catalog.meta.service_model, SERVICE.prefix, SERVICE.invalid)
        catalog = DataCatalog(self._clients, settings.endpoint)
        connections, security = Connections(self._store), SecurityConfigurations(self._store)
        runs = WorkflowRunReader(self._store)
        jobs = Jobs(self._store)
        crawlers = self._crawlers = Crawlers(self._store, lock)
        self._job_runs = JobRuns(self._store, jobs, settings, self._clients, connections, security, runs, lock)
        self._crawls = Crawls(self._store, crawlers, security, self._clients, catalog, lock)
        self._actions = Actions(self._store, self._job_runs, self._crawls)
        triggers = self._triggers = Triggers(self._store, self._fire_on_demand)
        workflows = Workflows(self._store, triggers, runs)
        self._workflow_runs = WorkflowRuns(self._store, workflows, triggers, self._actions, runs, lock)
        standalone = StandaloneTriggers(self._store, self._actions, lock)
        for source in (self._job_runs, self._crawls):
            source.listeners += [self._workflow_runs.finished, standalone.finished]
        self._scheduler = Scheduler(self._schedules)
        triggers.changed = crawlers.changed = self._scheduler.wake
        self._handlers: dict[str, Handler] = {}
        workflow_parts = (triggers, workflows, self._workflow_runs)
        bookmarks = Bookmarks(self._store, jobs, lock)
        self._own = {COMMIT: bookmarks.commit}
        for part in (
            bookmarks,
            jobs,
            self._job_runs,
            *workflow_parts,
            crawlers,
            self._crawls,
            catalog,
            connections,
            security,
        ):
            self._handlers.update(part.operations())
        tags = Tags(self._store, catalog.tagging())
        self._handlers = {name: tags.noting(name, handler) for name, handler in self._handlers.items()}
        self._handlers.update(tags.operations())
        for owner in (self._job_runs, self._crawls, self._workflow_runs):
            owner.recover()
        self._scheduler.start()
        for file in sorted(settings.state.glob(f"{REGIONS}/*/{FILE}")):
            self.in_region(file.parent.name)

    @property
    def pages(self) -> Mapping[str, Callable[[], Document]]:
        """What waits for runs."""
        return {"/standbys": self.standbys}

    def in_region(self, name: str) -> LocalGlue:
        """The application of a region: this one for its own, else another with its own state, made at its first use.

        Raises InvalidInput for what cannot be a region's name.
        """
        if name == self._settings.region:
            return self
        if not _IS_REGION.fullmatch(name):
            own = self._settings.region
            raise InvalidInput(f"the request is signed for '{name}', which is no region of AWS; name one such as {own}")
        with self._opening:
            if name not in self._others:
                # what waits for Spark jobs takes memory, and there is one machine for all regions
                state = self._settings.state / REGIONS / name
                self._others[name] = LocalGlue(replace(self._settings, region=name, state=state, standbys=0))
            return self._others[name]

    def answer(self, operation: str, request: object) -> Document:
        """Validate the request, run the operation, and cut the response to the operation's shape. Raises ApiError."""
        if operation.startswith(SERVICE.own):
            return self._answer_own(operation, request)
        try:
            cleaned = self._model.validate(operation, request)
        except InvalidShape as failed:
            raise in_its_words(failed.problems) if operation in REGISTRY else failed from None
        handler = self._handlers.get(operation)
        if handler is None:
            raise Unsupported(SERVICE.name, operation)
        try:
            return self._model.render(operation, handler(cleaned))
        except ApiError:
            raise
        except Exception as problem:
            _LOG.exception("unexpected error in %s", operation)
            message = f"localglue itself failed in {operation}: {type(problem).__name__}: {problem}"
            raise _InternalError(message) from problem

    def operation_table(self) -> str:
        """The document that says of each operation of Glue whether it is done, passed on or refused."""
        return markdown(self._model.names, self._handlers, FORWARDED)

    def _answer_own(self, operation: str, request: object) -> Document:
        """Run an operation that is localglue's own, for the jobs that it runs. Raises ApiError."""
        handler = self._own.get(operation.removeprefix(SERVICE.own))
        if handler is None:
            raise UnknownOperation(operation, SERVICE.prefix)
        if not isinstance(request, dict):
            raise InvalidShape(["the request is no JSON object"])
        return handler(request)

    def standbys(self) -> Document:
        """The processes that wait for a run of a Spark job: how many there may be, and of each its memory."""
        return self._job_runs.standbys()

    def _schedules(self) -> list[Schedule]:
        return [*self._triggers.schedules(self._fire), *self._crawlers.schedules(self._crawls.start_scheduled)]

    def _fire(self, trigger: Document) -> None:
        """Fire a trigger whose schedule is due."""
        if trigger.get("WorkflowName"):
            self._workflow_runs.start(trigger["WorkflowName"])
        else:
            self._actions.fire(trigger, Origin(trigger["Name"]))

    def _fire_on_demand(self, trigger: Document) -> None:
        """Fire an on-demand trigger that was started; one of a workflow starts the workflow, as on AWS."""
        if trigger.get("WorkflowName"):
            self._workflow_runs.start(trigger["WorkflowName"])
        else:
            self._actions.fire_on_demand(trigger)

    def close(self) -> None:
        """End everything that runs and close the store, in all regions."""
        for other in self._others.values():
            other.close()
        self._scheduler.close()
        self._job_runs.close()
        self._crawls.close()
        self._clients.close()
        self._store.close()


class _InternalError(GlueError):
    status = 500
