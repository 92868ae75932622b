"""The facts' history as the source itself shows it, to hold the warehouse's against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from tests.conftest import SOURCE
from tests.e2e.pipeline import Rows
from totelake.contracts import load_contracts
from totelake.contracts.model import Table

if TYPE_CHECKING:
    from tests.faults.world import World


class History:
    """The facts' history as it must be, kept from what the source shows after each batch and from nothing else."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows: dict[str, dict[int, str]] = {table.name: {} for table in load_contracts().facts(SOURCE)}
        self._versions: dict[str, Rows] = {table.name: Counter() for table in load_contracts().facts(SOURCE)}

    def of(self, table: Table) -> Rows:
        """Every version of a fact with the batch that brought it, and its deletions."""
        return self._versions[table.name]

    def add(self, batch: int, rewritten: Collection[str] = ()) -> None:
        """What differs in the source from the time before came with this batch; of a rewritten table all its rows."""
        for table in load_contracts().facts(SOURCE):
            whole = dict(self._world.source(f"SELECT {table.key_name}, t::text FROM {table.driving} AS t"))
            rows = {row[0]: row for row in self._world.expected(table)}
            before, versions = self._rows[table.name], self._versions[table.name]
            is_new = table.driving in rewritten
            versions.update((batch, key, rows[key]) for key, text in whole.items() if is_new or before.get(key) != text)
            versions.update((batch, key) for key in before.keys() - whole.keys())
            self._rows[table.name] = whole

    def restart(self) -> None:
        """Begin anew with what the warehouse has, after a test that knows better how it came there."""
        for table in load_contracts().facts(SOURCE):
            self._versions[table.name] = self._world.loaded_history(table)
            rows = self._world.source(f"SELECT {table.key_name}, t::text FROM {table.driving} AS t")
            self._rows[table.name] = dict(rows)
