"""Where a job's lines are."""

from __future__ import annotations

from typing import Any

import pytest

from totelake.operate.logs import log_group


def job(kind: str = "glueetl", **more: Any) -> dict[str, Any]:
    """A job as GetJob describes it."""
    return {"Command": {"Name": kind}, "Role": "arn:aws:iam::123456789012:role/path/shop-build", **more}


@pytest.mark.parametrize(
    ("described", "group"),
    [
        (job(), "/aws-glue/jobs"),
        (job("pythonshell"), "/aws-glue/python-jobs"),
        (job(DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}), "/aws-glue/shop"),
        (job("pythonshell", SecurityConfiguration="shop"), "/aws-glue/python-jobs/shop-role/shop-build"),
        (
            job(SecurityConfiguration="shop", DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/shop"}),
            "/aws-glue/shop/shop-role/shop-build",
        ),
    ],
    ids=["spark", "shell", "a prefix", "a shell job with encrypted logs", "a prefix and encrypted logs"],
)
def test_a_jobs_log_group_follows_from_its_definition(described: dict[str, Any], group: str) -> None:
    assert log_group(described) == group
