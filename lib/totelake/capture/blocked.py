"""What blocks a table: no exact copy of it can be made, or none that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.lake.records.batch import BlockedTable
from totelake.schemas.changes import NOT_CAPTURABLE, Change

_UNREADABLE, _LOCKED = "unreadable", "locked"


class BlockedError(SourceError):
    """A table cannot be captured."""

    def __init__(self, blocked: BlockedTable) -> None:
        super().__init__(blocked.why)
        self.blocked = blocked


def not_capturable(table: str, what: str, why: str) -> BlockedTable:
    """A table that is blocked by neither its columns nor its key; `what` in a few words."""
    return BlockedTable(Change(table, "", NOT_CAPTURABLE, "a table that can be captured", what), why)


def unreadable(table: str, where: str, said: str) -> BlockedTable:
    """A table that the server cannot read; `where` is its qualified name, `said` what the server says."""
    why = f"{where} cannot be read: {said}; see the server's log, and mend the table or restore it from a backup"
    return not_capturable(table, _UNREADABLE, why)


def unordered(table: str, where: str, key: str) -> BlockedTable:
    """A table that gives a key twice, or not in its order, as one with a damaged index does."""
    why = (
        f"{where} has rows with the same {key}, or gives them in another order than it should, as with a damaged "
        "index: nothing that is compared by them is sure; remove the rows that are there twice and REINDEX TABLE "
        f"{where}"
    )
    return not_capturable(table, _UNREADABLE, why)


def is_unreadable(blocked: BlockedTable | None) -> bool:
    """Whether it is the server that cannot read a table."""
    return _is(blocked, _UNREADABLE)


def locked(table: str, why: str) -> BlockedTable:
    """A table whose lock others hold."""
    return not_capturable(table, _LOCKED, why)


def is_locked(blocked: BlockedTable | None) -> bool:
    """Whether it is others' lock that blocks a table."""
    return _is(blocked, _LOCKED)


def together(found: Sequence[BlockedTable]) -> BlockedTable:
    """Everything that blocks a table as one: the first change, and all sentences with their remedies."""
    return replace(found[0], why=". Also: ".join(dict.fromkeys(item.why for item in found)))


def _is(blocked: BlockedTable | None, what: str) -> bool:
    return blocked is not None and (blocked.change.kind, blocked.change.after) == (NOT_CAPTURABLE, what)


def nothing_left(blocked: Mapping[str, BlockedTable]) -> TotelakeError:
    """The error of a run all of whose tables are blocked: one that may pass when a lock is what blocks one."""
    held = [item.why for item in blocked.values() if is_locked(item)]
    return RetriableError(held[0]) if held else SourceError(next(iter(blocked.values())).why)


def undescribed(table: str, where: str, said: str) -> BlockedTable:
    """A table whose definition is no text: a name, an enum's label, a partition's bound, a column's default."""
    why = (
        f"a name, label, bound or default in the definition of {where} is no text in UTF-8 ({said}); rename or mend it"
    )
    return not_capturable(table, "no text in UTF-8", why)


def without_contract(table: str) -> BlockedTable:
    """A table that was captured and that no contract names any more: one may again."""
    why = f"no contract in catalog/sources/ names {table} any more; what is known of it is kept until one does"
    return not_capturable(table, "no contract", why)


def dated(found: Mapping[str, BlockedTable], before: Mapping[str, BlockedTable], batch: int) -> dict[str, BlockedTable]:
    """Blocked tables with their first batch: the one of before where the reason is the same, else `batch`."""
    return {
        name: replace(item, since=before[name].since if item.is_like(before.get(name)) else batch)
        for name, item in found.items()
    }
