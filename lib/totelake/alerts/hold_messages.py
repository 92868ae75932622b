"""The wording of holds: a star table that could not be built or loaded, and one that could again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from totelake.alerts.model import Alert, body
from totelake.lake.records.holds import BUILD, Hold

_DONE = {BUILD: "built"}
_DIGEST = 16


def headline(table: str, step: str, hold: Hold, waiting: Sequence[str]) -> str:
    """One sentence: since when the star table is held and what goes on. `waiting` are the facts that refer to it."""
    rest = (
        f"rows of {', '.join(waiting)} that need a new row of it wait with it" if waiting else "no other waits for it"
    )
    return f"{table} is held from batch {hold.since} on, {hold.waiting}: {hold.reason}; {rest}, everything else goes on"


def held_alert(table: str, step: str, hold: Hold, waiting: Sequence[str]) -> Alert:
    """The alert of a star table that is held."""
    return Alert(
        kind="hold",
        subject=f"{table} is held: it could not be {_done(step)} from batch {hold.since} on",
        body=body(
            headline(table, step, hold, waiting),
            "totelake drift",
            "Correct what the message names: the contract, the lake's object or the warehouse. Every run "
            "tries the table again and takes all that waits, in order; `totelake run --wait` does it at once. "
            "See docs/operations.md, 'A star table is held'.",
        ),
        key=f"{table}/{step}/{hold.since}/{_digest(hold.kind)}",
        cause=f"{table} held in {step}",
        about=table,
    )


def released_alert(table: str, step: str, hold: Hold) -> Alert:
    """The alert of a star table that is no longer held."""
    return Alert(
        kind="hold",
        subject=f"{table} is released: it could be {_done(step)} again",
        body=body(
            f"{table} was held from batch {hold.since} on; what waited was {_done(step)}, in order.",
            f"totelake runs; held since {hold.held_at}",
            "Nothing has to be done. See docs/operations.md, 'A star table is held'.",
        ),
        key=f"{table}/{step}/{hold.since}/released",
        cause=f"{table} released in {step}",
        about=table,
    )


def _done(step: str) -> str:
    return _DONE.get(step, "loaded")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
