"""What a database says reaches a contract's file and comes back as it was."""

from __future__ import annotations

import pytest

from totelake.contracts.documents import parse_yaml
from totelake.sources.writing import as_yaml

TEXTS = (
    "", " ", "yes", "null", "~", "1_000", "0x1f", "2024-01-01", "=", "<<", "- a", "a: b", "# no", "'", '"', "\\",
    "{prefix}/x", "a\nb\n", "a\r\nb", "\ttab", "\x85", "\u2028", "\ufeff", "\x1b[2J", "\x7f", "\u202e", "🜚 é 漢",
    "x" * 500, "word " * 60, "%TAG", "@", "`", "---", "...", "!tag", "&a *a", "|", ">", "0o7", "1e3", ".inf", "12:30",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("escaped", [False, True])
def test_any_text_of_a_database_is_read_back(text: str, escaped: bool) -> None:
    document = {"description": text, "enum": [text, text], "name": "item"}
    assert parse_yaml(as_yaml(document, escaped), "item.yaml") == document
