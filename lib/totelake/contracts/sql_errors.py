"""What is wrong with a SQL text, in terms of the text: sqlglot's own words hold codes for a terminal."""

from __future__ import annotations

import re
from typing import Any

_CODES = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = 60


def problem(error: Any) -> str:
    """What a SqlglotError says of a text: the place that was not understood, or what is not there."""
    if type(error).__name__ == "TokenError":
        return "a quote or a comment in it does not end"
    found = next(iter(getattr(error, "errors", ())), None)
    if found is None or not found.get("line"):
        return short(_CODES.sub("", str(error)), 200)
    near = short(f"{found['highlight'] or ''}{found['end_context'] or ''}") or "its end"
    return f"it is not understood in line {found['line']}, column {found['col']}, at {near}"


def short(text: str, longest: int = _LONGEST) -> str:
    """The text in one line, cut where it is longer than so many characters."""
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[:longest]}..."
