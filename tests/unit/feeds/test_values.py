"""What each type takes of JSON and of CSV: exactly what it holds, and nothing that would have to be changed for it."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.contracts.model import Column
from totelake.contracts.types import arrow_type
from totelake.feeds.tables import number_of
from totelake.feeds.values import MisfitError, as_text, fitted

D = Decimal
FITS = [
    ("smallint", D(-32768), -32768),
    ("integer", "2147483647", 2147483647),
    ("bigint", D("1e3"), 1000),
    ("bigint", D("7.0"), 7),
    ("numeric(14,2)", D("1.50"), D("1.50")),
    ("numeric(14,2)", "-0.5", D("-0.50")),
    ("numeric(38,0)", D("9" * 38), D("9" * 38)),
    ("numeric(5,2)", D("1.5000"), D("1.50")),
    ("numeric(5,2)", D("0E-400000"), D("0.00")),
    ("real", D("0.5"), 0.5),
    ("double precision", D("1e300"), 1e300),
    ("real", D("0E-400"), 0.0),
    ("real", D(2) ** -149, 2.0**-149),
    ("double precision", "-5e-324", -5e-324),
    ("boolean", True, True),
    ("boolean", "FALSE", False),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("timestamp(3) without time zone", "2026-01-01T10:00:00.500", datetime(2026, 1, 1, 10, 0, 0, 500_000)),
    ("timestamp(0) without time zone", "2026-01-01 00:30:00+02:00", datetime(2025, 12, 31, 22, 30)),
    ("timestamp(6) without time zone", "2026-01-01T00:00:00Z", datetime(2026, 1, 1)),
    ("time without time zone", "23:59:59.5", "23:59:59.5"),
    ("time without time zone", "23:59:59.500000", "23:59:59.5"),
    ("time(0) without time zone", "12:00:00.000", "12:00:00"),
    ("time(2) without time zone", "12:00:00.75", "12:00:00.75"),
    ("text", "", ""),
    ("character varying(2)", "ab", "ab"),
]
MISFITS = [
    ("smallint", D(32768), "beyond smallint"),
    ("integer", "1.5", "no whole number"),
    ("integer", D("1.5"), "no whole"),
    ("bigint", D("1e999999"), "beyond bigint"),
    ("bigint", True, "no number"),
    ("bigint", "1_000", "no whole number"),
    ("bigint", D("NaN"), "no finite number"),
    ("numeric(5,2)", D("1.005"), "finer"),
    ("numeric(5,2)", D(1000), "beyond"),
    ("numeric(5,2)", D("1e-999999"), "finer"),
    ("numeric(5,2)", "1,5", "no number"),
    ("numeric(5,2)", "１", "no number"),
    ("numeric(5,2)", D("Infinity"), "no finite number"),
    ("real", D("1e39"), "beyond real"),
    ("real", D("1e-50"), "is too near to 0 for real"),
    ("real", D(2) ** -150, "is too near to 0 for real"),
    ("real", "-1e-46", "is too near to 0 for real"),
    ("double precision", D("1e-400"), "is too near to 0 for double precision"),
    ("date", "2026-02-30", "no date"),
    ("double precision", D("1e400"), "beyond double"),
    ("boolean", D(1), "neither true"),
    ("date", "2026-2-3", "no date"),
    ("timestamp(3) without time zone", "2026-01-01T00:00:00.0001", "finer than"),
    ("date", D(20260101), "no date"),
    ("timestamp(3) without time zone", "2026-01-01T25:00:00", "no time that a calendar has"),
    ("timestamp(3) without time zone", "0001-01-01T00:00:00+14:00", "no time that a calendar has"),
    ("timestamp(3) without time zone", "2026-01-01T00:00:00+05:99", "no time of the form"),
    ("timestamp(3) without time zone", "2026-01-01T00:00:00-0060", "no time of the form"),
    ("timestamp(3) without time zone", "2026-01-01T00:00:00+99:00", "no time that a calendar has"),
    ("time without time zone", "24:00:00", "no time of day"),
    ("time(0) without time zone", "12:00:00.75", "finer than time"),
    ("time(2) without time zone", "12:00:00.755", "finer than time"),
    ("text", D(1), "no text"),
    ("text", {"a": 1}, "no text"),
    ("text", "a\x00", "code 0"),
    ("text", "\udcff", "no text in UTF-8"),
    ("character varying(2)", "abc", "longer than"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), FITS)
def test_what_fits_comes_exactly(kind: str, value: Any, expected: Any) -> None:
    found = fitted(Column("c", kind), value)
    assert found == expected and type(found) is type(expected)
    assert pa.array([found], arrow_type(kind)).to_pylist() == [expected]


@pytest.mark.parametrize(("kind", "value", "why"), MISFITS)
def test_what_does_not_fit_is_told(kind: str, value: Any, why: str) -> None:
    with pytest.raises(MisfitError, match=why):
        fitted(Column("c", kind), value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([D("1.10"), None, True], "[1.10, null, true]"),
        ({"net": D("1e2"), 'a"b': ["é"]}, '{"net": 100, "a\\"b": ["é"]}'),
        ([], "[]"),
    ],
)
def test_what_is_no_single_value_is_shown_as_json(value: Any, text: str) -> None:
    assert as_text(value) == text
    with pytest.raises(MisfitError, match=re.escape(f"{text} is no number")):
        fitted(Column("c", "bigint"), value)


def test_a_value_of_any_depth_has_a_text() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert as_text(deep) == "a value that is nested too deeply to be shown"


def test_null_is_for_columns_that_may_be_without_a_value() -> None:
    assert fitted(Column("c", "integer"), None) is None
    with pytest.raises(MisfitError, match="requires it"):
        fitted(Column("c", "integer", required=True), None)
    with pytest.raises(MisfitError, match="none of a, b"):
        fitted(Column("c", '"letter"', enum=("a", "b")), "c")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2))
def test_a_number_is_the_same_as_a_number_and_as_a_text(value: Decimal) -> None:
    column = Column("c", "numeric(16,2)")
    assert fitted(column, value) == fitted(column, f"{value:f}") == value


def test_a_number_of_values_is_the_same_for_ever() -> None:
    assert number_of([date(2026, 1, 1), "Sales", "GBP"]) == NUMBER
    assert number_of([D("1.50"), None]) == number_of([D("1.5"), ""]) != number_of([D("1.5"), "x"])
    assert number_of(["a,b", "c"]) != number_of(["a", "b,c"])


NUMBER = 8333173595211646604
