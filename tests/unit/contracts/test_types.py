"""The type table, cell by cell; what is not in it raises."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from totelake.contracts.types import (
    UnknownTypeError,
    arrow_type,
    decimal_of,
    hive_type,
    is_time,
    lake_type,
    spark_type,
    stored_type,
)


@pytest.mark.parametrize(
    ("postgres", "arrow", "hive", "spark"),
    [
        ("smallint", pa.int16(), "smallint", "smallint"),
        ("integer", pa.int32(), "int", "int"),
        ("bigint", pa.int64(), "bigint", "bigint"),
        ("boolean", pa.bool_(), "boolean", "boolean"),
        ("real", pa.float32(), "float", "float"),
        ("double precision", pa.float64(), "double", "double"),
        ("date", pa.date32(), "date", "date"),
        ("numeric", pa.decimal128(10, 2), "decimal(10,2)", "decimal(10,2)"),
        ("numeric(12)", pa.decimal128(12, 0), "decimal(12,0)", "decimal(12,0)"),
        ("numeric(38,10)", pa.decimal128(38, 10), "decimal(38,10)", "decimal(38,10)"),
        ("text", pa.string(), "string", "string"),
        ("character varying", pa.string(), "string", "string"),
        ("character varying(3)", pa.string(), "string", "string"),
        ("character(2)", pa.string(), "string", "string"),
        ('"PaymentTypeName"', pa.string(), "string", "string"),
        ("timestamp without time zone", pa.timestamp("us"), "timestamp", "timestamp"),
        ("timestamp(3) without time zone", pa.timestamp("us"), "timestamp", "timestamp"),
        ("time without time zone", pa.string(), "string", "string"),
        ("bytea", pa.binary(), "binary", "binary"),
    ],
)
def test_a_type_has_one_exact_type_everywhere(postgres: str, arrow: pa.DataType, hive: str, spark: str) -> None:
    assert (arrow_type(postgres), hive_type(postgres), spark_type(postgres)) == (arrow, hive, spark)


@pytest.mark.parametrize("postgres", ["money", "jsonb", "timestamp with time zone", "integer[]", "", "numeric(-1)"])
def test_what_an_engine_lacks_raises_and_never_becomes_a_string_by_itself(postgres: str) -> None:
    for convert in (arrow_type, hive_type, spark_type):
        with pytest.raises(UnknownTypeError, match="has no exact type in the lake; cast the column in the source"):
            convert(postgres)


@pytest.mark.parametrize(
    ("postgres", "says"),
    [
        ("int4", "is integer as format_type"), ("varchar(3)[]", "is character varying as format_type"),
        ("timestamptz(3)", "is timestamp with time zone as format_type"), ("decimal(10, 2)", "is numeric as"),
        ("record", "is a pseudo-type"), ("anyarray", "is a pseudo-type"), ("record[]", "is a pseudo-type"),
        ("", "is no name of a type"), ("text ", "is no name"), ("int or so", "is no name"), ('"a"b"', "is no name"),
        ("numeric(10, 2)", "is no name"), ("jsonb(x)", "is no name"), ("timestamp(9) with time zone", "is no name"),
        ("intger", "is no name"), ("numerc(10,2)", "is no name"), ("datetime", "is no name"), ("hstore", "is no name"),
        ("jsonb\n", "is no name of a type"), ("Kind", "is no name of a type; write it as format_type"),
    ],
)  # fmt: skip
def test_what_is_no_type_of_a_column_is_told_with_what_it_may_be(postgres: str, says: str) -> None:
    with pytest.raises(UnknownTypeError, match=re.escape(says)):
        lake_type(postgres)
    assert stored_type(postgres) == ""


def test_only_numbers_are_decimals_and_only_times_are_times() -> None:
    assert (decimal_of("integer"), decimal_of("numeric(5,1)")) == (None, (5, 1))
    assert (is_time("time(3) without time zone"), is_time("timestamp without time zone")) == (True, False)
