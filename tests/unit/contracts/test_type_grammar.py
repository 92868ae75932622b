"""Every name that PostgreSQL may give a type: a column of it is of one and the same exact type for all engines."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.contracts.types import (
    UnknownTypeError,
    arrow_type,
    decimal_of,
    hive_type,
    lake_type,
    spark_type,
    stored_type,
)

HIVE_OF_ARROW = {
    "int16": "smallint", "int32": "int", "int64": "bigint", "bool": "boolean", "float": "float", "double": "double",
    "date32[day]": "date", "binary": "binary", "string": "string", "timestamp[us]": "timestamp",
}  # fmt: skip
PLAIN = (
    "smallint", "integer", "bigint", "boolean", "real", "double precision", "date", "text", "bytea", "money", "xml",
    "json", "jsonb", "uuid", "inet", "cidr", "macaddr", "point", "box", "tsvector", "oid", "regclass", "pg_lsn", "name",
    "numeric", "bpchar", "character", "character varying", "interval", "interval day to second(3)", "record",
    "int4range", "int4multirange", "hstore", "-", "???",
)  # fmt: skip
# what format_type() writes for what no column has
NO_COLUMNS = ("record", "record[]", "-", "???", "-[]", "???[]", "character", "character[]")
PLAIN_NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)
QUOTED_NAMES = st.text(min_size=1, max_size=12).map(lambda name: '"' + name.replace('"', '""') + '"')
NAMES = st.one_of(PLAIN_NAMES, QUOTED_NAMES)


def named(template: str, *numbers: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    return st.tuples(*numbers).map(lambda found: template.format(*found))


def clock(name: str) -> st.SearchStrategy[str]:
    digits = st.sampled_from(["", *(f"({digits})" for digits in range(7))])
    return st.tuples(digits, st.sampled_from(("with", "without"))).map(lambda at: f"{name}{at[0]} {at[1]} time zone")


BASE = st.one_of(
    st.sampled_from(PLAIN),
    named("numeric({},{})", st.integers(1, 1000), st.integers(-1000, 1000)),
    named("numeric({},{})", st.integers(1, 42), st.integers(-3, 45)),
    named("numeric({})", st.integers(1, 1000)),
    named("character({})", st.integers(1, 10_485_760)),
    named("character varying({})", st.integers(1, 10_485_760)),
    named("bit({})", st.integers(1, 99)),
    named("bit varying({})", st.integers(1, 99)),
    clock("time"),
    clock("timestamp"),
    NAMES,
    st.tuples(NAMES, NAMES).map(".".join),
)
TYPES = st.one_of(BASE, BASE.map(lambda name: f"{name}[]"))


@given(TYPES)
def test_all_engines_have_one_exact_type_for_a_name_or_none_has(name: str) -> None:
    try:
        found = arrow_type(name)
    except UnknownTypeError:
        for other in (hive_type, spark_type):
            with pytest.raises(UnknownTypeError):
                other(name)
        return
    expected = HIVE_OF_ARROW.get(str(found))
    if pa.types.is_decimal128(found):
        assert 0 <= found.scale <= found.precision <= 38
        expected = f"decimal({found.precision},{found.scale})"
    assert (hive_type(name), spark_type(name)) == (expected, expected)


@given(TYPES)
def test_a_column_of_it_is_of_a_type_that_all_engines_have(name: str) -> None:
    try:
        kept = lake_type(name)
    except UnknownTypeError as error:
        assert name in NO_COLUMNS or "format_type()" in str(error)
        return
    assert hive_type(kept) and lake_type(kept) == kept
    assert stored_type(name) == ("" if kept == name else kept)


@given(st.text(max_size=30))
def test_no_text_at_all_raises_anything_else(name: str) -> None:
    for convert in (arrow_type, hive_type, spark_type, lake_type):
        try:
            convert(name)
        except UnknownTypeError as error:
            assert name in str(error)


@pytest.mark.parametrize(
    "name",
    [
        "numeric(39,2)", "numeric(40,2)", "numeric(1000,0)", "numeric(5,-2)", "numeric(2,5)", "numeric(38,39)",
        "numeric(0)", "numeric(10,2)\n", "numeric(\u0663)", "text\n", "numeric(10,2)[]", "character", "bpchar",
        "timestamp with time zone", "timestamp(9) without time zone", "time with time zone", "interval", "bit(3)",
        "money", "xml", 'public."Odd"', "public.mood", '"a"b"', '""', "text[]", '"Kind"[]',
    ],
)  # fmt: skip
def test_what_no_engine_holds_exactly_is_unknown_to_them(name: str) -> None:
    for convert in (arrow_type, hive_type, spark_type):
        with pytest.raises(UnknownTypeError):
            convert(name)
    assert decimal_of(name) is None
