"""Functions that are more than a signature: those whose types, units or forms depend on what they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from localathena.sql import types
from localathena.sql.casts import cast, text_of
from localathena.sql.composed import row_of
from localathena.sql.operators import Value, arithmetic, compared
from localathena.sql.quoting import quoted
from localathena.sql.refusals import not_here, refuse
from localathena.sql.scope import Scope
from localathena.sql.types import Type

Reader = Callable[[Any, Scope], Value]
Special = Callable[[Sequence[Any], Scope, Reader], Value]
_DATES = ("day", "week", "month", "quarter", "year")
_TIMES = ("millisecond", "second", "minute", "hour", *_DATES)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MILLISECONDS = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
_ZONED = "timestamp with time zone"


def _count(name: str, nodes: Sequence[Any], *counts: int) -> None:
    if len(nodes) not in counts:
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters for function {name}: {len(nodes)} of them")


def _shared(name: str, values: Sequence[Value]) -> Type:
    kind = types.common_of([item.kind for item in values])
    if kind is None:
        shown = ", ".join(str(item.kind) for item in values)
        refuse("TYPE_MISMATCH", f"All {name} operands must be the same type or coercible to a common type: {shown}")
    return kind


def _coalesce(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    if len(nodes) < 2:
        refuse("SYNTAX_ERROR", "The 'coalesce' function must have at least two arguments")
    values = [value(item, scope) for item in nodes]
    kind = _shared("COALESCE", values)
    return Value(kind, f"coalesce({', '.join(item.as_(kind) for item in values)})")


def _nullif(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("nullif", nodes, 2)
    left, right = (value(item, scope) for item in nodes)
    kind = types.common(left.kind, right.kind)
    if kind is None:
        refuse("TYPE_MISMATCH", f"Types are not comparable with NULLIF: {left.kind} vs {right.kind}")
    same = compared("=", left, right).sql
    return Value(left.kind, f"CASE WHEN {same} THEN NULL ELSE {left.sql} END")


def _extreme(name: str) -> Special:
    def made(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
        if not nodes:
            _count(name, nodes, 1)
        values = [value(item, scope) for item in nodes]
        kind = types.common_of([item.kind for item in values])
        if kind is None:
            shown = ", ".join(str(item.kind) for item in values)
            refuse(
                "FUNCTION_NOT_FOUND",
                f"Unexpected parameters ({shown}) for function {name}. Expected: {name}(E) E:orderable",
            )
        texts = [item.as_(kind) for item in values]
        missing = " OR ".join(f"{text} IS NULL" for text in texts)
        return Value(kind, f"CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(texts)}) END")

    return made


def _try(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("try", nodes, 1)
    found = value(nodes[0], scope)
    return Value(found.kind, f"TRY({found.sql})")


def _typeof(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("typeof", nodes, 1)
    found = value(nodes[0], scope)
    name = quoted(str(found.kind))
    # the value is named, since an aggregate makes one row of many whatever becomes of it
    return Value(types.VARCHAR, f"CASE WHEN {found.sql} IS NULL THEN {name} ELSE {name} END")


def _row(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    return row_of([value(item, scope) for item in nodes])


def joined(left: Value, right: Value) -> Value:
    """Two texts, arrays or bytes as one."""
    names = (left.kind.name, right.kind.name)
    if "array" in names:
        whole = left.kind if names[0] == "array" else right.kind
        sides = [
            item if item.kind.name == "array" else Value(types.array(item.kind), f"[{item.sql}]")
            for item in (left, right)
        ]
        kind = types.common(sides[0].kind, sides[1].kind)
        if kind is not None and whole is not None:
            return Value(kind, f"({sides[0].as_(kind)} || {sides[1].as_(kind)})")
    elif names in (("varchar", "unknown"), ("unknown", "varchar")):
        item = left.kind if names[1] == "unknown" else right.kind
        return Value(types.array(item), "CAST(NULL AS VARCHAR[])")
    elif names[0] in ("varchar", "char", "unknown") and names[1] in ("varchar", "char", "unknown"):
        return Value(types.VARCHAR, f"({left.as_(types.VARCHAR)} || {right.as_(types.VARCHAR)})")
    elif names == ("varbinary", "varbinary"):
        return Value(types.VARBINARY, f"({left.sql} || {right.sql})")
    refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({left.kind}, {right.kind}) for function concat")


def _concat(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    if len(nodes) < 2:
        refuse("INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments")
    values = [value(item, scope) for item in nodes]
    if len(values) > 2 and all(item.kind.name in ("varchar", "unknown") for item in values):
        values = [Value(types.VARCHAR, item.as_(types.VARCHAR)) for item in values]
    made = values[0]
    for item in values[1:]:
        made = joined(made, item)
    return made


def _unit(node: Any, scope: Scope, value: Reader, kind: Type) -> str:
    found = value(node, scope)
    if found.kind.name not in ("varchar", "unknown"):
        refuse("FUNCTION_NOT_FOUND", f"a unit of time is a text, not {found.kind}")
    if found.literal is None:
        not_here("a unit of time that is no literal")
    unit = found.literal.lower()
    if unit not in (_DATES if kind.name == "date" else _TIMES):
        refuse("INVALID_FUNCTION_ARGUMENT", f"'{found.literal}' is not a valid {kind.name.upper()} field")
    return unit


def _moment(node: Any, scope: Scope, value: Reader, name: str) -> Value:
    found = value(node, scope)
    if found.kind.name not in ("date", "timestamp", _ZONED):
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters for function {name}: {found.kind} is no date or time")
    return found


def _local(found: Value) -> str:
    return f"py_local(({found.sql}).utc, ({found.sql}).zone)"


def _date_trunc(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("date_trunc", nodes, 2)
    found = _moment(nodes[1], scope, value, "date_trunc")
    unit = _unit(nodes[0], scope, value, found.kind)
    if found.kind.name == _ZONED:
        zone = f"({found.sql}).zone"
        return Value(
            found.kind, f"struct_pack(utc := py_utc(date_trunc('{unit}', {_local(found)}), {zone}), zone := {zone})"
        )
    return Value(found.kind, f"CAST(date_trunc('{unit}', {found.sql}) AS {found.kind.duckdb})")


def _date_add(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("date_add", nodes, 3)
    found, count = _moment(nodes[2], scope, value, "date_add"), value(nodes[1], scope)
    if count.kind.name not in (*types.INTEGERS, "unknown"):
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters for function date_add: {count.kind} is no whole number")
    unit = _unit(nodes[0], scope, value, found.kind)
    amount = count.as_(types.BIGINT)
    if unit in _MONTHS:
        added = f"to_months(CAST({amount} * {_MONTHS[unit]} AS INTEGER))"
    else:
        added = f"to_milliseconds({amount} * {_MILLISECONDS[unit]})"
    if found.kind.name == _ZONED:
        zone = f"({found.sql}).zone"
        if unit in _DATES:
            return Value(found.kind, f"struct_pack(utc := py_utc({_local(found)} + {added}, {zone}), zone := {zone})")
        return Value(found.kind, f"struct_pack(utc := ({found.sql}).utc + {added}, zone := {zone})")
    return Value(found.kind, f"CAST({found.sql} + {added} AS {found.kind.duckdb})")


def _date_diff(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("date_diff", nodes, 3)
    left, right = (_moment(item, scope, value, "date_diff") for item in nodes[1:])
    kind = types.common(left.kind, right.kind)
    if kind is None:
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters for function date_diff: {left.kind}, {right.kind}")
    unit = _unit(nodes[0], scope, value, kind)
    sides = [Value(kind, item.as_(kind)) for item in (left, right)]
    if kind.name == _ZONED:
        texts = [_local(item) if unit in _DATES else f"({item.sql}).utc" for item in sides]
    else:
        texts = [item.sql for item in sides]
    return Value(types.BIGINT, f"date_sub('{unit}', {texts[0]}, {texts[1]})")


def _date(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("date", nodes, 1)
    found = value(nodes[0], scope)
    if found.kind.name not in ("varchar", "char", "date", "timestamp", _ZONED, "unknown"):
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({found.kind}) for function date")
    return Value(types.DATE, cast(found.sql, found.kind, types.DATE))


def _mod(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("mod", nodes, 2)
    return arithmetic("%", value(nodes[0], scope), value(nodes[1], scope))


def _array_join(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    _count("array_join", nodes, 2, 3)
    given, *rest = [value(item, scope) for item in nodes]
    if given.kind.name != "array" or any(item.kind.name != "varchar" for item in rest):
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({given.kind}) for function array_join")
    kind = given.kind.inner[0]
    text = "z" if kind.name in ("varchar", "char", "unknown") else text_of("z", kind)
    if text is None:
        refuse("FUNCTION_NOT_FOUND", f"Unexpected parameters ({given.kind}) for function array_join")
    instead = f"coalesce({text}, {rest[1].sql})" if len(rest) > 1 else text
    texts = f"list_transform({given.sql}, lambda z: {instead})"
    kept = texts if len(rest) > 1 else f"list_filter({texts}, lambda z: z IS NOT NULL)"
    return Value(
        types.VARCHAR,
        f"CASE WHEN {given.sql} IS NOT NULL THEN coalesce(array_to_string({kept}, {rest[0].sql}), '') END",
    )


def _format(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    if len(nodes) < 2:
        refuse("FUNCTION_NOT_FOUND", "Unexpected parameters for function format: it takes a form and values")
    form, *values = [value(item, scope) for item in nodes]
    parts = []
    for item in values:
        name = item.kind.name
        letter = (
            "d"
            if name in types.INTEGERS
            else {"decimal": "n", "double": "f", "real": "f", "boolean": "b"}.get(name, "s")
        )
        if name in ("date", "timestamp", _ZONED, "time", "array", "map", "row"):
            not_here(f"format of {item.kind}")
        # a double as Java's toString has it
        text = (
            f"py_java_double(CAST({item.sql} AS DOUBLE))" if letter == "f" else cast(item.sql, item.kind, types.VARCHAR)
        )
        parts.append(f"'{letter}:' || {text}")
    return Value(types.VARCHAR, f"py_formatted({form.as_(types.VARCHAR)}, CAST([{', '.join(parts)}] AS VARCHAR[]))")


def _grouping(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
    return Value(types.INTEGER, f"CAST(GROUPING({', '.join(value(item, scope).sql for item in nodes)}) AS INTEGER)")


def of_now(name: str, digits: int = 3) -> Special:
    def made(nodes: Sequence[Any], scope: Scope, value: Reader) -> Value:
        given = value(nodes[0], scope).literal if nodes else None
        places = int(given) if given and given.isdigit() else digits
        shown = scope.statement.now.strftime("%Y-%m-%d %H:%M:%S.%f")[: 20 + min(places, 6)]
        moment = f"CAST('{shown.rstrip('.')}' AS TIMESTAMP)"
        if name == "current_date":
            return Value(types.DATE, f"CAST({moment} AS DATE)")
        if name == "localtime":
            return Value(Type("time", (places,)), f"CAST({moment} AS TIME)")
        if name == "localtimestamp":
            return Value(Type("timestamp", (places,)), moment)
        return Value(Type(_ZONED, (places,)), f"struct_pack(utc := {moment}, zone := 'UTC')")

    return made


FUNCTIONS: dict[str, Special] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "try": _try,
    "typeof": _typeof,
    "row": _row,
    "concat": _concat,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date": _date,
    "mod": _mod,
    "array_join": _array_join,
    "format": _format,
    "grouping": _grouping,
    "now": of_now("now"),
    "current_timestamp": of_now("current_timestamp"),
    "localtimestamp": of_now("localtimestamp"),
    "localtime": of_now("localtime"),
}
