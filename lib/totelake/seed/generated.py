"""totesys from the generator: parts of a history copied as they are made, then keys over what is there."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
from pyarrow import csv

from totelake.seed.history import parts
from totelake.seed.plan import plan_of
from totelake.seed.schema import add_constraints, create_tables, set_sequences, tables, transaction

Progress = Callable[[str], None]
_READ_AT_ONCE = 1 << 20


def seed_generated(
    dsn: str,
    orders: int | None = None,
    seed: int = 1,
    days: int | None = None,
    progress: Progress = lambda _: None,
    until: datetime | None = None,
) -> dict[str, int]:
    """Create totesys anew with a generated history that ends `until` (now); rows by table.

    On any failure the old content stays. Raises ConfigurationError for a size that cannot be made, SourceError when
    the server refuses.
    """
    moment = until or datetime.now(timezone.utc).replace(tzinfo=None)
    plan = plan_of(orders, days, moment.date() - timedelta(1))
    counts = {table.name: 0 for table in tables()}
    with transaction(dsn) as cursor:
        create_tables(cursor, constrained=False)
        for name, rows, text in _ahead(_texts(parts(plan, seed, moment))):
            cursor.copy_expert(f"COPY public.\"{name}\" FROM STDIN WITH (FORMAT csv, NULL '')", text, _READ_AT_ONCE)
            counts[name] += rows
            if name == "payment":
                progress(f"{counts['sales_order']:,} of {plan.sales:,} sales orders")
        progress("adding keys")
        add_constraints(cursor)
        set_sequences(cursor)
    return counts


def _texts(made: Iterator[tuple[str, pa.Table]]) -> Iterator[tuple[str, int, io.BytesIO]]:
    """Parts as COPY takes them, columns in the contract's order: table, rows, text."""
    for name, rows in made:
        text = io.BytesIO()
        csv.write_csv(rows, text, csv.WriteOptions(include_header=False))
        text.seek(0)
        yield name, rows.num_rows, text


def _ahead(made: Iterator[Any]) -> Iterator[Any]:
    """The same items, each made while the one before it is used."""
    with ThreadPoolExecutor(1) as maker:
        following = maker.submit(next, made, None)
        while (found := following.result()) is not None:
            following = maker.submit(next, made, None)
            yield found
