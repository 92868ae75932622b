"""The rows of the table: which measurements make each, its goal and its moonshot, and whether they are met. No I/O."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

INGEST, BUILD, LOAD, FIRST, QUIET, REFRESH, CHANGES, BATCHES = GROUPS = (
    "ingest", "build", "load", "first", "quiet", "refresh", "changes", "batches",
)  # fmt: skip
OWN = "totelake"
SECONDS, MORE_SECONDS, GIGABYTES, TIMES = "s", "s more", "GB", "×"
MOONSHOT, MET, NOT_MET, NO_GOAL, OTHER_SIZE, ABSENT = (
    "moonshot met", "met", "not met", "no goal", "goal of another size", "absent",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One measurement: wall-clock seconds, and bytes of memory that the processes had at most, together."""

    seconds: float
    peak: int = 0


@dataclass(frozen=True)
class Size:
    """How much was measured: sales orders of the source, and batches after which a refresh was timed."""

    orders: int
    batches: int


@dataclass(frozen=True)
class Row:
    """One line of the table: `ours`, divided by `peer` if there is one, or less it by unit; less is better.

    `ours` and `peer` are names of measurements, `group/engine`. `orders` is the size of the source for which the goal
    is said, `batches` the number of the source's batches; None when it is said for every size.
    """

    ours: str
    what: str
    peer: str | None = None
    goal: float | None = None
    moonshot: float | None = None
    orders: int | None = None
    batches: int | None = None
    unit: str = SECONDS

    @property
    def group(self) -> str:
        """The part of the benchmark that measures it."""
        return self.ours.split("/")[0]


@dataclass(frozen=True)
class Finding:
    """A row with its value, None when it is absent, and what is to be said of it."""

    row: Row
    value: float | None
    verdict: str
    why: str = ""


def _own(group: str) -> str:
    return f"{group}/{OWN}"


SMALL_ORDERS = 50_000
SMALL = f"{CHANGES}/{SMALL_ORDERS:,} orders"
_INGEST = "ingest of all tables"
_LOAD = "load of all star rows"
_MILLION = 1_000_000
ROWS = (
    Row(_own(INGEST), f"{_INGEST} ÷ \\copy to files", "ingest/\\copy", 1.8, 1.3, unit=TIMES),
    Row(_own(INGEST), f"{_INGEST} ÷ dlt with connectorx", "ingest/dlt", 0.7, unit=TIMES),
    Row(_own(INGEST), f"{_INGEST} ÷ awswrangler", "ingest/awswrangler", 0.07, unit=TIMES),
    Row(_own(INGEST), f"{_INGEST} ÷ pg8000 with pandas", "ingest/pg8000", unit=TIMES),
    Row(_own(INGEST), f"{_INGEST} ÷ polars with connectorx", "ingest/polars", unit=TIMES),
    Row(_own(LOAD), f"{_LOAD} ÷ \\copy, all constraints there", "load/\\copy", 2.0, 1.3, unit=TIMES),
    Row(_own(LOAD), f"{_LOAD} ÷ \\copy, foreign keys afterwards", "load/\\copy, then keys", unit=TIMES),
    Row(_own(LOAD), f"{_LOAD} ÷ Spark JDBC, all constraints there", "load/Spark JDBC", 0.5, unit=TIMES),
    Row(_own(BUILD), "build of all star tables, session up ÷ DuckDB", "build/DuckDB", 5, 3, unit=TIMES),
    Row(_own(FIRST), "first load, end to end", None, 80, 50, _MILLION),
    Row(_own(FIRST), "first load, end to end", None, 420, 240, 5 * _MILLION),
    Row(_own(FIRST), "first load, peak memory of the jobs", None, 2, None, 5 * _MILLION, unit=GIGABYTES),
    Row(_own(REFRESH), "refresh with 20 changes, commit to row in the warehouse", None, 8, 5),
    Row(_own(QUIET), "quiet run of the workflow", None, 2.5, 1),
    Row(_own(CHANGES), "refresh with 1,000 changes − at 50,000 orders", SMALL, 3, 1, 5 * _MILLION, unit=MORE_SECONDS),
    Row(_own(BATCHES), "refresh after many batches ÷ after 10", "batches/after 10", 1.2, 1.0, None, 10_000, TIMES),
)


def findings(
    samples: Mapping[str, Sequence[Sample]], absent: Mapping[str, str], size: Size, groups: Sequence[str] = GROUPS
) -> list[Finding]:
    """Every row of these groups. `absent` says of a measurement that could not be made why.

    Of a row that is there once for each of several sizes, only that of this size is kept where there is one.
    """
    rows = [row for row in ROWS if row.group in groups]
    fitting = {row.what for row in rows if row.orders == size.orders}
    kept = [row for row in rows if row.orders == size.orders or row.what not in fitting]
    return [_finding(row, samples, absent, size) for row in kept]


def _finding(row: Row, samples: Mapping[str, Sequence[Sample]], absent: Mapping[str, str], size: Size) -> Finding:
    for name in [row.ours] + ([row.peer] if row.peer else []):
        if name in absent or not samples.get(name):
            return Finding(row, None, ABSENT, absent.get(name, f"{name} was not measured"))
    value = value_of(row, samples)
    return Finding(row, value, _verdict(row, value, size))


def value_of(row: Row, samples: Mapping[str, Sequence[Sample]]) -> float:
    """The row's median: of the repeats' ratios where there is a peer, of the repeats otherwise."""
    ours = samples[row.ours]
    if row.unit == GIGABYTES:
        return statistics.median(sample.peak for sample in ours) / 1e9
    if row.peer is None:
        return statistics.median(sample.seconds for sample in ours)
    # what was measured beside each other had the same machine
    if row.unit == MORE_SECONDS:
        return statistics.median(own.seconds - other.seconds for own, other in zip(ours, samples[row.peer]))
    return statistics.median(own.seconds / other.seconds for own, other in zip(ours, samples[row.peer]))


def _verdict(row: Row, value: float, size: Size) -> str:
    if row.goal is None:
        return NO_GOAL
    if row.orders not in (None, size.orders) or row.batches not in (None, size.batches):
        return OTHER_SIZE
    if row.moonshot is not None and value <= row.moonshot:
        return MOONSHOT
    return MET if value <= row.goal else NOT_MET
