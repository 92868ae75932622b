"""build_and_load: builders and load in one Spark session; each commits by itself, as in jobs of their own."""

from __future__ import annotations

from totelake.runtime.arguments import JobArguments
from totelake.runtime.runtime import Runtime
from totelake.star.job import build_star
from totelake.warehouse.load import load_warehouse


def build_and_load(runtime: Runtime, arguments: JobArguments) -> None:
    """Bring the star tables to the batch that check_schemas fixed, then load; nothing is loaded when a table fails."""
    build_star(runtime, arguments)
    load_warehouse(runtime, arguments)
