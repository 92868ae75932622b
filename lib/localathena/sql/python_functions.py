"""The functions in Python that a translated statement may name, with their types, and how they get into DuckDB."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from localathena.sql import python_bytes, python_formats, python_json, python_moments, python_regexp, python_text
from localathena.sql.nested import MACROS
from localathena.sql.refusals import failed

_TEXT, _INT, _REAL, _BYTES, _TIME, _TRUE = "VARCHAR", "BIGINT", "DOUBLE", "BLOB", "TIMESTAMP", "BOOLEAN"
_ZONED = "STRUCT(utc TIMESTAMP, zone VARCHAR)"
_TEXTS = "VARCHAR[]"
_USED = re.compile(r"\b(?:py|m)_\w+")
_DECIMALS = re.compile(r"py_(divide|remainder)_(\d+)_(\d+)_(\d+)")
_Function = tuple[Callable[..., Any], list[str], str]


def _fmod(left: float, right: float) -> float:
    return math.fmod(left, right) if right and not math.isinf(left) else math.nan


def _json_double(value: float) -> str:
    return python_text.java_double(value)


def interval_text(milliseconds: int) -> str:
    """A length of time as Athena writes it: 2 12:00:00.000."""
    sign, rest = "-" if milliseconds < 0 else "", abs(milliseconds)
    days, rest = divmod(rest, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{sign}{days} {hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def months_text(months: int) -> str:
    """Years and months as Athena writes them: 1-2."""
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"


_T, _R, _B = python_text, python_regexp, python_bytes
_M, _F, _J = python_moments, python_formats, python_json
FUNCTIONS: dict[str, _Function] = {
    "py_truncate": (_T.truncate, [_TEXT, _INT], _TEXT),
    "py_log": (_T.log, [_REAL, _REAL], _REAL),
    "py_fmod": (_fmod, [_REAL, _REAL], _REAL),
    "py_width_bucket": (_T.width_bucket, [_REAL, _REAL, _REAL, _INT], _INT),
    "py_from_base": (_T.from_base, [_TEXT, _INT], _INT),
    "py_to_base": (_T.to_base, [_INT, _INT], _TEXT),
    "py_bit_count": (_T.bit_count, [_INT, _INT], _INT),
    "py_shift": (_T.shift, [_INT, _INT, _INT, _TEXT], _INT),
    "py_chr": (_T.chr_, [_INT], _TEXT),
    "py_upper": (_T.upper, [_TEXT], _TEXT),
    "py_lower": (_T.lower, [_TEXT], _TEXT),
    "py_reverse": (lambda text: text[::-1], [_TEXT], _TEXT),
    "py_format_number": (_T.format_number, [_REAL], _TEXT),
    "py_hamming": (_T.hamming, [_TEXT, _TEXT], _INT),
    "py_luhn": (_T.luhn, [_TEXT], _TRUE),
    "py_normalize": (_T.normalize, [_TEXT, _TEXT], _TEXT),
    "py_replace_empty": (_T.replace_empty, [_TEXT, _TEXT], _TEXT),
    "py_soundex": (_T.soundex, [_TEXT], _TEXT),
    "py_positive": (_T.positive, [_INT], _INT),
    "py_split": (_T.split, [_TEXT, _TEXT, _INT], _TEXTS),
    "py_split_part": (_T.split_part, [_TEXT, _TEXT, _INT], _TEXT),
    "py_split_to_map": (_T.split_to_map, [_TEXT, _TEXT, _TEXT], "MAP(VARCHAR, VARCHAR)"),
    "py_split_to_multimap": (_T.split_to_multimap, [_TEXT, _TEXT, _TEXT], "MAP(VARCHAR, VARCHAR[])"),
    "py_strpos": (_T.strpos, [_TEXT, _TEXT, _INT], _INT),
    "py_translate": (_T.translate, [_TEXT, _TEXT, _TEXT], _TEXT),
    "py_regexp_like": (_R.regexp_like, [_TEXT, _TEXT], _TRUE),
    "py_regexp_count": (_R.regexp_count, [_TEXT, _TEXT], _INT),
    "py_regexp_position": (_R.regexp_position, [_TEXT, _TEXT, _INT, _INT], "INTEGER"),
    "py_regexp_extract": (_R.regexp_extract, [_TEXT, _TEXT, _INT], _TEXT),
    "py_regexp_extract_all": (_R.regexp_extract_all, [_TEXT, _TEXT, _INT], _TEXTS),
    "py_regexp_replace": (_R.regexp_replace, [_TEXT, _TEXT, _TEXT], _TEXT),
    "py_regexp_split": (_R.regexp_split, [_TEXT, _TEXT], _TEXTS),
    "py_double_text": (_B.double_text, [_REAL], _TEXT),
    "py_java_double": (python_text.java_double, [_REAL], _TEXT),
    "py_formatted": (_B.formatted, [_TEXT, _TEXTS], _TEXT),
    "py_url_part": (_B.url_part, [_TEXT, _TEXT], _TEXT),
    "py_url_parameter": (_B.url_parameter, [_TEXT, _TEXT], _TEXT),
    "py_url_encode": (_B.url_encode, [_TEXT], _TEXT),
    "py_url_decode": (_B.url_decode, [_TEXT], _TEXT),
    "py_from_utf8": (_B.from_utf8, [_BYTES], _TEXT),
    "py_from_hex": (_B.from_hex, [_TEXT], _BYTES),
    "py_from_base64": (_B.from_base64, [_TEXT, _TEXT], _BYTES),
    "py_to_base32": (_B.to_base32, [_BYTES], _TEXT),
    "py_digest": (_B.digest, [_BYTES, _TEXT], _BYTES),
    "py_hmac": (_B.keyed, [_BYTES, _BYTES, _TEXT], _BYTES),
    "py_xxhash64": (_B.xxhash64, [_BYTES], _BYTES),
    "py_crc32": (_B.crc32, [_BYTES], _INT),
    "py_big_endian": (_B.big_endian, [_INT, _INT], _BYTES),
    "py_from_big_endian": (_B.from_big_endian, [_BYTES, _INT], _INT),
    "py_reverse_bytes": (_B.reverse_bytes, [_BYTES], _BYTES),
    "py_zone": (_M.zone, [_TEXT], _TEXT),
    "py_local": (_M.local, [_TIME, _TEXT], _TIME),
    "py_utc": (_M.utc, [_TIME, _TEXT], _TIME),
    "py_offset": (_M.offset, [_TIME, _TEXT], _INT),
    "py_cast_zoned": (_M.cast_zoned, [_TEXT], _ZONED),
    "py_zoned_text": (_M.zoned_text, [_TIME, _TEXT, _INT], _TEXT),
    "py_moment_text": (_M.moment_text, [_TIME, _INT], _TEXT),
    "py_interval_text": (interval_text, [_INT], _TEXT),
    "py_months_text": (months_text, [_INT], _TEXT),
    "py_iso_date": (_M.iso_date, [_TEXT], "DATE"),
    "py_iso_timestamp": (_M.iso_timestamp, [_TEXT], _ZONED),
    "py_to_iso": (_M.to_iso, [_TIME, _TEXT, _INT], _TEXT),
    "py_human_seconds": (_M.human_seconds, [_REAL], _TEXT),
    "py_duration": (_M.duration, [_TEXT], _INT),
    "py_date_format": (_M.date_format, [_TIME, _TEXT], _TEXT),
    "py_date_parse": (_F.date_parse, [_TEXT, _TEXT], _TIME),
    "py_parse_datetime": (_F.parse_datetime, [_TEXT, _TEXT], _ZONED),
    "py_format_datetime": (_F.format_datetime, [_TIME, _TEXT, _TEXT], _TEXT),
    "py_json_parse": (_J.json_parse, [_TEXT], _TEXT),
    "py_json_extract": (_J.json_extract, [_TEXT, _TEXT], _TEXT),
    "py_json_extract_scalar": (_J.json_extract_scalar, [_TEXT, _TEXT], _TEXT),
    "py_json_array_length": (_J.json_array_length, [_TEXT], _INT),
    "py_json_array_contains": (_J.json_array_contains, [_TEXT, _TEXT], _TRUE),
    "py_json_array_get": (_J.json_array_get, [_TEXT, _INT], _TEXT),
    "py_json_size": (_J.json_size, [_TEXT, _TEXT], _INT),
    "py_is_json_scalar": (_J.is_json_scalar, [_TEXT], _TRUE),
    "py_json_scalar": (_J.json_scalar, [_TEXT, _TEXT], _TEXT),
    "py_json_items": (_J.json_items, [_TEXT], _TEXTS),
    "py_json_object": (_J.json_object, [_TEXT], "MAP(VARCHAR, VARCHAR)"),
    "py_json_value": (_J.json_value, [_TEXT, _TEXT], _TEXT),
    "py_json_quote": (_B.json_quote, [_TEXT], _TEXT),
    "py_json_double": (_json_double, [_REAL], _TEXT),
}


def _decimals(name: str) -> _Function | None:
    """A function of decimals of the scales in its name."""
    found = _DECIMALS.fullmatch(name)
    if found is None:
        return None
    first, second, scale = (int(item) for item in found.groups()[1:])
    kinds = [f"DECIMAL(38, {first})", f"DECIMAL(38, {second})"]

    def divide(left: Decimal, right: Decimal) -> Decimal:
        made = python_text.divided(left, right, scale)
        if len(made.as_tuple().digits) > 38:
            raise failed("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
        return made

    return divide if found[1] == "divide" else python_text.remainder, kinds, f"DECIMAL(38, {scale})"


def prepare(connection: Any, sql: str) -> None:
    """Make the macros and the functions in Python that a translated statement names, on a connection of DuckDB."""
    wanted = list(dict.fromkeys(_USED.findall(sql)))
    macros: list[str] = []
    while wanted:
        name = wanted.pop(0)
        if name in MACROS and name not in macros:
            macros.append(name)
            wanted += _USED.findall(MACROS[name])
    # those that others use first
    for name in sorted(macros, key=list(MACROS).index):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}{MACROS[name]}")
    for name in sorted({name for name in _USED.findall(sql) if name.startswith("py_")}):
        found = FUNCTIONS.get(name) or _decimals(name)
        if found is not None:
            function, parameters, result = found
            # special: a function may answer NULL, which the default refuses
            connection.create_function(
                name, _strict(function, len(parameters)), parameters, result, null_handling="special"
            )


def _strict(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """A function of so many arguments, which answers NULL when any of them is NULL."""
    if count == 1:
        return lambda one: None if one is None else function(one)
    if count == 2:
        return lambda one, two: None if one is None or two is None else function(one, two)
    if count == 3:
        return lambda one, two, three: None if None in (one, two, three) else function(one, two, three)
    return lambda one, two, three, four: None if None in (one, two, three, four) else function(one, two, three, four)
