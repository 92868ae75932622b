"""Values as text and as JSON: no two look alike, none is inexact."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.query.text import for_json, literal

ANY_TEXT = st.text(st.characters(codec=None))
DOUBTFUL = st.one_of(st.none(), ANY_TEXT, st.sampled_from(["", "-", "NULL", "null", "''", "'NULL'", " ", "'", " NULL"]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False),
    st.datetimes(),
    st.timedeltas(),
    st.binary(),
    st.uuids(),
    ANY_TEXT,
)
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(SCALARS.filter(bool), inner), max_leaves=8)


@given(DOUBTFUL, DOUBTFUL)
def test_two_values_that_differ_are_shown_differently(one: str | None, other: str | None) -> None:
    assert (literal(one) == literal(other)) is (one == other)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "NULL"),
        ("", "''"),
        ("NULL", "'NULL'"),
        ("-", "-"),
        ("it's", "it's"),
        (" ", "' '"),
        (True, "true"),
        (memoryview(b"\x00\xff"), r"\x00ff"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        (1234567, "1234567"),
    ],
)
def test_values_are_shown_as_the_database_has_them(value: Any, shown: str) -> None:
    assert literal(value) == shown


@given(DATA)
def test_every_value_is_valid_json(value: Any) -> None:
    text = json.dumps(for_json(value), allow_nan=False)
    assert json.loads(text) == for_json(value)


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (Decimal("NaN"), "NaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (Decimal("12345678901234567890.12345678901234567890"), "12345678901234567890.12345678901234567890"),
        (Decimal("1E+3"), "1000"),
        (2**100, 2**100),
        (datetime(2024, 1, 2, 3, 4, 5, 678901), "2024-01-02 03:04:05.678901"),
        ({Decimal("1.50"): [float("nan")]}, {"1.50": ["NaN"]}),
    ],
)
def test_numbers_and_moments_are_exact(value: Any, document: Any) -> None:
    assert for_json(value) == document
