"""A value as another type: by itself, where the type has all its values, or by CAST."""

from __future__ import annotations

import json

from localathena.sql import types
from localathena.sql.quoting import identifier, quoted
from localathena.sql.refusals import failure, refuse
from localathena.sql.types import INTEGERS, Type

_NAMES = {
    "integer": "INT",
    "bigint": "BIGINT",
    "smallint": "SMALLINT",
    "tinyint": "TINYINT",
    "real": "REAL",
    "double": "DOUBLE",
}
# microseconds, more than lie between the year 1 and 1970
_BEFORE = 10**17
_BAD = "INVALID_CAST_ARGUMENT"
_INTEGER = r"'[+-]?[0-9]+'"
_DOUBLE = r"'\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?|[+-]?Infinity|NaN)\s*'"
_DECIMAL = r"'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?'"
_DATE = r"'\s*[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}\s*'"
_TIMESTAMP = r"'\s*[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?\s*'"
_TIME = r"'[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?'"


def coerced(sql: str, kind: Type, wanted: Type) -> str:
    """A value as a type that it becomes by itself."""
    if kind == wanted or (kind.duckdb == wanted.duckdb and kind.name == wanted.name and not wanted.inner):
        return sql
    if kind.name == "unknown":
        return f"CAST({sql} AS {wanted.duckdb})"
    if wanted.name == "timestamp with time zone":
        return sql if kind.name == wanted.name else f"struct_pack(utc := CAST({sql} AS TIMESTAMP), zone := 'UTC')"
    if wanted.name == "array":
        if kind.inner[0].duckdb == wanted.inner[0].duckdb or kind.inner[0].name == "unknown":
            return f"CAST({sql} AS {wanted.duckdb})"
        return f"list_transform({sql}, lambda z: {coerced('z', kind.inner[0], wanted.inner[0])})"
    if wanted.name == "row":
        parts = ", ".join(
            f"{identifier(name)} := {coerced(field(sql, old), one, other)}"
            for name, old, one, other in zip(wanted.field_names, kind.field_names, kind.inner, wanted.inner)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({parts}) END"
    return sql if kind.duckdb == wanted.duckdb else f"CAST({sql} AS {wanted.duckdb})"


def field(sql: str, name: str) -> str:
    """A field of a row."""
    return f"struct_extract({sql}, {quoted(name)})"


def cast(sql: str, kind: Type, wanted: Type) -> str:
    """A value as a type by CAST. Raises Refused when Athena has no such cast."""
    if kind.name == "unknown":
        return f"CAST({sql} AS {wanted.duckdb})"
    made = _cast(sql, kind, wanted)
    if made is None:
        refuse("TYPE_MISMATCH", f"Cannot cast {kind} to {wanted}")
    return made


def _cast(sql: str, kind: Type, wanted: Type) -> str | None:
    if kind == wanted:
        return sql
    if wanted.name in ("varchar", "char"):
        return _to_text(sql, kind, wanted)
    if kind.name == "json":
        return _from_json(sql, wanted)
    if wanted.name == "json":
        return _to_json(sql, kind)
    if kind.name in ("varchar", "char"):
        return _from_text(sql, wanted)
    if kind.name == "boolean" or wanted.name == "boolean":
        return f"CAST({sql} AS {wanted.duckdb})" if {kind.name, wanted.name} <= {"boolean", *types.NUMBERS} else None
    if kind.name in types.NUMBERS and wanted.name in types.NUMBERS:
        return _number(sql, kind, wanted)
    if kind.name == wanted.name == "row" and len(kind.args) == len(wanted.args):
        parts = ", ".join(
            f"{identifier(name)} := {cast(field(sql, old), one, other)}"
            for name, old, one, other in zip(wanted.field_names, kind.field_names, kind.inner, wanted.inner)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({parts}) END"
    if kind.name == wanted.name == "array":
        return f"list_transform({sql}, lambda z: {cast('z', kind.inner[0], wanted.inner[0])})"
    if kind.name == wanted.name == "map":
        keys, values = (cast("z", one, other) for one, other in zip(kind.inner, wanted.inner))
        made = f"list_transform(map_values({sql}), lambda z: {values})"
        return f"map(list_transform(map_keys({sql}), lambda z: {keys}), {made})"
    return _moment(sql, kind, wanted)


def registered(sql: str, kind: Type) -> str:
    """A value that a file has as a type of the catalogue: of a second Athena has three digits, and a file may more."""
    return cast(f"CAST({sql} AS {kind.duckdb})", _as_in_a_file(kind), kind)


def _as_in_a_file(kind: Type) -> Type:
    if kind.name == "timestamp":
        return Type("timestamp", (6,))
    args = tuple(_as_in_a_file(item) if isinstance(item, Type) else item for item in kind.args)
    return Type(kind.name, args, kind.fields)


def _number(sql: str, kind: Type, wanted: Type) -> str:
    if wanted.name in INTEGERS:
        if kind.name in INTEGERS:
            return f"CAST({sql} AS {wanted.duckdb})"
        # halves away from zero, where DuckDB's cast of a double takes the even number
        return f"CAST(round({sql}) AS {wanted.duckdb})"
    if wanted.name == "decimal" and kind.name in ("real", "double"):
        return f"CAST(CAST({sql} AS VARCHAR) AS {wanted.duckdb})"
    return f"CAST({sql} AS {wanted.duckdb})"


def rounded(sql: str, digits: int) -> str:
    """A time with so many digits behind its seconds."""
    if digits >= 6:
        return sql
    unit = 10 ** (6 - digits)
    # DuckDB's // cuts towards zero: what is added makes moments before 1970 positive
    return f"make_timestamp((epoch_us({sql}) + {_BEFORE + unit // 2}) // {unit} * {unit} - {_BEFORE})"


def _moment(sql: str, kind: Type, wanted: Type) -> str | None:
    names = (kind.name, wanted.name)
    local = f"py_local({sql}.utc, {sql}.zone)"
    if names == ("date", "timestamp"):
        return f"CAST({sql} AS TIMESTAMP)"
    if names == ("timestamp", "date") or names == ("timestamp", "time"):
        return f"CAST({sql} AS {wanted.duckdb})"
    if names == ("timestamp", "timestamp"):
        return rounded(sql, wanted.numbers[0]) if wanted.numbers[0] < kind.numbers[0] else sql
    if wanted.name == "timestamp with time zone":
        if kind.name == wanted.name:
            return sql
        return coerced(sql, kind, wanted) if kind.name in ("date", "timestamp") else None
    if kind.name == "timestamp with time zone":
        return f"CAST({local} AS {wanted.duckdb})" if wanted.name in ("date", "timestamp", "time") else None
    if names == ("time", "time"):
        return sql
    return None


def _to_text(sql: str, kind: Type, wanted: Type) -> str | None:
    length = wanted.numbers[0] if wanted.numbers else None
    if kind.name in ("varchar", "char"):
        cut = sql if length is None or (kind.numbers and kind.numbers[0] <= length) else f"substr({sql}, 1, {length})"
        return f"rpad({cut}, {length}, ' ')" if wanted.name == "char" else cut
    text = text_of(sql, kind)
    if text is None or length is None:
        return text
    said = f"'Value ' || {text} || ' cannot be represented as {wanted}'"
    return f"CASE WHEN length({text}) > {length} THEN {failure(_BAD, said, 'VARCHAR')} ELSE {text} END"


def text_of(sql: str, kind: Type) -> str | None:
    """A value as text; None for a type that has none."""
    if kind.name == "real":
        return f"py_double_text(CAST(CAST({sql} AS VARCHAR) AS DOUBLE))"
    if kind.name == "double":
        return f"py_double_text({sql})"
    if kind.name == "timestamp":
        return f"py_moment_text({sql}, {kind.numbers[0]})"
    if kind.name == "timestamp with time zone":
        return f"py_zoned_text({sql}.utc, {sql}.zone, {kind.numbers[0]})"
    if kind.name == "time":
        length = 9 + kind.numbers[0] if kind.numbers[0] else 8
        return f"substr(strftime(CAST(DATE '2000-01-01' + {sql} AS TIMESTAMP), '%H:%M:%S.%f'), 1, {length})"
    if kind.name == "interval day to second":
        return f"py_interval_text({sql})"
    if kind.name == "interval year to month":
        return f"py_months_text({sql})"
    if kind.name == "json":
        return f"py_json_scalar({sql}, 'varchar')"
    if kind.name in ("boolean", "decimal", "date", "uuid", *INTEGERS):
        return f"CAST({sql} AS VARCHAR)"
    return f"py_from_utf8({sql})" if kind.name == "varbinary" else None


def _checked(sql: str, pattern: str, made: str, said: str, wanted: Type) -> str:
    # a text is read only when it has the form that Athena takes: DuckDB takes more
    fails = failure(_BAD, said, wanted.duckdb)
    return f"CASE WHEN regexp_full_match({sql}, {pattern}) THEN {made} WHEN {sql} IS NOT NULL THEN {fails} END"


def _from_text(sql: str, wanted: Type) -> str | None:
    plain = f"CAST({sql} AS {wanted.duckdb})"
    said = f"'Cannot cast ''' || {sql} || ''' to {_NAMES.get(wanted.name, str(wanted).upper())}'"
    cannot = f"'Value cannot be cast to {wanted.name}: ' || {sql}"
    if wanted.name in INTEGERS:
        tried = f"TRY_CAST({sql} AS {wanted.duckdb})"
        return _checked(
            sql,
            _INTEGER,
            f"CASE WHEN {tried} IS NULL THEN {failure(_BAD, said, wanted.duckdb)} ELSE {tried} END",
            said,
            wanted,
        )
    if wanted.name in ("real", "double"):
        return _checked(sql, _DOUBLE, f"CAST(rtrim(trim({sql}), 'dDfF') AS {wanted.duckdb})", said, wanted)
    if wanted.name == "decimal":
        tried = f"TRY_CAST({sql} AS {wanted.duckdb})"
        known = f"CASE WHEN {tried} IS NULL THEN {failure(_BAD, said, wanted.duckdb)} ELSE {tried} END"
        return _checked(sql, _DECIMAL, known, said, wanted)
    if wanted.name == "boolean":
        word = f"lower({sql})"
        return (
            f"CASE WHEN {word} IN ('t', 'true', '1') THEN true WHEN {word} IN ('f', 'false', '0') THEN false "
            f"WHEN {sql} IS NOT NULL THEN {failure(_BAD, said, 'BOOLEAN')} END"
        )
    if wanted.name == "date":
        tried = f"TRY_CAST(trim({sql}) AS DATE)"
        return _checked(
            sql,
            _DATE,
            f"CASE WHEN {tried} IS NULL THEN {failure(_BAD, cannot, 'DATE')} ELSE {tried} END",
            cannot,
            wanted,
        )
    if wanted.name == "timestamp":
        tried = f"TRY_CAST(trim({sql}) AS TIMESTAMP)"
        fails, found = failure(_BAD, cannot, "TIMESTAMP"), rounded(tried, wanted.numbers[0])
        known = f"CASE WHEN {tried} IS NULL THEN {fails} ELSE {found} END"
        return _checked(sql, _TIMESTAMP, known, cannot, wanted)
    if wanted.name == "timestamp with time zone":
        return f"py_cast_zoned({sql})"
    if wanted.name == "time":
        return _checked(sql, _TIME, plain, cannot, wanted)
    if wanted.name == "varbinary":
        return f"encode({sql})"
    return None


def _from_json(sql: str, wanted: Type) -> str | None:
    if wanted.name == "array":
        return f"list_transform(py_json_items({sql}), lambda z: {cast('z', types.JSON, wanted.inner[0])})"
    if wanted.name == "map" and wanted.inner[0].name == "varchar":
        items = f"py_json_object({sql})"
        made = cast("z", types.JSON, wanted.inner[1])
        return f"map(map_keys({items}), list_transform(map_values({items}), lambda z: {made}))"
    if wanted.name in ("boolean", "varchar", *types.NUMBERS):
        text = f"py_json_scalar({sql}, '{wanted.name}')"
        if wanted.name in INTEGERS:
            return f"CAST(round(CAST({text} AS DECIMAL(38, 6))) AS {wanted.duckdb})"
        return f"CAST({text} AS {wanted.duckdb})"
    return None


def _to_json(sql: str, kind: Type) -> str | None:
    if kind.name in ("varchar", "char"):
        return f"py_json_quote({sql})"
    if kind.name in ("boolean", *INTEGERS):
        return f"CAST({sql} AS VARCHAR)"
    if kind.name in ("double", "real", "decimal"):
        return f"py_json_double(CAST({sql} AS DOUBLE))" if kind.name != "decimal" else f"CAST({sql} AS VARCHAR)"
    if kind.name in ("date", "timestamp"):
        return f"py_json_quote({text_of(sql, kind)})"
    if kind.name == "array":
        item = _to_json("z", kind.inner[0])
        return (
            None
            if item is None
            else f"'[' || array_to_string(list_transform({sql}, lambda z: coalesce({item}, 'null')), ',') || ']'"
        )
    if kind.name == "map" and kind.inner[0].name in ("varchar", *INTEGERS):
        item = _to_json("z.value", kind.inner[1])
        keys = "py_json_quote(CAST(z.key AS VARCHAR))"
        entries = f"list_sort(list_transform(map_entries({sql}), lambda z: {keys} || ':' || coalesce({item}, 'null')))"
        return None if item is None else f"'{{' || array_to_string({entries}, ',') || '}}'"
    if kind.name == "row":
        items = [_to_json(field(sql, name), one) for name, one in zip(kind.field_names, kind.inner)]
        if None in items:
            return None
        named = all(kind.fields)
        parts = " || ',' || ".join(
            (f"{quoted(json.dumps(name, ensure_ascii=False) + ':')} || " if named else "") + f"coalesce({item}, 'null')"
            for name, item in zip(kind.field_names, items)
        )
        opened, closed = ("{", "}") if named else ("[", "]")
        return f"'{opened}' || {parts} || '{closed}'"
    return None
