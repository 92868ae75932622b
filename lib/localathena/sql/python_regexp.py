"""Regular expressions as Athena's engine has them, in Python."""

from __future__ import annotations

import re
from functools import lru_cache

from localathena.sql.refusals import failed

_INVALID = "INVALID_FUNCTION_ARGUMENT"


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    # Java's names of groups, and its possessive and POSIX classes as far as Python has them
    spelled = re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", text)
    for name, letters in (
        ("Alpha", "a-zA-Z"),
        ("Digit", "0-9"),
        ("Alnum", "a-zA-Z0-9"),
        ("Upper", "A-Z"),
        ("Lower", "a-z"),
    ):
        spelled = spelled.replace(f"\\p{{{name}}}", f"[{letters}]")
    try:
        return re.compile(spelled.replace("\\z", "\\Z"), re.ASCII)
    except re.error as error:
        raise failed(_INVALID, f"the pattern {text} cannot be read: {error}") from None


def regexp_like(text: str, pattern: str) -> bool:
    """Whether a pattern is found."""
    return _pattern(pattern).search(text) is not None


def regexp_count(text: str, pattern: str) -> int:
    """How often a pattern is found."""
    return sum(1 for _ in _pattern(pattern).finditer(text))


def regexp_position(text: str, pattern: str, start: int, number: int) -> int:
    """Where a pattern is found for the so-manieth time, or -1."""
    if start < 1 or number < 1:
        raise failed(_INVALID, "start and occurrence must be positive")
    found = list(_pattern(pattern).finditer(text, start - 1)) if start <= len(text) else []
    return found[number - 1].start() + 1 if len(found) >= number else -1


def _group(pattern: str, group: int) -> re.Pattern[str]:
    read = _pattern(pattern)
    if not 0 <= group <= read.groups:
        raise failed(_INVALID, f"Pattern has {read.groups} groups. Cannot access group {group}")
    return read


def regexp_extract(text: str, pattern: str, group: int) -> str | None:
    """The first part that a pattern finds; NULL when there is none."""
    found = _group(pattern, group).search(text)
    return found[group] if found else None


def regexp_extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    """All parts that a pattern finds."""
    return [found[group] for found in _group(pattern, group).finditer(text)]


def regexp_replace(text: str, pattern: str, by: str) -> str:
    """A text with what a pattern finds replaced; $1 and ${name} are groups."""
    read = _pattern(pattern)

    def put(found: re.Match[str]) -> str:
        def part(mark: re.Match[str]) -> str:
            if mark[3] is not None:
                return mark[3]
            name: str | int = mark[1] if mark[1] is not None else int(mark[2])
            try:
                return found[name] or ""
            except (IndexError, error_of_group):
                raise failed(_INVALID, f"Illegal replacement sequence: {by}") from None

        return re.sub(r"\$\{(\w+)\}|\$(\d)|\\(.)", part, by)

    error_of_group = re.error
    return read.sub(put, text)


def regexp_split(text: str, pattern: str) -> list[str]:
    """The parts between what a pattern finds."""
    parts, last = [], 0
    for found in _pattern(pattern).finditer(text):
        parts.append(text[last : found.start()])
        last = found.end()
    return [*parts, text[last:]]
