"""Texts and names as DuckDB's SQL has them, whatever letters they have."""

from __future__ import annotations


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'
