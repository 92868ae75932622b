"""The wording about registered tables that are not as totelake left them: one is put back, left apart, or taken
up again."""

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
        about=str(table),
    )


def apart_alert(table: TableId, registered: str, incident: str, refused: str) -> Alert:
    """The alert of a registered table for which the Data Catalog refuses something; one for each `incident`."""
    return Alert(
        kind="catalog",
        subject=f"{table} is left apart in the Data Catalog",
        body=body(
            f"The table {registered} stays as it is: {refused}. New partitions of it are not registered; its events "
            "flow, star tables and warehouse are right, and everything else goes on.",
            f"totelake drift {table}; totelake logs",
            "Correct what the message names. The next run of check_schemas takes the table up again and registers all "
            f"that it lacks; `totelake repair catalog` does it at once. {_SEE}",
        ),
        key=f"{registered}/{incident}/apart",
        cause=f"{table} left apart in the Data Catalog",
        about=str(table),
    )


def taken_up_alert(table: TableId, registered: str, incident: str) -> Alert:
    """The alert of a registered table that is no longer left apart."""
    return Alert(
        kind="catalog",
        subject=f"{table} is taken up again in the Data Catalog",
        body=body(
            f"The Data Catalog refuses nothing for the table {registered} any more; all that it lacked is registered.",
            f"totelake drift {table}",
            f"Nothing has to be done. {_SEE}",
        ),
        key=f"{registered}/{incident}/taken up",
        cause=f"{table} taken up again in the Data Catalog",
        about=str(table),
    )


def view_alert(table: TableId, registered: str, refused: str) -> Alert:
    """The alert of the views over a registered table, of which one cannot be made or moved; once for each reason."""
    return Alert(
        kind="catalog",
        subject=f"{table} lacks a view in the Data Catalog",
        body=body(
            f"A view over the table {registered} is not made, or shows no newer batch: {refused}. The table itself, "
            "star tables and warehouse are right, and everything else goes on.",
            "the tables and views of the database in the Data Catalog; totelake logs",
            "Correct what the message names; the next run of check_schemas makes the view. "
            "See docs/sources.md, 'What Athena reads'.",
        ),
        key=f"{registered}/view/{_digest([refused])}",
        cause=f"{table} lacks a view in the Data Catalog",
        about=str(table),
    )


def converted_alert(view: str, refused: str) -> Alert:
    """The alert of a view over several star tables that cannot be made or corrected; once for each reason."""
    return Alert(
        kind="catalog",
        subject=f"the view {view} is not made",
        body=body(
            f"The view {view} is not made, or not corrected: {refused}. Star tables and warehouse are right, and "
            "everything else goes on.",
            "the tables and views of the database in the Data Catalog; totelake logs",
            f"Correct what the message names; the next build makes the view. {_SEE}",
        ),
        key=f"{view}/view/{_digest([refused])}",
        cause=f"the view {view} is not made",
        about=view,
    )


def unshown_alert(table: TableId, registered: str, batches: Sequence[str]) -> Alert:
    """The alert of released batches whose events are not in their registered table: they have a schema of their own."""
    return Alert(
        kind="catalog",
        subject=f"{table} lacks events in the Data Catalog",
        body=body(
            f"The table {registered} and the views over it lack the events of batch {', '.join(batches)}: they came "
            "while the table did not fit its contract, and the source was changed back. A row that was changed or "
            "deleted in them, and not since, is shown as it was before. Star tables and warehouse take these events "
            "row by row.",
            f"totelake drift {table}; the objects below dead_letters/{table.source}/{table.name}/",
            "Read them there where they matter. See docs/sources.md, 'What Athena reads'.",
        ),
        key=f"{registered}/unshown/{_digest(batches)}",
        cause=f"{table} lacks events in the Data Catalog",
        about=str(table),
    )


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:_DIGEST]
