"""build_and_load: builders and load in one Spark session; each commits by itself, as in jobs of their own."""

from __future__ import annotations

from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildAndLoadArguments
from totelake.star.job import build_star
from totelake.warehouse.load import load_warehouse


def build_and_load(job: Job[BuildAndLoadArguments]) -> None:
    """Bring the star tables to the batch that check_schemas fixed, then load, unless the builders fail as a whole."""
    build_star(job)
    load_warehouse(job)
