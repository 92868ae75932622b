"""No text becomes HTML, and numbers are written for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parsed_page import Parsed
from totelake.pages.html import element, joined, table, text


@given(st.text())
def test_no_text_becomes_html(given_text: str) -> None:
    source = joined((element("p", given_text, title=given_text), table("t", ("a",), [(given_text,)], "none")))
    found = Parsed(source)
    assert found.is_well_formed
    assert [tag for tag, _ in found.elements] == [
        tag
        for tag in ("p", "div", "table", "caption", "thead", "tr", "th", "tbody", "tr", "td", "span")
        if tag != "span" or not given_text
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(1234567, "1,234,567"), (0.0, "0"), (1234.5, "1,234.5"), (100.0, "100"), (True, "yes")]
)
def test_numbers_are_written_for_people(value: object, shown: str) -> None:
    assert text(value) == shown
