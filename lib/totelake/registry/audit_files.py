"""The files that an audit opens: what their footers say against what is registered and known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from totelake.contracts.model import Table
from totelake.ports.object_store import Listed, ObjectStore
from totelake.registry.agreement import Disagreement, HiveTypes, Known, of_file
from totelake.registry.footers import NotParquetError, read_footer


@dataclass(frozen=True)
class AuditWindow:
    """The time that an audit is about: files written since the last audit that found nothing wrong are opened.

    What is younger than `settled` may be half way.
    """

    since: datetime
    settled: datetime

    def is_new(self, item: Listed) -> bool:
        """Whether no audit has opened the object yet."""
        return item.modified >= self.since

    def is_settled(self, item: Listed) -> bool:
        """Whether the object is old enough to be registered."""
        return item.modified <= self.settled


class FileAudit:
    """Opens the new files of one bucket; `footers` counts them."""

    def __init__(self, store: ObjectStore, window: AuditWindow) -> None:
        self._store, self._window = store, window
        self.footers = 0

    def new_file(self, table: Table, item: Listed, registered: HiveTypes, known: Known) -> list[Disagreement]:
        """What the footer of a table's file says, if the file is new."""
        if not self._window.is_new(item):
            return []
        where = self._store.address(item.key)
        self.footers += 1
        try:
            found = dict(read_footer(self._store, item.key, item.bytes))
        except NotParquetError as error:
            return [Disagreement(where, str(error).replace(f"{where} ", "", 1))]
        return of_file(where, found, registered, known, table.key_name)
