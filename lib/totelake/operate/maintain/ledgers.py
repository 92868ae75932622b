"""The night's bookmark: every ledger as one base, and a mark that the next run compares every table whole.

It is one commit of the source's log, without events.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from totelake.capture.ledger.files import BaseWriter
from totelake.capture.ledger.ledger import Ledger
from totelake.errors import LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest
from totelake.lake.objects import ObjectWriter
from totelake.lake.records.batch import Bookmark, LedgerFiles, TableState
from totelake.ports.object_store import ObjectStore

NIGHTLY = "nightly comparison"


def deltas_of(bookmark: Bookmark) -> dict[str, int]:
    """The tables whose ledgers have deltas on their base, and how many."""
    return {name: len(state.ledger.deltas) for name, state in bookmark.tables.items() if state.ledger.deltas}


def renew(log: CommitLog, run_id: str, now: datetime) -> Manifest | None:
    """Fold a source's ledgers and ask for the comparison, in one commit without objects; None before the first batch.

    A feed is not compared, for that would be to take all of it again; None of one without deltas. When a run commits
    meanwhile, the ledgers that it left are folded. Raises RetriableError when that goes on.
    """

    def decide(newest: Manifest | None) -> Manifest | None:
        if newest is None:
            return None
        bookmark, attempt = Bookmark.of(newest), log.attempt(newest, run_id)
        is_feed = bookmark.position is not None
        if is_feed and not deltas_of(bookmark):
            return None
        tables = {name: _folded(log.store, attempt, name, state) for name, state in bookmark.tables.items()}
        compare = bookmark.compare or ("" if is_feed else NIGHTLY)
        return replace(bookmark, compare=compare, tables=tables).moved(attempt, now)

    return log.append(decide)


def _folded(store: ObjectStore, attempt: Attempt, name: str, state: TableState) -> TableState:
    """A table's state with its ledger as one base. Raises LakeError when the ledger has not the keys it should."""
    if not state.ledger.deltas:
        return state
    ledger = Ledger(store, state.ledger)
    base = BaseWriter(ObjectWriter(store, attempt.state_key(f"{attempt.log}/{name}", ".parquet")))
    try:
        for keys, hashes in ledger.chunks():
            base.write(keys, hashes)
        if base.rows != state.keys:
            raise LakeError(
                f"the ledger of {attempt.log}.{name} has {base.rows} keys where its bookmark counts {state.keys}; "
                f"nothing was changed, let the table be compared whole by `totelake backfill {attempt.log}.{name}`"
            )
    except BaseException:
        base.abandon()
        raise
    return replace(state, ledger=LedgerFiles(base.store()))
