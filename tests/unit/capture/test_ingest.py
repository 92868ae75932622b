"""What a run of ingest is told, without a source."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.operate.jobs import ZONES, MemoryJob
from totelake.capture.ingest import allowed_deletes
from totelake.runtime.job_arguments import IngestArguments, JobRun


class Glue:
    """Answers with the properties of a workflow run."""

    def __init__(self, listed: str) -> None:
        self.listed = listed

    def get_workflow_run_properties(self, **_: Any) -> dict[str, Any]:
        """The one property."""
        return {"RunProperties": {"totelake:allow_deletes": self.listed}}


@pytest.mark.parametrize("written", ["{}", "totesys.{}"], ids=["plain", "with the source"])
def test_tables_whose_deletions_pass_come_from_the_argument_and_from_the_workflow_run(written: str) -> None:
    run = JobRun("ingest", workflow="refresh", workflow_run_id="wr_1")
    named = {name: written.format(name) for name in ("staff", "design", "payment")}
    arguments = IngestArguments(**ZONES, source="totesys", source_secret="s", run=run, allow_deletes=(named["staff"],))
    job = MemoryJob(arguments, Glue(f"{named['design']}, {named['payment']},"))
    assert allowed_deletes(job) == ("staff", "design", "payment")
