"""What a drift looks like to people: both sides of every column as plain text, and all changes in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from totelake.schemas.changes import COLUMN_RENAMED, Change, Field

_NOTHING = "-"


def side_by_side(
    table: str, before: Sequence[Field], after: Sequence[Field], found: Sequence[Change], sides: tuple[str, str]
) -> str:
    """Every column with both sides and what happened to it, as a table of plain text; `sides` names the two."""
    rows = [("column", *sides, "")]
    new = {field.name: field for field in after}
    old = {field.name: field for field in before}
    renamed = {change.after.split(" ", 1)[0] for change in found if change.kind == COLUMN_RENAMED}
    for name in [*old, *(name for name in new if name not in old and name not in renamed)]:
        there = [change for change in found if change.column == name]
        right = str(new[name]) if name in new else _NOTHING
        if there and there[0].kind == COLUMN_RENAMED:
            right = there[0].after
        rows.append((name, str(old.get(name, _NOTHING)), right, ", ".join(_kind(change) for change in there)))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = ["  ".join([*(text.ljust(width) for text, width in zip(row, widths)), row[3]]).rstrip() for row in rows]
    whole = [_whole(change) for change in found if not change.column]
    return "\n".join([table, *(f"  {line}" for line in [*lines, *whole])])


def sentence(found: Sequence[Change]) -> str:
    """All changes in one sentence, without what to do."""
    return "; ".join(f"{change}{' (breaking)' if change.is_breaking else ''}" for change in found)


def _kind(change: Change) -> str:
    return f"{change.kind}{', BREAKING' if change.is_breaking else ''}"


def _whole(change: Change) -> str:
    return f"{_kind(change)}: {change.before or _NOTHING} -> {change.after or _NOTHING}"
