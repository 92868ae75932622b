"""How far each step is behind the one before it, in sentences; pure. What is behind is compared as far as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from totelake.lake.records.batch import Bookmark
from totelake.operate.positions import Positions
from totelake.operate.reconcile.finding import BEHIND, IN_PROGRESS, NOT_COMPARED, NOTHING_CAPTURED, Finding
from totelake.operate.reconcile.source import LAGS

CHECK = "how far"


def nothing_captured(source: str) -> Finding:
    """That the lake has nothing of a source yet, so that nothing can be compared."""
    said = f"nothing of {source} has been captured yet, so there is nothing to compare; run `totelake run`"
    return Finding(source, CHECK, "-", "-", NOTHING_CAPTURED, said)


def behind(source: str, compared: Sequence[Finding], bookmark: Bookmark, found: Positions) -> Iterator[Finding]:
    """A finding for each step that is behind; none when all are where the source is.

    `compared` are the comparisons with the source, `bookmark` is the newest.
    """
    yield from _lake(source, compared)
    judged = found.judged or 0
    if judged < bookmark.batch:
        said = f"batches {judged + 1} to {bookmark.batch} of {source} are captured and not judged yet"
        yield _finding(source, f"batch {bookmark.batch}", f"batch {judged}", said)
    lacking = {name: batch or 0 for name, batch in found.built.items() if (batch or 0) < judged}
    if lacking:
        said = f"the lake's star tables {', '.join(lacking)} are behind batch {judged}, which is judged"
        yield _finding(source, f"batch {judged}", f"batch {min(lacking.values())}", said)
    if found.applied is None:
        said = "the warehouse was not compared, since nothing says where it is; set WAREHOUSE_DSN"
        yield Finding(source, CHECK, "-", "-", NOT_COMPARED, said)
        return
    built, applied = (_reached(side) for side in (found.built, found.applied))
    unloaded = [name for name, batch in found.built.items() if (found.applied.get(name) or 0) < (batch or 0)]
    if unloaded:
        at = f"is at batch {applied} of {built}" if applied else "has nothing"
        said = f"the warehouse {at} of {source}: {', '.join(unloaded)} can be loaded"
        yield _finding(source, f"batch {built}", f"batch {applied}", said)


def _lake(source: str, compared: Sequence[Finding]) -> Iterator[Finding]:
    open_ones = [item for item in compared if item.outcome == IN_PROGRESS]
    if not open_ones:
        return
    if all(item.detail == LAGS for item in open_ones):
        said = f"{source} itself is behind the lake's newest batch, as a lagging standby is; it was not compared"
        yield Finding(source, CHECK, "-", "-", NOT_COMPARED, said)
        return
    names = ", ".join(item.table for item in open_ones)
    said = f"the lake is behind {source} in {len(open_ones)} of {len(compared)} tables: {names}"
    yield _finding(source, f"{len(compared)} tables", f"{len(compared) - len(open_ones)} tables", said)


def _finding(source: str, left: str, right: str, said: str) -> Finding:
    return Finding(source, CHECK, left, right, BEHIND, f"{said}; `totelake run` brings what does not wait")


def _reached(side: Mapping[str, int | None]) -> int:
    return max([batch or 0 for batch in side.values()], default=0)
