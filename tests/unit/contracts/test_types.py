"""The type table, cell by cell; what is not in it raises."""

from __future__ import annotations

import pyarrow as pa
import pytest

from totelake.contracts.types import UnknownTypeError, arrow_type, decimal_of, hive_type, is_time, spark_type


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
    ],
)
def test_a_type_has_one_exact_type_everywhere(postgres: str, arrow: pa.DataType, hive: str, spark: str) -> None:
    assert (arrow_type(postgres), hive_type(postgres), spark_type(postgres)) == (arrow, hive, spark)


@pytest.mark.parametrize("postgres", ["money", "jsonb", "timestamp with time zone", "integer[]", "", "numeric(-1)"])
def test_an_unknown_type_raises_and_never_becomes_a_string(postgres: str) -> None:
    for convert in (arrow_type, hive_type, spark_type):
        with pytest.raises(UnknownTypeError, match="has no exact type in the lake; add it to totelake.contracts.types"):
            convert(postgres)


def test_only_numbers_are_decimals_and_only_times_are_times() -> None:
    assert (decimal_of("integer"), decimal_of("numeric(5,1)")) == (None, (5, 1))
    assert (is_time("time(3) without time zone"), is_time("timestamp without time zone")) == (True, False)
