"""totesys on one machine: its schema, its content from files or from a generator, and business that goes on."""

from __future__ import annotations

from totelake.seed.business import Simulation, new_order, silent_edit, simulate
from totelake.seed.csv_files import seed_from_csv
from totelake.seed.generated import seed_generated
from totelake.seed.schema import SOURCE, create_schema
from totelake.seed.targets import TARGETS, drop_targets

__all__ = [
    "SOURCE", "TARGETS", "Simulation", "create_schema", "drop_targets", "new_order", "seed_from_csv",
    "seed_generated", "silent_edit", "simulate",
]  # fmt: skip
