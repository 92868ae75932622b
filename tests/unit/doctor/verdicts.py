"""What a check found, shortened for comparison."""

from __future__ import annotations

from collections.abc import Iterable

from totelake.doctor.finding import OK, Verdict


def outcomes(found: Iterable[Verdict]) -> list[str]:
    """The outcomes, in their order; whatever is not OK has to say what to do, and an OK nothing."""
    verdicts = list(found)
    assert all(bool(verdict.remedy) == (verdict.outcome != OK) and verdict.detail for verdict in verdicts), verdicts
    return [verdict.outcome for verdict in verdicts]
