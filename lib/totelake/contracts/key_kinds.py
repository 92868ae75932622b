"""Which types a key's columns may have, and how their values are ordered: each such type is of one kind."""

from __future__ import annotations

import re

INTEGER, TEXT, DATE, TIMESTAMP = "integer", "text", "date", "timestamp"
NUMBER, BYTES, BOOLEAN = "number", "bytes", "boolean"
# a number that the lake keeps as PostgreSQL's text of it, with its zeros at the end
DIGITS = "digits"
MOST_COLUMNS = 8
# for messages
ALL_KINDS = "integer, uuid, text, enum, date, timestamp, numeric, bytea or boolean"

# each for fullmatch; an enum is in double quotes
_KINDS = (
    (INTEGER, re.compile(r"smallint|integer|bigint")),
    (TEXT, re.compile(r"text|uuid|character varying(\([0-9]+\))?|character\([0-9]+\)|\"(?:[^\"]|\"\")+\"")),
    (DATE, re.compile(r"date")),
    (TIMESTAMP, re.compile(r"timestamp(\([0-6]\))? with(out)? time zone")),
    (NUMBER, re.compile(r"numeric(\(.*\))?")),
    (BYTES, re.compile(r"bytea")),
    (BOOLEAN, re.compile(r"boolean")),
)


def key_kind(type_name: str) -> str | None:
    """The kind of a PostgreSQL type as format_type() writes it; None when no key may have it.

    Within a kind a column may change its type, and its rows are still found under their keys.
    """
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(type_name)), None)
