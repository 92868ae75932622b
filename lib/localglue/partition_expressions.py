"""The Expression of GetPartitions: names of columns in any case, and NOT, which the endpoint does not understand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from localglue.errors import InvalidInput, with_hint

Values = tuple[str, ...]
Select = Callable[[str], frozenset[Values]]
"""Gives the values of the partitions that fit an expression without NOT."""
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|[<>!=]=|<>|[()=<>,]|[^\s()=<>,!'\"`]+)")


def tokens_of(expression: str, keys: Iterable[str]) -> list[str]:
    """The tokens, with partition keys spelled as the table has them. Raises InvalidInput for an open quote."""
    spelled = {key.lower(): key for key in keys}
    found, position, text = [], 0, expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            words = f"Unsupported expression '{expression}'"
            raise InvalidInput(with_hint(words, f"it cannot be read from character {position + 1} on"))
        token = match.group(1)
        found.append(spelled.get(token.lower(), token))
        position = match.end()
    return found


def has_not(tokens: Sequence[str]) -> bool:
    """Whether the expression has a NOT."""
    return any(token.upper() == "NOT" for token in tokens)


def selected(tokens: Sequence[str], every: frozenset[Values], select: Select) -> frozenset[Values]:
    """The values of the partitions that fit an expression with NOT. Raises InvalidInput where it is no expression."""
    reader = _Reader(list(tokens), every, select)
    found = reader.alternatives()
    if reader.peek():
        raise InvalidInput(f"the Expression {' '.join(tokens)} goes on after its end with '{reader.peek()}'")
    return found


class _Reader:
    """Reads a boolean expression from left to right; what has no NOT within is asked of the endpoint."""

    def __init__(self, tokens: list[str], every: frozenset[Values], select: Select) -> None:
        self._tokens, self._every, self._select = tokens, every, select
        self._at = 0

    def peek(self) -> str:
        """The next token in upper case; empty at the end."""
        return self._tokens[self._at].upper() if self._at < len(self._tokens) else ""

    def alternatives(self) -> frozenset[Values]:
        """Terms with OR between them."""
        found = self._terms()
        while self.peek() == "OR":
            self._at += 1
            found |= self._terms()
        return found

    def _terms(self) -> frozenset[Values]:
        found = self._term()
        while self.peek() == "AND":
            self._at += 1
            found &= self._term()
        return found

    def _term(self) -> frozenset[Values]:
        if self.peek() == "NOT":
            self._at += 1
            return self._every - self._term()
        if self.peek() == "(":
            self._at += 1
            found = self.alternatives()
            if self.peek() != ")":
                raise InvalidInput(f"the Expression {' '.join(self._tokens)} lacks a closing bracket")
            self._at += 1
            return found
        return self._comparison()

    def _comparison(self) -> frozenset[Values]:
        """One comparison, such as `day NOT BETWEEN 1 AND 3`; the endpoint gets it without its NOT."""
        words: list[str] = []
        depth, in_between, negated = 0, False, False
        while word := self.peek():
            if depth == 0 and (word in ("OR", ")") or (word == "AND" and not in_between)):
                break
            depth += {"(": 1, ")": -1}.get(word, 0)
            in_between = word == "BETWEEN" or (in_between and word != "AND")
            if word == "NOT":
                negated = not negated
            else:
                words.append(self._tokens[self._at])
            self._at += 1
        if not words:
            raise InvalidInput(f"the Expression {' '.join(self._tokens)} lacks a comparison")
        found = self._select(" ".join(words))
        return self._every - found if negated else found
