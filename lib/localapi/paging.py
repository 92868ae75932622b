"""Cuts lists into pages by MaxResults and NextToken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from localapi.documents import Document
from localapi.errors import ApiError

T = TypeVar("T")
DEFAULT_PAGE = 50


class InvalidToken(ApiError):
    """A NextToken that no answer of this operation had."""

    code = "InvalidRequestException"


def bounds(request: Document) -> tuple[int, int]:
    """The limit and offset that the request asks for. Raises InvalidToken for a token that was not returned."""
    token = request.get("NextToken") or "0"
    if not (token.isascii() and token.isdigit()):
        raise InvalidToken(f"'{token}' is not a NextToken of this operation; omit it to start from the beginning")
    return int(request.get("MaxResults") or DEFAULT_PAGE), int(token)


def page(request: Document, member: str, fetch: Callable[[int, int], Sequence[T]]) -> Document:
    """One page under the name `member`, with NextToken if there are more; `fetch(limit, offset)` reads the items."""
    limit, offset = bounds(request)
    items = list(fetch(limit + 1, offset))
    answer: Document = {member: items[:limit]}
    if len(items) > limit:
        answer["NextToken"] = str(offset + limit)
    return answer


def page_of(request: Document, member: str, items: Sequence[T]) -> Document:
    """One page of a sequence."""
    return page(request, member, lambda limit, offset: items[offset : offset + limit])
