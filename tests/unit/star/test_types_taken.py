"""Which types take every value of another."""

from __future__ import annotations

from totelake.star.exact import takes_all


def test_an_enum_takes_what_a_text_takes() -> None:
    assert takes_all('"text"', "text") and not takes_all("text", "character varying(3)")
