"""The application: builds every part over one set of clients, and answers requests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ServiceModel as BotocoreModel

from localapi.documents import Document, Handler
from localapi.errors import ApiError, InternalFailure, Unsupported
from localapi.server import Service
from localapi.service_model import ServiceModel
from localathena.clients import Clients
from localathena.data_catalogs import DataCatalogs
from localathena.errors import InvalidRequest
from localathena.executions import Executions
from localathena.runner import Runner
from localathena.saved import Saved
from localathena.settings import Settings
from localathena.state import State
from localathena.workgroups import Workgroups

_LOG = logging.getLogger(__name__)
SERVICE = Service(
    "localathena",
    "AmazonAthena.",
    InvalidRequest.code,
    "Take the key that localathena was given in LOCALATHENA_ACCESS_KEY_ID, or that it printed when it started.",
)


class LocalAthena:
    """The Athena API: `answer` takes an operation's name and request, and returns the response.

    Raises ValueError for a folder of settings that is not its own.
    """

    def __init__(self, settings: Settings) -> None:
        self._state = State(settings.state)
        self._clients = Clients(settings)
        document = Loader().load_service_model("athena", "service-2")
        self._model = ServiceModel(BotocoreModel(document, "athena"), SERVICE.prefix, SERVICE.invalid)
        self._workgroups = Workgroups(settings.region)
        self._saved = Saved(self._workgroups)
        self._runner = Runner(settings, self._clients, self._saved)
        self._executions = Executions(settings, self._clients, self._workgroups, self._saved, self._runner)
        self._handlers: dict[str, Handler] = {"DeleteWorkGroup": self._delete_workgroup}
        for part in (self._workgroups, self._saved, self._executions, DataCatalogs(self._clients)):
            self._handlers.update(part.operations())

    @property
    def results(self) -> Path:
        """The folder of results."""
        return self._state.results

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are answered."""
        return frozenset(self._handlers)

    @property
    def pages(self) -> Mapping[str, Callable[[], Document]]:
        """No page of its own."""
        return {}

    def in_region(self, name: str) -> LocalAthena:
        """Itself, whatever the region: one machine has one Athena."""
        return self

    def answer(self, operation: str, request: object) -> Document:
        """Validate the request, run the operation, and cut the response to the operation's shape. Raises ApiError."""
        cleaned = self._model.validate(operation, request)
        handler = self._handlers.get(operation)
        if handler is None:
            raise Unsupported(SERVICE.name, operation)
        try:
            return self._model.render(operation, handler(cleaned))
        except ApiError:
            raise
        except Exception as problem:
            _LOG.exception("unexpected error in %s", operation)
            message = f"localathena itself failed in {operation}: {type(problem).__name__}: {problem}"
            raise InternalFailure(message) from problem

    def _delete_workgroup(self, request: Document) -> Document:
        """Delete a workgroup; one that has anything only with all of it."""
        name = request["WorkGroup"]
        self._workgroups.existing(name)
        if not request.get("RecursiveDeleteOption") and (self._saved.any_of(name) or self._executions.any_of(name)):
            raise InvalidRequest(f"WorkGroup {name} is not empty; say RecursiveDeleteOption to delete all of it")
        self._workgroups.delete(name)
        self._saved.remove_of(name)
        return {}

    def close(self) -> None:
        """Stop everything that runs."""
        self._executions.close()
        self._runner.close()
        self._clients.close()
        self._state.close()
