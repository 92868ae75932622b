"""The files that an audit opens: what their footers say against what is registered and known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from totelake.contracts.model import Table
from totelake.lake.commits import CommitLog
from totelake.lake.footers import NotParquetError, read_footer
from totelake.lake.foreign import is_ours, is_passed_over, number_of
from totelake.ports.object_store import Listed, NoSuchObjectError, ObjectStore
from totelake.registry.agreement import Disagreement, HiveTypes, Known, of_file

_NOT_OURS = "no job wrote it, but Athena reads it; remove it"


@dataclass(frozen=True)
class AuditWindow:
    """The time that an audit is about: files written since the last audit that found nothing wrong are opened.

    What is younger than `settled` may be half way. Objects that nobody reads were told of up to `told`.
    """

    since: datetime
    settled: datetime
    told: datetime

    def is_new(self, item: Listed) -> bool:
        """Whether no audit has opened the object yet."""
        return item.modified >= self.since

    def is_settled(self, item: Listed) -> bool:
        """Whether the object is old enough to be registered."""
        return item.modified <= self.settled

    def is_untold(self, item: Listed) -> bool:
        """Whether this audit is the one that tells of an object that nobody reads."""
        return self.told <= item.modified < self.settled


@dataclass(frozen=True)
class Seen:
    """An object in a table's place that Athena reads; whether it has a key as jobs give it."""

    item: Listed
    is_ours: bool


class Named:
    """The objects that the commits of one log name; a commit is asked for when a key bears its number."""

    def __init__(self, log: CommitLog) -> None:
        self._log = log
        self._known: dict[int, frozenset[str]] = {}

    def lacks(self, key: str) -> bool:
        """Whether the commit whose number a key bears does not name the key, or is not there: none is ever removed.

        Raises DamagedError for a commit that cannot be read.
        """
        number = number_of(key)
        if number not in self._known:
            self._known[number] = self._keys(number)
        return key not in self._known[number]

    def _keys(self, number: int) -> frozenset[str]:
        try:
            return frozenset(item.key for item in self._log.get(number).objects())
        except NoSuchObjectError:
            return frozenset()


class FileAudit:
    """Opens the new files of one bucket; `footers` counts them, `passed_over` are objects that Athena does not read."""

    def __init__(self, store: ObjectStore, window: AuditWindow) -> None:
        self._store, self._window = store, window
        self.footers = 0
        self.passed_over: list[Disagreement] = []

    def seen(self, items: Iterable[Listed], prefix: str, is_partitioned: bool) -> list[Seen]:
        """The objects below a prefix that Athena reads; of those that it passes over one audit tells, and no other."""
        found = []
        for item in items:
            relative = item.key[len(prefix) :]
            has_our_key = is_ours(relative, is_partitioned)
            if has_our_key or not is_passed_over(relative, item.bytes):
                found.append(Seen(item, has_our_key))
            else:
                self.pass_over(item)
        return found

    def pass_over(self, item: Listed) -> None:
        """Tell of an object that Athena does not read, unless an audit has."""
        if self._window.is_untold(item):
            what = "no job wrote it, and Athena passes it over; remove it"
            self.passed_over.append(Disagreement(self._store.address(item.key), what))

    def new_file(
        self, table: Table, seen: Seen, registered: HiveTypes, known: Known, named: Named
    ) -> list[Disagreement]:
        """What is wrong with a table's file, by its key and its footer, if the file is new.

        One with a key of ours that its commit does not name is not opened.
        """
        item = seen.item
        if not self._window.is_new(item):
            return []
        where = self._store.address(item.key)
        if seen.is_ours and named.lacks(item.key):
            return [Disagreement(where, _NOT_OURS)]
        self.footers += 1
        try:
            found = dict(read_footer(self._store, item.key, item.bytes))
        except NotParquetError as error:
            return [Disagreement(where, str(error).replace(f"{where} ", "", 1))]
        wrong = of_file(where, found, registered, known, table.version_key)
        if wrong or seen.is_ours:
            return wrong
        return [Disagreement(where, _NOT_OURS)]
