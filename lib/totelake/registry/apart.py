"""Tables for which the Data Catalog refuses something: each is left apart, told once, and taken up by a later run."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Callable, TypeVar

from totelake.alerts.catalog_messages import apart_alert, taken_up_alert
from totelake.alerts.store import note
from totelake.contracts.model import TableId
from totelake.contracts.sources import Source
from totelake.errors import ContendedError, LakeError, QuotaError, SchemaMismatchError, TotelakeError, raise_common
from totelake.lake.keys import APART, apart_key
from totelake.registry.report import RegistryJob

_T = TypeVar("_T")
_DIGEST = 16
# what one table may have by itself; what else is RetriableError passes, and fails the run
_OWN = (LakeError, SchemaMismatchError, ContendedError, QuotaError)


class ApartTables:
    """The tables of one source that are left apart.

    A mark in the ingestion bucket stays from the first refusal until a run has registered all that the table lacks.
    `refused` has the tables that this run leaves apart, and why.
    """

    def __init__(self, job: RegistryJob, source: Source, tables: Collection[str]) -> None:
        self._job, self._source, self._store = job, source, job.ingestion
        self._tables = frozenset(tables)
        self._marked: set[str] | None = None
        self.refused: dict[str, TotelakeError] = {}

    @property
    def marked(self) -> frozenset[str]:
        """The tables with a contract that have a mark."""
        if self._marked is None:
            prefix = f"{APART}/{self._source.name}/"
            listed = {item.key[len(prefix) :] for item in self._store.list(prefix)}
            self._marked = listed & self._tables
        return frozenset(self._marked)

    def each(self, names: Iterable[str], work: Callable[[str], _T], empty: Collection[str] = ()) -> dict[str, _T]:
        """Do work in the Data Catalog for each table that this run does not leave apart; what came of it.

        A table for which it is refused is left apart, as `leave` says.
        """
        found: dict[str, _T] = {}
        refused: dict[str, TotelakeError] = {}
        for name in (name for name in names if name not in self.refused):
            try:
                found[name] = work(name)
            except _OWN as error:
                refused[name] = error
        self.leave(refused, len(found) + len(refused), empty)
        return found

    def leave(self, refused: Mapping[str, TotelakeError], tried: int, empty: Collection[str] = ()) -> None:
        """Leave tables apart, of so many that were tried, by why something is refused for them.

        `empty` are tables without objects, of which no later run has to register anything: they get no mark. Raises the
        refusal when all of several tables meet one that no run has met before: a right that the job lacks, say, is no
        table's own matter.
        """
        if refused:
            raise_common(refused, tried, self.marked)
        self.refused.update(refused)
        for name, why in refused.items():
            if name not in empty:
                self._leave(name, why)

    def take_up(self, name: str) -> None:
        """Tell that a table with a mark has all that it lacked, and remove the mark."""
        if name not in self.marked or self._marked is None:
            return
        key = apart_key(self._source.name, name)
        if note(self._job, taken_up_alert(self._id(name), self._address(name), self._incident(name))):
            self._job.metric("TablesReleased", 1, "Count", Source=self._source.name, Table=name)
        self._store.delete([key])
        self._marked.discard(name)

    def _leave(self, name: str, why: TotelakeError) -> None:
        """Leave a table as it is, and tell; what else there is goes on."""
        mark = {"id": uuid.uuid4().hex, "at": self._job.now().isoformat(), "why": str(why)}
        self._store.create(apart_key(self._source.name, name), json.dumps(mark, indent=1).encode("utf-8"))
        alert = apart_alert(self._id(name), self._address(name), self._incident(name), str(why))
        self._job.log.error("%s: %s", alert.subject, why)
        if note(self._job, alert):
            self._job.metric("TablesHeld", 1, "Count", Source=self._source.name, Table=name)

    def _incident(self, name: str) -> str:
        """What names this time of being apart: whoever finds the mark tells of the same incident."""
        body = self._store.find(apart_key(self._source.name, name)) or b""
        return hashlib.sha256(body).hexdigest()[:_DIGEST]

    def _id(self, name: str) -> TableId:
        return TableId(self._source.name, name)

    def _address(self, name: str) -> str:
        return f"{self._job.ingestion_tables.database}.{self._source.registered_name(name)}"
