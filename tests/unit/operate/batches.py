"""Bookmarks and states of tables as ingestion leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.conftest import SOURCE
from totelake.lake.records.batch import Bookmark, LedgerFiles, ServerIdentity, Snapshot, TableState, Window

IDENTITY = ServerIdentity("1", timeline=2, in_recovery=False, lsn=9, version=150018, dbname=SOURCE, started="09:00")
_STATE = TableState(
    keys=10, deferred=1, fingerprint="f", window=Window(2, "77"), ledger=LedgerFiles(), search="nothing", why=""
)


def captured(**more: Any) -> TableState:
    """A table as it was captured: ten keys, not searched."""
    return replace(_STATE, **more)


def bookmark(batch: int, tables: Mapping[str, TableState], **more: Any) -> Bookmark:
    """The bookmark of a batch; its snapshot begins at a hundred times its number."""
    snapshot = Snapshot.parse(f"{batch}00:{batch}05:")
    return Bookmark(batch, IDENTITY, snapshot, "2026-11-24T05:00:00+00:00", tables=tables, **more)
