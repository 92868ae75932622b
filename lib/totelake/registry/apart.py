"""Tables for which the Data Catalog refuses something: each is left apart, told once, and taken up by a later run."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Callable, TypeVar

from totelake.alerts.catalog_messages import apart_alert, taken_up_alert
from totelake.alerts.model import Alert
from totelake.alerts.store import is_noted, note
from totelake.contracts.model import TableId
from totelake.contracts.sources import Source
from totelake.errors import ContendedError, LakeError, QuotaError, SchemaMismatchError, TotelakeError, raise_common
from totelake.lake.keys import apart_key, apart_mark, apart_prefix
from totelake.registry.report import RegistryJob

_T = TypeVar("_T")
# the keys of a table's marks, and the incident that each is of
_Marks = dict[str, str]
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
        self._found: dict[str, _Marks] | None = None
        self.refused: dict[str, TotelakeError] = {}

    @property
    def marked(self) -> frozenset[str]:
        """The tables with a contract that had a mark at the first look, and that this run has not taken up."""
        return frozenset(self.look())

    def look(self) -> dict[str, _Marks]:
        """Look for marks, once in a run; by table with a contract those that it may remove."""
        if self._found is None:
            self._found = self._list(apart_prefix(self._source.name))
        return self._found

    def _list(self, prefix: str) -> dict[str, _Marks]:
        """By table with a contract, the incident of each of its marks, by key."""
        found: dict[str, _Marks] = {}
        for item in self._store.list(prefix):
            mark = apart_mark(item.key)
            if mark is not None and mark[1] in self._tables:
                found.setdefault(mark[1], {})[item.key] = mark[2]
        return found

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
        """Tell that a table with a mark has all that it lacked, and remove the mark.

        Where another run has met a refusal meanwhile, perhaps for what this one has not registered, its mark is
        another one: it stays, and nothing is told.
        """
        marks = self.look().pop(name, {})
        if not marks or self._list(apart_prefix(self._source.name, name)).get(name, {}) != marks:
            return
        news = [note(self._job, self._taken_up(name, incident)) for incident in _incidents(marks)]
        if any(news):
            self._job.metric("TablesReleased", 1, "Count", Source=self._source.name, Table=name)
        self._store.delete(list(marks))

    def stay(self, names: Iterable[str]) -> None:
        """Leave those of these tables anew that this run leaves apart: there is more that a later run has to register.

        A run that registered all that there was before removes no mark that is newer, and may have told of the end.
        """
        for name in names:
            if name in self.refused:
                self._leave(name, self.refused[name])

    def _leave(self, name: str, why: TotelakeError) -> None:
        """Leave a table as it is, and tell; what else there is goes on."""
        alert = apart_alert(self._id(name), self._address(name), self._mark(name, str(why)), str(why))
        self._job.log.error("%s: %s", alert.subject, why)
        if note(self._job, alert):
            self._job.metric("TablesHeld", 1, "Count", Source=self._source.name, Table=name)

    def _mark(self, name: str, why: str) -> str:
        """Put a mark of this refusal in the place of earlier ones; the incident that it is of.

        It is that of the earlier ones, unless a run told of its end and died before it removed them.
        """
        before = self._list(apart_prefix(self._source.name, name)).get(name, {})
        alive = [found for found in _incidents(before) if not is_noted(self._job, self._taken_up(name, found))]
        incident = alive[0] if alive else _token()
        mark = json.dumps({"at": self._job.now().isoformat(), "why": why}, indent=1)
        self._store.create(apart_key(self._source.name, name, incident, _token()), mark.encode("utf-8"))
        self._store.delete(list(before))
        return incident

    def _taken_up(self, name: str, incident: str) -> Alert:
        return taken_up_alert(self._id(name), self._address(name), incident)

    def _id(self, name: str) -> TableId:
        return TableId(self._source.name, name)

    def _address(self, name: str) -> str:
        return f"{self._job.ingestion_tables.database}.{self._source.registered_name(name)}"


def _incidents(marks: _Marks) -> list[str]:
    return sorted(set(marks.values()))


def _token() -> str:
    return uuid.uuid4().hex[:16]
