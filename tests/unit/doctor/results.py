"""What a check found, shortened for comparison."""

from __future__ import annotations

from collections.abc import Iterable

from totelake.runtime.outcome import OK, Result


def outcomes(found: Iterable[Result]) -> list[str]:
    """The outcomes, in their order; whatever is not OK has to say what to do, and an OK nothing."""
    results = list(found)
    assert all(bool(result.remedy) == (result.outcome != OK) and result.detail for result in results), results
    return [result.outcome for result in results]
