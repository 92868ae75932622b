"""Data as text for people: what could act on a terminal, or in a mail, is shown in its place."""

from __future__ import annotations

import unicodedata

# control characters, formats such as bidi overrides, surrogates, separators of lines and paragraphs
_ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")
# these only join letters: words of Persian and Indic scripts, and emoji, need them
_JOINERS = "\u200c\u200d"


def plain(text: str, encoding: str = "utf-8") -> str:
    r"""The text with all that would act on a terminal, or that `encoding` lacks, as an escape such as `\x1b`."""
    safe = "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _ACTING and char not in _JOINERS
        else char
        for char in text
    )
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def plain_lines(text: str) -> str:
    """As `plain`, for a text whose line ends are its own; tabs become spaces."""
    return "\n".join(plain(line.expandtabs()) for line in text.split("\n"))
