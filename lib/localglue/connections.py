"""Connections: the way of jobs into a network, which on one machine every job has; kept so that jobs can name them."""

from __future__ import annotations

from localapi.documents import Document, Operations
from localglue.paging import page_of
from localglue.states import now
from localglue.store import CONNECTION, Store


class Connections:
    """Create, read, update and delete connections."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "CreateConnection": self.create,
            "GetConnection": lambda request: {"Connection": self.get(request["Name"])},
            "GetConnections": lambda request: page_of(request, "ConnectionList", self._store.all(CONNECTION)),
            "UpdateConnection": self.update,
            "DeleteConnection": self.delete,
        }

    def get(self, name: str) -> Document:
        """The connection. Raises EntityNotFound."""
        return self._store.existing(CONNECTION, name)

    def create(self, request: Document) -> Document:
        """Add a connection. Raises AlreadyExists."""
        wanted = request["ConnectionInput"]
        self._store.refuse_existing(CONNECTION, wanted["Name"])
        self._put(wanted, now())
        return {"CreateConnectionStatus": "READY"}

    def update(self, request: Document) -> Document:
        """Replace a connection. Raises EntityNotFound."""
        created = self.get(request["Name"])["CreationTime"]
        self._put({**request["ConnectionInput"], "Name": request["Name"]}, created)
        return {}

    def delete(self, request: Document) -> Document:
        """Delete a connection. Raises EntityNotFound."""
        self.get(request["ConnectionName"])
        self._store.delete(CONNECTION, request["ConnectionName"])
        return {}

    def _put(self, wanted: Document, created: float) -> None:
        body = {**wanted, "Status": "READY", "CreationTime": created, "LastUpdatedTime": now()}
        self._store.put(CONNECTION, wanted["Name"], body)
