"""Values made of several, or taken out of one: rows, choices, subscripts."""

from __future__ import annotations

from localathena.sql import types
from localathena.sql.casts import field
from localathena.sql.operators import Value
from localathena.sql.quoting import identifier
from localathena.sql.refusals import failure, refuse


def subscript(base: Value, place: Value) -> Value:
    """A value of an array, a map or a row. Fails when it is evaluated and there is none."""
    if base.kind.name == "map":
        key, kind = base.kind.inner
        if types.common(key, place.kind) != key:
            refuse("TYPE_MISMATCH", f"Cannot use {place.kind} for subscript of {base.kind}")
        said = f"'Key not present in map: ' || CAST({place.as_(key)} AS VARCHAR)"
        missing = failure("INVALID_FUNCTION_ARGUMENT", said, kind.duckdb)
        there = f"map_contains({base.sql}, {place.as_(key)})"
        return Value(kind, f"CASE WHEN {there} THEN {base.sql}[{place.as_(key)}] WHEN NOT {there} THEN {missing} END")
    if (
        base.kind.name == "row"
        and place.literal
        and place.literal.isdigit()
        and 0 < int(place.literal) <= len(base.kind.args)
    ):
        number = int(place.literal) - 1
        return Value(base.kind.inner[number], field(base.sql, base.kind.field_names[number]))
    if base.kind.name != "array" or place.kind.name not in types.INTEGERS:
        refuse("TYPE_MISMATCH", f"Cannot use {place.kind} for subscript of {base.kind}")
    kind, index = base.kind.inner[0], place.as_(types.BIGINT)
    words = f"'Array subscript must be less than or equal to array length: ' || {index} || ' > ' || len({base.sql})"
    beyond = failure("INVALID_FUNCTION_ARGUMENT", words, kind.duckdb)
    below = failure("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", kind.duckdb)
    sql = (
        f"CASE WHEN {index} > len({base.sql}) THEN {beyond} WHEN {index} <= 0 THEN {below} ELSE {base.sql}[{index}] END"
    )
    return Value(kind, sql)


def row_of(items: list[Value]) -> Value:
    """A row without names."""
    kind = types.row(*(item.kind for item in items))
    parts = ", ".join(f"{identifier(name)} := {item.sql}" for name, item in zip(kind.field_names, items))
    return Value(kind, f"struct_pack({parts})")


def chosen(conditions: list[str], results: list[Value], what: str) -> Value:
    """The first result whose condition holds, or the last without one."""
    kind = types.common_of([item.kind for item in results])
    if kind is None:
        shown = ", ".join(dict.fromkeys(str(item.kind) for item in results))
        refuse("TYPE_MISMATCH", f"{what} must be the same type or coercible to a common type: {shown}")
    parts = "".join(f" WHEN {condition} THEN {item.as_(kind)}" for condition, item in zip(conditions, results))
    last = f" ELSE {results[-1].as_(kind)}" if len(results) > len(conditions) else ""
    return Value(kind, f"CASE{parts}{last} END")
