"""Glue's exclusion patterns: globs in which `*` stays within one folder and `**` crosses folders."""

from __future__ import annotations

import re
from functools import lru_cache

from localglue.errors import InvalidInput

_TOKEN = re.compile(r"\*\*|\*|\?|\\.|\[[^\]]+\]|\{[^{}]*\}|[^*?\\\[\]{}]+")


@lru_cache(maxsize=256)
def regex_of(glob: str) -> re.Pattern[str]:
    """The glob as a regular expression for a path below the target. Raises InvalidInput for unbalanced brackets."""
    parts, position = [], 0
    while position < len(glob):
        token = _TOKEN.match(glob, position)
        if token is None:
            raise InvalidInput(
                f"the exclusion '{glob}' is not a valid glob from character {position + 1} on; close its brackets"
            )
        parts.append(_translated(token.group()))
        position = token.end()
    return re.compile("".join(parts), re.DOTALL)


def is_excluded(relative: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs matches the whole path."""
    return any(regex_of(glob).fullmatch(relative) for glob in globs)


def _translated(token: str) -> str:
    if token == "**":  # nosec B105 # a glob, not a password
        return ".*"
    if token == "*":  # nosec B105 # a glob, not a password
        return "[^/]*"
    if token == "?":  # nosec B105 # a glob, not a password
        return "[^/]"
    if token.startswith("\\"):
        return re.escape(token[1:])
    if token.startswith("["):
        inner = token[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    if token.startswith("{"):
        return f"(?:{'|'.join(regex_of(choice).pattern for choice in token[1:-1].split(','))})"
    return re.escape(token)
