"""How two PostgreSQL types are related: whether every value of one is, exactly, a value of the other."""

from __future__ import annotations

import re

SAME, WIDENED, NARROWED, OTHER = "same", "widened", "narrowed", "other"
_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_NUMERIC = re.compile(r"^numeric\((\d+)(?:,(\d+))?\)$")
_TEXT = re.compile(r"^(?:character varying|character)(?:\((\d+)\))?$")
_CLOCK = re.compile(r"^(timestamp|time)(?:\((\d)\))? without time zone$")
_FINEST = 6
_UNLIMITED = 2**31


def relation(before: str, after: str) -> str:
    """SAME, WIDENED when every value stays what it was, NARROWED for the way back, OTHER for everything else.

    Numbers of another scale, and integers that become numeric, are OTHER: no reader takes both for one column.
    """
    if before == after:
        return SAME
    sizes = _sizes(before), _sizes(after)
    if sizes[0] is None or sizes[1] is None or sizes[0][0] != sizes[1][0]:
        return OTHER
    if sizes[0][1] == sizes[1][1]:
        return SAME
    return WIDENED if sizes[0][1] < sizes[1][1] else NARROWED


def _sizes(type_name: str) -> tuple[str, int] | None:
    """The family that types can be compared in, and the size there; None for a type that has no other."""
    for family in (_INTEGERS, _FLOATS):
        if type_name in family:
            return family[0], family.index(type_name)
    numeric = _NUMERIC.match(type_name)
    if numeric:
        return f"numeric of scale {numeric.group(2) or 0}", int(numeric.group(1))
    text = _TEXT.match(type_name)
    if text or type_name == "text":
        limit = text.group(1) if text else None
        return "text", int(limit) if limit else _UNLIMITED
    clock = _CLOCK.match(type_name)
    if clock:
        return clock.group(1), int(clock.group(2) or _FINEST)
    return None
