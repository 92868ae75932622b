"""Data as text: nothing of it acts on a terminal, in any encoding."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.runtime.plain_text import plain, plain_lines

ANY_TEXT = st.text(st.characters(codec=None))


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


@given(ANY_TEXT)
def test_lines_stay_lines_and_nothing_else_acts(text: str) -> None:
    lines = plain_lines(text).split("\n")
    assert lines == [plain(line.expandtabs()) for line in text.split("\n")]
    assert all(plain(line) == line for line in lines)
