"""A star log that is damaged holds its table, be it the only one; when all logs are, the load fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import ZONES, MemoryJob
from totelake.contracts import load_contracts
from totelake.errors import DamagedError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import commit_key
from totelake.lake.records.holds import LOAD, LOG, Holds
from totelake.runtime.job_arguments import LoadArguments
from totelake.warehouse import load as loading
from totelake.warehouse.compare import Migration

NAMES = [table.name for table in load_contracts().star_tables(SOURCE)]
ARGUMENTS = LoadArguments(source=SOURCE, warehouse_secret="w", **ZONES)


class Empty:
    """A connection to a warehouse that is made and has nothing applied."""

    address: Any = None

    def check_session(self) -> None:
        """The session is as was asked."""

    def rows(self, query: str) -> list[tuple[str | None, ...]]:
        return []


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[str]]:
    """A load of these star tables with nothing pending but logs that are damaged; the tables held after it."""
    job = MemoryJob(ARGUMENTS)

    @contextmanager
    def connect(*_: Any) -> Iterator[Empty]:
        yield Empty()

    def load(damaged: list[str], tables: list[str]) -> set[str]:
        ours = load_contracts()
        only = replace(ours, stars={name: table for name, table in ours.stars.items() if name in tables})
        monkeypatch.setattr(loading, "load_contracts", lambda: only)
        for name in NAMES:
            job.processed.delete([commit_key(name, 1)])
        for name in damaged:
            job.processed.create(commit_key(name, 1), b"half")
        loading.load_warehouse(job)
        return set(Holds.of(CommitLog(job.processed, LOG).newest()).of_step(LOAD))

    monkeypatch.setattr(loading, "connect", connect)
    monkeypatch.setattr(loading.migrate, "migration", lambda *_: Migration((), (), is_first=False))
    monkeypatch.setattr(loading, "open_jvm", lambda: None)
    monkeypatch.setattr(MemoryJob, "database", lambda *_: None)
    return load


def test_a_damaged_log_holds_its_table_be_it_the_only_one(load: Callable[..., set[str]]) -> None:
    assert load(NAMES[:1], NAMES) == set(NAMES[:1])
    assert load(NAMES[:1], NAMES[:1]) == set(NAMES[:1])
    assert load([], NAMES) == set()


def test_logs_that_are_all_damaged_are_no_tables_matter(load: Callable[..., set[str]]) -> None:
    for tables in (NAMES, NAMES[:2]):
        with pytest.raises(DamagedError):
            load(tables, tables)
    assert load([], NAMES) == set()
