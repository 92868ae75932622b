"""What feeds cost: looks by their own schedule, refreshes as they are assumed, no secret of a reading role."""

from __future__ import annotations

from typing import Any

import pytest

from totelake.contracts.documents import documents
from totelake.contracts.pipeline import FUSED, pipeline_of
from totelake.operate.cost import Usage, month
from totelake.operate.prices import Prices


@pytest.mark.parametrize(("cadence", "changes"), [(10, 20), (60, 1)])
def test_a_feed_is_reckoned_by_its_own_schedule_whatever_that_of_databases_is(cadence: int, changes: int) -> None:
    pipeline: Any = pipeline_of(documents(), FUSED)
    lines = {
        line.part: line
        for line in month(pipeline, Prices.of(documents()["prices.yaml"], "eu-west-2"), Usage(cadence, changes))
    }
    assert lines["watch-targets"].basis.startswith("720 runs x 60 s")
    assert lines["watch-rates"].basis.startswith("30 runs x 60 s")
    assert lines["build-and-load-targets"].basis.startswith("10 runs x 90 s x 2 DPU")
    assert lines["ingest-rates"].basis.startswith("30 runs")
    assert lines["watch-totesys"].basis.startswith(f"{30 * 24 * 60 // cadence:,} runs")
    assert lines["Secrets Manager"].basis.startswith("2 secrets, ")
