"""Which numbers of JSON are rates, and that no digit of them is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.feeds.rates.json_text import parsed
from totelake.feeds.rates.model import DIGITS, PLACES, exact, is_code


@given(st.integers(1, 10**DIGITS - 1), st.integers(0, 25))
def test_every_number_of_the_type_is_kept_exactly(digits: int, zeros: int) -> None:
    number = Decimal(f"{digits}e-{PLACES}")
    text = f"{digits}{'0' * zeros}e-{PLACES + zeros}"
    for written in (text, format(number, "f"), str(number)):
        assert exact(parsed(f"[{written}]".encode())[0]) == number


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0", "is 0, which is not above 0"),
        ("-0.5", "is -0.5, which is not above 0"),
        ("0e-99", "not above 0"),
        ("1e15", "more than 15 digits before the point"),
        ("1e999999", "more than 15 digits before the point"),
        ("1e-16", "more than 15 digits behind the point"),
        ("1e-999999", "more than 15 digits behind the point"),
        ("0.1234567890123456", "more than 15 digits behind the point"),
        ("123456789012345678901234567890", "more than 15 digits before the point"),
        ("1" * 1000, "more than 15 digits before the point"),
        ('"1.2"', "is text and no number"),
        ("true", "is a truth value and no number"),
        ("null", "is null and no number"),
        ("[1.2]", "is a list and no number"),
        ('{"a": 1}', "is an object and no number"),
    ],
)
def test_what_is_no_rate_is_refused(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        exact(parsed(f"[{written}]".encode())[0])
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "body",
    [b"[1e9999999999999999999]", b"[" * 200_000, b"", b"[1]]", b"[NaN]", b"[-Infinity]", b"[%s]" % (b"1" * 900_000)],
)
def test_what_is_no_json_is_one_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        exact(parsed(body)[0])


def test_codes_are_three_capitals() -> None:
    assert [text for text in ("EUR", "eur", "EU", "EURO", "EÜR", "EUR\n", None, 1) if is_code(text)] == ["EUR"]
