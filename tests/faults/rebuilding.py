"""Builders that are asked for a rebuild, as `totelake rebuild` asks them: by a property of their workflow run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tests.faults.drifting import DriftingWorld, Release
from tests.faults.world import DIMENSIONS, FACTS, LOAD
from totelake.runtime.job import Job
from totelake.runtime.run_properties import REBUILD

DISCOUNT = {"name": "discount", "logicalType": "number", "physicalType": "numeric(10,2)"}


def with_discount(release: Release) -> None:
    """The column in the source's contract and, amid its columns, in the fact's: two files."""
    release.table("sources/totesys/sales_order")["properties"].append(DISCOUNT)
    columns = release.table("warehouse/fact_sales_order")["properties"]
    place = [column["name"] for column in columns].index("units_sold")
    columns.insert(place, {**DISCOUNT, "transformSourceObjects": ["sales_order.discount"]})


@contextmanager
def asked(*tables: str) -> Iterator[None]:
    """Jobs find that their workflow run asks for these tables."""
    with patch.object(Job, "run_property", lambda _, name: ",".join(tables) if name == REBUILD else None):
        yield


def build_anew(world: DriftingWorld, *tables: str) -> None:
    """Builders and load, asked for a rebuild of these tables."""
    with asked(*tables):
        world.chain((DIMENSIONS, FACTS, LOAD))
