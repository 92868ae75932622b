"""The circuit breaker: which deletions need somebody's approval before they pass."""

from __future__ import annotations

_ROWS = 100
_SHARE = 0.1


def needs_approval(gone: int, known: int) -> bool:
    """Whether the deletions need approval: all of the known keys, or more than 100 and 10 % of them."""
    return gone > 0 and (gone == known or gone > max(_ROWS, _SHARE * known))


def holds_back(gone: int, known: int, deferred: int, is_allowed: bool) -> bool:
    """Whether deletions of `gone` of the `known` keys wait for approval, or beside the `deferred` ones that do.

    Deferred keys are not stored, so later deletions are deferred too.
    """
    return not is_allowed and gone > 0 and (deferred > 0 or needs_approval(gone, known))
