"""A column of one PostgreSQL type as another: every value stays exactly what it is, or the row has a reason against it.

A schema may be wider than its contract, or, when held events are released, another one. Nothing is rounded, cut or cast
to what it is not.
"""

from __future__ import annotations

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from totelake.contracts.identifiers import spark_quoted
from totelake.contracts.types import (
    BINARY,
    decimal_of,
    is_text,
    is_timestamp,
    spark_type,
    text_limit,
    timestamp_digits,
    unquoted,
)
from totelake.schemas.widening import SAME, WIDENED, relation

# a text that is a number, with what may stand behind its digits
_WRITTEN = r"^\s*[+-]?[0-9]+{}\s*\z"
_INTEGERS = ("smallint", "integer", "bigint")
_DIGITS = 6


def cast_or_null(name: str, kind: str) -> SparkColumn:
    """The column of that name as a type of Spark's; NULL where its value is none of it."""
    return F.expr(f"try_cast({spark_quoted(name)} AS {kind})")


def as_text(name: str, found: str) -> SparkColumn:
    """The column of that name and type as text; bytes are in hex, as PostgreSQL writes them."""
    value = F.col(spark_quoted(name))
    return F.concat(F.lit("\\x"), F.lower(F.hex(value))) if found == BINARY else value.cast("string")


def read_text(text: str, kind: str) -> SparkColumn:
    """PostgreSQL's text of a value, an expression of Spark's SQL, as a type of Spark's; NULL where it is none of it."""
    if kind != spark_type(BINARY):
        return F.expr(f"try_cast({text} AS {kind})")
    # Java's $ also matches before a line break at the end, its z does not
    return F.when(F.expr(text).rlike(r"^\\x([0-9a-f]{2})*\z"), F.unhex(F.expr(f"substring({text}, 3)")))


def takes_all(found: str, wanted: str) -> bool:
    """Whether every value of the found type is one of the wanted type."""
    return relation(unquoted(found), unquoted(wanted)) in (SAME, WIDENED)


def converted(name: str, found: str, wanted: str) -> SparkColumn:
    """The column as the wanted type; NULL where the value is none of it."""
    kind = spark_type(wanted)
    if takes_all(found, wanted):
        return F.col(spark_quoted(name)).cast(kind)
    if is_text(wanted):
        return F.when(_fits(name, found, wanted), as_text(name, found))
    if BINARY in (found, wanted):
        return F.lit(None).cast(kind)
    return F.when(_fits(name, found, wanted), cast_or_null(name, kind))


def is_lost(name: str, found: str, wanted: str) -> SparkColumn | None:
    """Whether a value does not become one of the wanted type; None when every value does."""
    if takes_all(found, wanted):
        return None
    return F.col(spark_quoted(name)).isNotNull() & ~F.coalesce(_fits(name, found, wanted), F.lit(False))


def _fits(name: str, found: str, wanted: str) -> SparkColumn:
    """The condition that a value, brought to the wanted type, says what it said before."""
    if is_text(wanted):
        limit = text_limit(wanted)
        return F.length(as_text(name, found)) <= limit if limit else F.lit(True)
    if BINARY in (found, wanted):
        return F.lit(False)
    value, there = F.col(spark_quoted(name)), cast_or_null(name, spark_type(wanted))
    if is_timestamp(found) and is_timestamp(wanted):
        step = 10 ** (_DIGITS - timestamp_digits(wanted))
        is_whole: SparkColumn = F.unix_micros(value) % step == 0
        return is_whole
    if is_text(found) and wanted in _INTEGERS:
        return value.rlike(_WRITTEN.format("")) & there.isNotNull()
    if is_text(found) and (decimal := decimal_of(wanted)):
        # with more digits that count Spark would round
        return value.rlike(_WRITTEN.format(rf"(\.[0-9]{{0,{decimal[1]}}}0*)?")) & there.isNotNull()
    return F.expr(f"try_cast(try_cast({spark_quoted(name)} AS {spark_type(wanted)}) AS {spark_type(found)})") == value
