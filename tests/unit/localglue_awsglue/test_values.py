"""Values of records as Spark gets them: the same, or an error; Spark itself would round them, or make them null."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import pytest
from awsglue import gluetypes as glue
from awsglue.values import to_row, type_of
from hypothesis import given
from hypothesis import strategies as st

INTEGERS = {glue.ByteType: 7, glue.ShortType: 15, glue.IntegerType: 31, glue.LongType: 63}
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.sampled_from([sign * 2**bits + step for bits in (7, 15, 31, 53, 63) for step in (-1, 0, 1) for sign in (-1, 1)]),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.sampled_from([Decimal("1E+5"), Decimal("1E-30"), Decimal("NaN"), Decimal("0E+9")]),
)
KINDS = st.one_of(
    st.sampled_from([kind() for kind in (*INTEGERS, glue.DoubleType)]),
    st.builds(
        lambda digits, scale: glue.DecimalType(digits, min(digits, scale)), st.integers(1, 38), st.integers(0, 9)
    ),
)


def exact(number: Any) -> Decimal:
    """The number with the digits that it is written with."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


@given(NUMBERS, KINDS)
def test_a_number_of_any_type_stays_the_same_or_is_an_error(value: Any, kind: Any) -> None:
    try:
        made = to_row(value, kind)
    except (TypeError, ValueError) as problem:
        assert "does not fit the type" in str(problem)
        return
    assert exact(made) == exact(value) or math.isnan(made) == math.isnan(value) is True
    if type(kind) in INTEGERS:
        assert isinstance(made, int) and -(2 ** INTEGERS[type(kind)]) <= made < 2 ** INTEGERS[type(kind)]
    if isinstance(kind, glue.DecimalType):
        _, digits, exponent = made.as_tuple()
        assert -exponent <= kind.scale
        assert not any(digits) or len(digits) + exponent <= kind.precision - kind.scale


@given(NUMBERS)
def test_a_number_fits_the_type_that_is_its_own_and_one_that_it_had_before(value: Any) -> None:
    try:
        kind = type_of(value)
    except TypeError as problem:
        assert "a record cannot hold" in str(problem)
        return
    row = to_row(value, kind)
    assert row == value or math.isnan(row)
    for before in (glue.ByteType(), glue.FloatType(), glue.DecimalType(5, 2), glue.ChoiceType([glue.FloatType()])):
        again = to_row(value, type_of(value, before))
        assert again == value or math.isnan(again)


@pytest.mark.parametrize(
    ("value", "words"),
    [(Decimal("1E+5"), "decimal(6,0)"), (Decimal("0.05"), "decimal(3,2)"), (Decimal("12.5"), "decimal(3,1)"),
     (-(2**31), "int"), (2**63, "decimal(38,0)")],
)  # fmt: skip
def test_a_number_has_a_type_with_all_its_digits(value: Any, words: str) -> None:
    from awsglue.schemas import hive

    assert hive(type_of(value)) == words


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("7", glue.IntegerType()),
        (True, glue.IntegerType()),
        (1, glue.BooleanType()),
        ("x", glue.NullType()),
        ([1], glue.StringType()),
        (b"x", glue.StringType()),
        ("2024-01-01", glue.DateType()),
        (datetime.datetime(2024, 1, 1, 8), glue.DateType()),
        (1, glue.StructType()),
        ({"a": 1}, glue.ArrayType(glue.IntegerType())),
        ({"a": "x"}, glue.MapType(glue.IntegerType())),
        ("x", glue.ChoiceType([glue.IntegerType(), glue.DoubleType()])),
        (1e300, glue.FloatType()),
    ],
)
def test_a_value_that_spark_would_make_null_is_an_error(value: Any, kind: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="does not fit the type"):
        to_row(value, kind)


def test_values_become_what_their_type_holds() -> None:
    kind = glue.StructType(
        [
            glue.Field("n", glue.DoubleType()),
            glue.Field("d", glue.DecimalType(5, 2)),
            glue.Field("t", glue.StringType()),
            glue.Field("m", glue.MapType(glue.LongType())),
            glue.Field("absent", glue.DateType()),
        ]
    )
    record = {"n": 1, "d": 0.1, "t": 7, "m": {"a": 2.0}}
    assert to_row(record, kind) == (1.0, Decimal("0.1"), "7", {"a": 2}, None)
    assert type(to_row(record, kind)[0]) is float


def test_a_map_whose_values_do_not_fit_any_more_is_no_map_of_the_type_before() -> None:
    before = glue.MapType(glue.IntegerType())
    assert type_of({"a": 1}, before) == before
    assert type_of({"a": "x"}, before).typeName() == "struct"
