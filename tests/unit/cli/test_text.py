"""Data as text: nothing of it acts, and no two values look alike."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.cli.text import for_json, literal, plain

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


@given(ANY_TEXT, st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]))
def test_no_character_acts_and_every_one_can_be_written(text: str, encoding: str) -> None:
    shown = plain(text, encoding)
    assert not [
        c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\u200c\u200d"
    ]
    assert shown.encode(encoding).decode(encoding) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("[/x] :smile: [bold]", "[/x] :smile: [bold]"),
        ("Zoë £ 東京 क्‍ष", "Zoë £ 東京 क्‍ष"),
    ],
)
def test_what_acts_is_escaped_and_the_rest_stays(text: str, shown: str) -> None:
    assert plain(text) == shown


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
