"""One HTTP request as a client wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class Call:
    """Method, request target as it came, and headers by lower-case name with dashes for underscores, as WSGI has it."""

    method: str
    target: str
    headers: Mapping[str, str]

    @classmethod
    def of_headers(cls, method: str, target: str, headers: Iterable[tuple[str, str]]) -> Call:
        """From the lines of a request; a header that comes twice is one, with a comma."""
        found: dict[str, str] = {}
        for name, value in headers:
            key = _key(name)
            found[key] = f"{found[key]},{value}" if key in found else value
        return cls(method, target, found)

    @classmethod
    def of_wsgi(cls, environ: Mapping[str, Any]) -> Call:
        """From WSGI, of a server that gives REQUEST_URI."""
        headers = {_key(name[5:]): value for name, value in environ.items() if name.startswith("HTTP_")}
        headers |= {_key(name): environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
        return cls(environ["REQUEST_METHOD"], environ["REQUEST_URI"], headers)

    def header(self, name: str, default: str = "") -> str:
        """A header's value."""
        return self.headers.get(_key(name), default)

    @property
    def path(self) -> str:
        """The path, still encoded."""
        return self.target.partition("?")[0]

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The query's names and values, still encoded."""
        query = self.target.partition("?")[2]
        found = (pair.partition("=") for pair in query.split("&")) if query else ()
        return tuple((name, value) for name, _, value in found)

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The query, decoded; of a name that comes twice the values are joined by a comma, which fits no signature."""
        found: dict[str, str] = {}
        for pair in self.pairs:
            name, value = (unquote_plus(part) for part in pair)
            found[name] = f"{found[name]},{value}" if name in found else value
        return found


def _key(name: str) -> str:
    return name.lower().replace("_", "-")
