"""The night's bookmark: every ledger written anew as one base, and the next run told to compare every table whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from totelake.capture.detect.bookmark import Bookmark, TableState
from totelake.capture.ledger.files import BaseWriter
from totelake.capture.ledger.ledger import Ledger
from totelake.errors import LakeError, RetriableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import BOOKMARK, Manifest
from totelake.lake.objects import ObjectWriter

NIGHTLY = "nightly comparison"
_TRIES = 5


def deltas_of(bookmark: Bookmark) -> dict[str, int]:
    """The tables whose ledgers have deltas on their base, and how many."""
    counts = {name: len(state.ledger.get("deltas", ())) for name, state in bookmark.tables.items()}
    return {name: count for name, count in counts.items() if count}


def renew(s3: Any, bucket: str, log: CommitLog, run_id: str, now: datetime) -> Manifest | None:
    """Fold the ledgers and ask for the comparison, in one commit without objects; None before the first batch.

    A run that commits meanwhile is the faster one, and its ledgers are folded. Raises RetriableError when that goes on.
    """
    for _ in range(_TRIES):
        newest = Bookmark.of(log.newest())
        if not newest.batch:
            return None
        attempt = Attempt.new(log.log, newest.batch + 1, run_id)
        tables = {name: _folded(s3, bucket, attempt, name, state) for name, state in newest.tables.items()}
        renewed = replace(newest, batch=attempt.number, compare=newest.compare or NIGHTLY, tables=tables)
        manifest = Manifest(log.log, attempt.number, attempt.id, BOOKMARK, now.isoformat(), state=renewed.state())
        if log.commit(manifest):
            return manifest
    raise RetriableError(f"runs committed {_TRIES} batches of {log.log} first; run the job again when they ended")


def _folded(s3: Any, bucket: str, attempt: Attempt, name: str, state: TableState) -> TableState:
    """A table's state with its ledger as one base. Raises LakeError when the ledger has not the keys it should."""
    if not state.ledger.get("deltas"):
        return state
    ledger = Ledger(s3, bucket, state.ledger)
    base = BaseWriter(ObjectWriter(s3, bucket, attempt.state_key(f"{attempt.log}/{name}", ".parquet")))
    try:
        for keys, hashes in ledger.chunks():
            base.write(keys, hashes)
        if base.rows != state.keys:
            raise LakeError(
                f"the ledger of {attempt.log}.{name} has {base.rows} keys where its bookmark counts {state.keys}; "
                f"nothing was changed, let the table be compared whole by `totelake backfill {name}`"
            )
    except BaseException:
        base.abandon()
        raise
    folded: Mapping[str, Any] = {"base": base.store().to_dict(), "deltas": []}
    return replace(state, ledger=folded)
