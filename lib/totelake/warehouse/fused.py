"""build_and_load: builders and load in one Spark session; each commits by itself, as in jobs of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from totelake.errors import TotelakeError
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildAndLoadArguments
from totelake.runtime.run_properties import PARTS
from totelake.star.job import build_star
from totelake.warehouse.load import load_warehouse


def build_and_load(job: Job[BuildAndLoadArguments]) -> None:
    """Bring the star tables to the batch that check_schemas fixed, then load, unless the builders fail as a whole.

    How each part ended, and after how many seconds, is a property of the workflow run.
    """
    told: list[str] = []
    with _part(job, "dimensions and facts", told):
        build_star(job)
    with _part(job, "JDBC load", told):
        load_warehouse(job)


@contextmanager
def _part(job: Job[BuildAndLoadArguments], name: str, told: list[str]) -> Iterator[None]:
    begun, state = time.monotonic(), "FAILED"
    try:
        yield
        state = "SUCCEEDED"
    finally:
        told.append(f"{name} {state} in {time.monotonic() - begun:.1f} s")
        try:
            job.put_run_property(PARTS.format(job=job.arguments.run.job), ", ".join(told))
        except TotelakeError as error:
            # what was done stands, and must not fail for it
            job.log.warning("the workflow run is not told that %s: %s", told[-1], error)
