"""What Athena refuses: a class by Athena's own name, and a sentence."""

from __future__ import annotations

import re
from typing import NoReturn

# a failure at run time goes through DuckDB's message as ~CLASS~sentence~
_MARKED = re.compile(r"~([A-Z_]+)~(.*?)~", re.DOTALL)
# what DuckDB says of its own accord, and Athena's class for it
_CLASSES = (
    ("must appear in the GROUP BY clause", "EXPRESSION_NOT_AGGREGATE"),
    ("cannot contain aggregate", "EXPRESSION_NOT_SCALAR"),
    ("cannot contain window", "EXPRESSION_NOT_SCALAR"),
    ("aggregate function calls cannot be nested", "NESTED_AGGREGATION"),
    ("More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS"),
    ("Type DOUBLE with value", "INVALID_CAST_ARGUMENT"),
    ("Casting value", "INVALID_CAST_ARGUMENT"),
    ("Could not cast value", "INVALID_CAST_ARGUMENT"),
    ("Overflow in", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("out of range", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("Out of Range", "NUMERIC_VALUE_OUT_OF_RANGE"),
    ("Map keys must be unique", "INVALID_FUNCTION_ARGUMENT"),
    ("Could not convert string", "INVALID_CAST_ARGUMENT"),
    ("CSV Error on Line", "HIVE_BAD_DATA"),
    ("Malformed JSON", "HIVE_BAD_DATA"),
    ("No magic bytes found", "HIVE_BAD_DATA"),
    ("too small to be a Parquet file", "HIVE_BAD_DATA"),
)
# what DuckDB says of the translation or of the machine, and not of what the user asked
_NOT_THE_USERS = re.compile(
    r"(Binder|Parser|Syntax|Catalog|INTERNAL|Internal|FATAL|Fatal|Out of Memory|IO|Not implemented) Error"
)
NOT_HERE = "NOT_SUPPORTED"


class Refused(Exception):
    """A statement that is not answered; `kind` is Athena's error class, NOT_SUPPORTED for what is not answered here."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind, self.sentence = kind, sentence


def refuse(kind: str, sentence: str) -> NoReturn:
    """Raise Refused."""
    raise Refused(kind, sentence)


def not_here(what: str) -> NoReturn:
    """Raise Refused for what Athena may answer, and this translation does not."""
    raise Refused(NOT_HERE, f"{what} is not answered on this machine")


def failed(kind: str, sentence: str) -> ValueError:
    """What a function in Python raises, so that its class comes through DuckDB."""
    return ValueError(f"~{kind}~{sentence}~")


def failure(kind: str, sentence: str, duckdb_type: str) -> str:
    """SQL that fails when it is evaluated; `sentence` is SQL of a text. DuckDB's TRY does not take `error()`."""
    return f"CAST(CAST(CAST('~{kind}~' || {sentence} || '~' AS TINYINT) AS VARCHAR) AS {duckdb_type})"


def refusal_of(said: str) -> Refused:
    """Athena's class for an error of DuckDB, whose words are `said`."""
    marked = _MARKED.search(said)
    if marked:
        return Refused(marked[1], marked[2])
    kind = next((kind for words, kind in _CLASSES if words in said), None)
    if kind is None and _NOT_THE_USERS.match(said):
        return Refused(NOT_HERE, "this machine cannot answer the query")
    sentence = " ".join(said.partition("\n\nLINE ")[0].split())
    return Refused(kind or "GENERIC_USER_ERROR", sentence)
