"""`make deploy` tells of the canary before the first run, and not after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.ports.answers import Client, client_error
from totelake.deploy.environment import offer_canary

RUN = {"Runs": [{"WorkflowRunId": "wr_1"}]}


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([{"Runs": []}, {"Runs": []}], ["before the first run: `totelake canary --target aws`"]),
        ([{"Runs": []}, RUN], []),
        ([RUN], []),
        (
            [client_error("AccessDeniedException", operation="GetWorkflowRuns")],
            ["the deployment is done, but whether anything has run is not known: GetWorkflowRuns failed", "before the"],
        ),
    ],
    ids=["nothing ran", "the second ran", "the first ran", "nobody may ask"],
)
def test_the_canary_is_offered_before_the_first_run(answers: list[Any], told: list[str]) -> None:
    said: list[str] = []
    offer_canary(Client(get_workflow_runs=answers), ["lake-refresh-shop", "lake-refresh-orders"], said.append)
    assert len(said) == len(told)
    assert all(line.startswith(begin) for line, begin in zip(said, told))
