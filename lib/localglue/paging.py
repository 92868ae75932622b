"""Cuts lists into pages by MaxResults and NextToken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from localglue.documents import Document
from localglue.errors import InvalidInput

T = TypeVar("T")
DEFAULT_PAGE = 100


def bounds(request: Document) -> tuple[int, int]:
    """The limit and offset that the request asks for. Raises InvalidInput for a token that localglue did not return."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise InvalidInput(f"'{token}' is not a NextToken of this operation; omit it to start from the beginning")
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
