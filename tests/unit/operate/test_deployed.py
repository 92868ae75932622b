"""Which workflows and jobs a deployment has, and how each workflow stands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.operate.test_runs import job, job_run, run
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError
from totelake.operate.deployed import Deployed, deployed
from totelake.operate.runs import Standing, standings

PIPELINE = {
    "jobs": {
        "watch-orders": {"source": "orders"},
        "ingest-orders": {"source": "orders"},
        "ingest-staff": {"source": "staff"},
        "audit": {},
    },
    "workflows": {"refresh-orders": {"source": "orders"}, "refresh-staff": {"source": "staff"}, "nightly": {}},
    "triggers": {
        "watch": {"jobs": ["watch-orders"], "source": "orders"},
        "start-orders": {"workflow": "refresh-orders", "jobs": ["ingest-orders"], "source": "orders"},
        "night": {"workflow": "nightly", "jobs": ["audit"]},
    },
}


@pytest.mark.parametrize(
    ("sources", "workflow", "found"),
    [
        ((), "", (["refresh-orders", "refresh-staff", "nightly"], list(PIPELINE["jobs"]))),
        (("orders",), "", (["refresh-orders"], ["watch-orders", "ingest-orders"])),
        ((), "nightly", (["nightly"], ["audit"])),
        ((), "shop-refresh-orders", (["refresh-orders"], ["ingest-orders"])),
    ],
    ids=["all", "a source", "a workflow", "a workflow's full name"],
)
def test_workflows_and_jobs_come_from_the_pipeline(
    sources: tuple[str, ...], workflow: str, found: tuple[list[str], ...]
) -> None:
    workflows, jobs = ([f"shop-{name}" for name in names] for names in found)
    assert deployed(PIPELINE, "shop", sources, workflow) == Deployed(tuple(workflows), tuple(jobs))


def test_a_workflow_of_another_source_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError) as raised:
        deployed(PIPELINE, "shop", ("orders",), "nightly")
    assert str(raised.value) == "there is no workflow nightly; name one of refresh-orders"


def test_the_catalogs_pipeline_has_the_nightly_audit() -> None:
    assert "totelake-audit" in deployed(load_contracts().pipeline, "totelake").workflows


def test_each_workflow_stands_where_its_newest_run_does() -> None:
    class NotFoundError(Exception):
        """Glue's EntityNotFoundException."""

    class Glue:
        """One workflow that has run, one that has not, and no other."""

        exceptions = SimpleNamespace(EntityNotFoundException=NotFoundError)

        def get_workflow_runs(self, Name: str, MaxResults: int) -> dict[str, Any]:  # noqa: N803
            """The newest run."""
            if Name == "c":
                raise NotFoundError
            return {"Runs": [run("COMPLETED")] * MaxResults if Name == "a" else []}

        def get_workflow_run(self, **_: Any) -> dict[str, Any]:
            """With its graph."""
            return {"Run": run("COMPLETED", job("x", job_run("FAILED", 1)))}

    glue: Any = Glue()
    failed = Standing("a", "FAILED", "wr_0123456789abcdef", "2026-11-24T12:00:00+00:00")
    assert standings(glue, "abc") == [failed, Standing("b", "NOT_RUN"), Standing("c", "NOT_DEPLOYED")]
