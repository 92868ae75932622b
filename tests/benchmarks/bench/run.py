"""The order of the work: in each repeat a new stack, totelake's own run, then its peers on the same rows."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.bench import batches, machine
from tests.benchmarks.bench.content import wrong_star
from tests.benchmarks.bench.contests import build, ingest, load
from tests.benchmarks.bench.goals import (
    BATCHES,
    BUILD,
    CHANGES,
    FIRST,
    INGEST,
    LOAD,
    OWN,
    QUIET,
    REFRESH,
    SMALL,
    SMALL_ORDERS,
)
from tests.benchmarks.bench.pipeline import MANY_CHANGES, Pipeline, WrongError, deployed_stack
from tests.benchmarks.bench.results import Results
from totelake.contracts import load_contracts
from totelake.seed import SOURCE

__all__ = ["WrongError", "measure"]


def measure(
    given: argparse.Namespace, tell: Callable[[str], object], keep: Callable[[Results, dict[str, Any]], object]
) -> tuple[Results, dict[str, Any]]:
    """All repeats; what was measured, and on what. `keep` is told the same after each repeat.

    Raises WrongError when totelake's own result is wrong, a TotelakeError when one of its jobs fails.
    """
    results, setting = Results(tell), _setting(given)
    for number in range(1, given.repeat + 1):
        with tempfile.TemporaryDirectory(prefix="totelake-bench-") as folder:
            tell(f"repeat {number} of {given.repeat}: a stack with {given.orders:,} sales orders")
            with deployed_stack(Path(folder, "stack"), given.orders, given.seed) as pipeline:
                setting.setdefault("machine", machine.describe(pipeline.source_dsn))
                _repeat(pipeline, Path(folder), given, results)
            if CHANGES in given.only:
                with deployed_stack(Path(folder, "small"), SMALL_ORDERS, given.seed) as small:
                    small.first_load()
                    results.add(SMALL, small.refresh(MANY_CHANGES))
        setting.update(load_after=machine.load_average(), repeat=number)
        keep(results, setting)
    return results, setting


def _setting(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "orders": given.orders,
        "batches": given.batches,
        "seed": given.seed,
        "load_before": machine.load_average(),
        "peers": machine.peer_versions(ingest.PEERS),
    }


def _repeat(pipeline: Pipeline, work: Path, given: argparse.Namespace, results: Results) -> None:
    groups = set(given.only)
    if groups == {INGEST}:
        results.add(f"{INGEST}/{OWN}", pipeline.ingest())
    else:
        first = pipeline.first_load()
        wrong = wrong_star(pipeline.source_dsn, pipeline.warehouse_dsn, load_contracts().star_tables(SOURCE))
        if wrong:
            raise WrongError(f"the first load made another warehouse than totesys leads to: {wrong}")
        results.add(f"{INGEST}/{OWN}", first.ingest)
        results.add(f"{BUILD}/{OWN}", first.build)
        results.add(f"{LOAD}/{OWN}", first.load)
        results.add(f"{FIRST}/{OWN}", first.whole)
    if INGEST in groups:
        ingest.contest(pipeline, work / INGEST, results)
    if BUILD in groups:
        build.contest(pipeline, work / BUILD, results)
    if LOAD in groups:
        load.contest(pipeline, work / LOAD, results)
    if QUIET in groups:
        results.add(f"{QUIET}/{OWN}", pipeline.quiet())
    if REFRESH in groups:
        results.add(f"{REFRESH}/{OWN}", pipeline.refresh())
    if CHANGES in groups:
        results.add(f"{CHANGES}/{OWN}", pipeline.refresh(MANY_CHANGES))
    if BATCHES in groups:
        batches.grow(pipeline, given.batches, results)
