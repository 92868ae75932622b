"""A statement's words, with their places, in the grammar of queries and in that of Hive's DDL alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from localathena.sql.refusals import refuse

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)"""
    r"""|(?P<word>[^\W\d]\w*|\d\w*(?:\.\d+)?)|(?P<sign>.)""",
    re.DOTALL,
)
_DIGITS = 9
_PLAIN = re.compile(r"\w+")


@dataclass(frozen=True)
class Token:
    """A word, a name in quotes, a text or a sign, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


def tokens(sql: str) -> list[Token]:
    """The tokens of a statement, without spaces and comments."""
    return [
        Token(str(found.lastgroup), found[0], found.start(), found.end())
        for found in _TOKEN.finditer(sql)
        if found.lastgroup != "space"
    ]


def without_comments(sql: str) -> str:
    """What is written, with one space in the place of each comment or run of spaces."""
    parts: list[str] = []
    end = 0
    for token in tokens(sql):
        parts += [" " if token.start > end and parts else "", token.text]
        end = token.end
    return "".join(parts)


def unquoted(text: str) -> str:
    """A name or a text without its quotes."""
    return text[1:-1].replace(text[0] * 2, text[0]) if text[:1] in ("'", '"', "`") else text


class Reader:
    """Reads a statement word by word. Raises Refused for what the grammar does not have."""

    def __init__(self, sql: str) -> None:
        found = tokens(sql)
        while found and found[-1].text == ";":
            found.pop()
        self.sql, self._tokens, self._at = sql, found, 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        """A token that comes."""
        number = self._at + ahead
        return self._tokens[number] if number < len(self._tokens) else None

    def sees(self, *words: str) -> bool:
        """Whether these words come next."""
        coming = self._tokens[self._at : self._at + len(words)]
        return len(coming) == len(words) and all(
            token.kind in ("word", "sign") and token.text.upper() == word for token, word in zip(coming, words)
        )

    def accept(self, *words: str) -> bool:
        """Pass over these words, if they come next; whether they do."""
        seen = self.sees(*words)
        self._at += len(words) if seen else 0
        return seen

    def expect(self, *words: str) -> None:
        """Pass over these words."""
        if not self.accept(*words):
            self.fail(" ".join(words))

    def token(self) -> Token:
        """The next token, passed over."""
        found = self.peek()
        if found is None:
            self.fail("more")
        self._at += 1
        return found

    def fail(self, wanted: str) -> NoReturn:
        """Refuse what comes next."""
        found = self.peek()
        start = found.start if found is not None else len(self.sql)
        line, column = self.sql.count("\n", 0, start) + 1, start - self.sql.rfind("\n", 0, start)
        shown = found.text if found is not None else "<EOF>"
        refuse("SYNTAX_ERROR", f"line {line}:{column}: mismatched input '{shown}'. Expecting: {wanted}")

    def name(self) -> str:
        """A name, in small letters."""
        found = self.token()
        if found.kind not in ("word", "name"):
            self._at -= 1
            self.fail("<identifier>")
        return unquoted(found.text).lower()

    def qualified(self, database: str) -> tuple[str, str]:
        """Database and name of a table; the catalogue may stand before them."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if len(parts) > 3 or (len(parts) == 3 and parts[0] != "awsdatacatalog"):
            refuse("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' does not exist; there is awsdatacatalog")
        return (parts[-2] if len(parts) > 1 else database), parts[-1]

    def text(self) -> str:
        """A text's content."""
        found = self.token()
        if found.kind != "text" and not (found.kind == "name" and found.text.startswith('"')):
            self._at -= 1
            self.fail("<string>")
        return unquoted(found.text)

    def number(self) -> int:
        """A whole number."""
        found = self.token()
        if not (found.text.isascii() and found.text.isdigit() and len(found.text) <= _DIGITS):
            self._at -= 1
            self.fail("<integer>")
        return int(found.text)

    def properties(self) -> dict[str, str]:
        """('a' = 'b', ...) as Hive writes it."""
        found = {}
        self.expect("(")
        while not self.accept(")"):
            key = self.text()
            self.expect("=")
            found[key] = self.text()
            self.accept(",")
        return found

    def bracketed(self) -> str:
        """What stands in brackets, as it is written; the brackets are passed over."""
        self.expect("(")
        first, depth = self.peek(), 1
        while depth:
            token = self.token()
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        last = self._tokens[self._at - 1]
        return self.sql[first.start : last.start].strip() if first is not None else ""

    def rest(self) -> str:
        """What is left, as it is written."""
        if self.is_done:
            return ""
        found = self.sql[self._tokens[self._at].start : self._tokens[-1].end]
        self._at = len(self._tokens)
        return found

    def end(self) -> None:
        """Refuse what is left."""
        if not self.is_done:
            self.fail("<EOF>")


def arguments(text: str) -> list[str]:
    """What stands between commas that are in no bracket."""
    found, depth, start = [], 0, 0
    for token in tokens(text):
        if token.kind == "sign":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
            if token.text == "," and not depth:
                found.append(text[start : token.start].strip())
                start = token.end
    last = text[start:].strip()
    return [*found, last] if last or found else []


def is_plain(text: str) -> bool:
    """Whether it is one word of letters, digits and underscores."""
    return bool(_PLAIN.fullmatch(text))
