"""The wording about registered tables that are not as totelake left them: one is put back, or cannot be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from totelake.alerts.model import Alert, body
from totelake.contracts.model import TableId

_SEE = "See docs/drift.md, 'A registered table that somebody changes'."
_DIGEST = 16


def changed_alert(table: TableId, registered: str, version: str, odd: Sequence[str]) -> Alert:
    """The alert of a registered table that a run meets changed, in that version, before it puts it back."""
    return Alert(
        kind="catalog",
        subject=f"{table} was changed in the Data Catalog",
        body=body(
            f"The table {registered} is not as its batches left it: {'; '.join(odd)}. This run puts it "
            "back, as a new version, or tells why not; everything else goes on.",
            f"totelake drift {table}; the table's versions in the Data Catalog hold what was there",
            f"Find out who changes it. Nothing else has to be done, unless another message says so. {_SEE}",
        ),
        key=f"{registered}/{version}/{_digest(odd)}",
        cause=f"{table} changed in the Data Catalog",
    )


def apart_alert(table: TableId, registered: str, version: str, odd: Sequence[str], refused: str) -> Alert:
    """The alert of such a table that cannot be put back; one for each version that somebody made."""
    return Alert(
        kind="catalog",
        subject=f"{table} cannot be put back in the Data Catalog",
        body=body(
            f"The table {registered} is not as its batches left it: {'; '.join(odd)}. It stays so: {refused}. "
            "New partitions of it are not registered; its events flow, star tables and warehouse are right, and "
            "everything else goes on.",
            f"totelake drift {table}; totelake logs",
            "Correct what the message names. The next run that brings rows of it puts it back and registers what is "
            f"missing; after mending it by hand, `totelake repair catalog` does. {_SEE}",
        ),
        key=f"{registered}/{version}/{_digest(odd)}/apart",
        cause=f"{table} cannot be put back in the Data Catalog",
    )


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:_DIGEST]
