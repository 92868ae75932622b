"""Answers in pages: MaxResults and NextToken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from localapi.documents import Document
from localapi.errors import ApiError

T = TypeVar("T")
# of a NextToken: digits that one may have, and signs that an error shows
_DIGITS, _SHOWN = 18, 100


@dataclass(frozen=True)
class Paging:
    """How a service cuts its answers: items of a page where the request names no MaxResults, and the error for a
    NextToken that no answer had."""

    default: int
    invalid: type[ApiError]

    def bounds(self, request: Document) -> tuple[int, int]:
        """The limit and offset that the request asks for. Raises `invalid` for a token that was not returned."""
        token = request.get("NextToken") or "0"
        if not (token.isascii() and token.isdigit() and len(token) <= _DIGITS):
            problem = f"'{token[:_SHOWN]}' is not a NextToken of this operation; omit it to start from the beginning"
            raise self.invalid(problem)
        return int(request.get("MaxResults") or self.default), int(token)

    def page(self, request: Document, member: str, fetch: Callable[[int, int], Sequence[T]]) -> Document:
        """One page under the name `member`, and NextToken if there are more; `fetch(limit, offset)` reads items."""
        limit, offset = self.bounds(request)
        items = list(fetch(limit + 1, offset))
        answer: Document = {member: items[:limit]}
        if len(items) > limit:
            answer["NextToken"] = str(offset + limit)
        return answer

    def page_of(self, request: Document, member: str, items: Sequence[T]) -> Document:
        """One page of a sequence."""
        return self.page(request, member, lambda limit, offset: items[offset : offset + limit])
