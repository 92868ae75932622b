"""How two PostgreSQL types are related: whether every value of one is, exactly, a value of the other."""

from __future__ import annotations

import re

from totelake.contracts.types import UnknownTypeError, has_own_type, lake_type

SAME, WIDENED, NARROWED, OTHER = "same", "widened", "narrowed", "other"
_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_NUMERIC = re.compile(r"^numeric\((\d+)(?:,(-?\d+))?\)$")
_TEXT = re.compile(r"^(?:character varying|character)(?:\((\d+)\))?$")
_LIMITED = re.compile(r"^(bit varying|interval)(?:\((\d+)\))?$")
_CLOCK = re.compile(r"^(timestamp|time)(?:\((\d)\))? (with(?:out)? time zone)$")
_FINEST = 6
_UNLIMITED = 2**31
_ALL_TEXTS = ("text", "character varying")


def relation(before: str, after: str) -> str:
    """SAME, WIDENED when every value stays what it was, NARROWED for the way back, OTHER for everything else.

    Numbers of another scale, and integers that become numeric, are OTHER: no reader takes both for one column. A type
    whose values are text in the lake becomes `text` without a change of any value, so that is wider.
    """
    if before == after:
        return SAME
    sizes = _sizes(before), _sizes(after)
    if sizes[0] is not None and sizes[1] is not None and sizes[0][0] == sizes[1][0]:
        if sizes[0][1] == sizes[1][1]:
            return SAME
        return WIDENED if sizes[0][1] < sizes[1][1] else NARROWED
    if _keeps_texts(before, after):
        return WIDENED
    return NARROWED if _keeps_texts(after, before) else OTHER


def _sizes(type_name: str) -> tuple[str, int] | None:
    """The family that types can be compared in, and the size there; None for a type that has no other."""
    for family in (_INTEGERS, _FLOATS):
        if type_name in family:
            return family[0], family.index(type_name)
    numeric = _NUMERIC.match(type_name)
    if numeric:
        # a decimal for readers, or a text
        kept = "decimal" if has_own_type(type_name) else "text"
        return f"numeric of scale {numeric.group(2) or 0} as {kept}", int(numeric.group(1))
    text = _TEXT.match(type_name)
    if text or type_name == "text":
        limit = text.group(1) if text else None
        return "text", int(limit) if limit else _UNLIMITED
    clock = _CLOCK.match(type_name)
    if clock:
        return f"{clock.group(1)} {clock.group(3)}", int(clock.group(2) or _FINEST)
    limited = _LIMITED.match(type_name)
    if limited:
        return limited.group(1), int(limited.group(2) or _UNLIMITED)
    return None


def _keeps_texts(narrow: str, wide: str) -> bool:
    """Whether values that are text in the lake are of a wider type with the same text."""
    is_number = narrow.startswith("numeric(") and wide == "numeric"
    return (wide in _ALL_TEXTS or is_number) and _is_kept_as_text(narrow)


def _is_kept_as_text(type_name: str) -> bool:
    """Whether the lake has the type's values as PostgreSQL's text, and the type is no text itself."""
    try:
        return lake_type(type_name) == "text" != type_name
    except UnknownTypeError:
        return False
