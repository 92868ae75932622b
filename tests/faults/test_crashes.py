"""Every job dies at its steps, before and after each, and the jobs that follow end as if nothing had happened."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import KEY, driver_jar
from tests.faults.conftest import SOAK, Fresh
from tests.faults.steps import Killed, Steps, installed
from tests.faults.world import CHECK, DIMENSIONS, FACTS, INGEST, JOBS, LOAD, SERVICES, World
from tests.integration.star.samples import SPARK
from totelake.stack import spark as stack_spark

pytestmark = SPARK
# how many of the steps' two sides the normal suite tries; `make soak` tries all of them
SAMPLE: dict[str, int] = {INGEST: 2, CHECK: 2, DIMENSIONS: 1, FACTS: 2, LOAD: 1}
KILLS = [(INGEST, 5, "before"), (FACTS, 6, "after")]
if SOAK:
    KILLS += [(CHECK, 1, "after"), (LOAD, 4, "before")]
KINDS = {
    INGEST: {"PutObject", "source COMMIT"},
    CHECK: {"PutObject", "CopyObject", "UpdateTable", "BatchUpdatePartition", "BatchCreatePartition"},
    DIMENSIONS: {"PutObject", "CopyObject", "Spark parquet", "UpdateTable"},
    FACTS: {"PutObject", "CopyObject", "Spark parquet", "UpdateTable", "BatchCreatePartition", "UpdatePartition"},
    LOAD: {"warehouse COPY", "warehouse COMMIT"},
}
# a builder that dies has partitions to write anew, too: those that it has just added an object to
COMPACTING: dict[str, Any] = {"compact_objects": 1}


def edited(world: World, job: str) -> None:
    """Work of every kind for a job that is about to die; a check has a column to register that became wider."""
    world.edit(job == DIMENSIONS)
    if job == CHECK:
        widen(world)


def widen(world: World) -> None:
    """Give a column a digit more: that of one table, whose steps were counted, until the lake has no wider type."""
    ((table, column, digits),) = world.source(
        "SELECT attrelid::regclass::text, attname, (atttypmod - 4 >> 16) + 1 FROM pg_attribute "
        "WHERE (attrelid::regclass::text, attname) IN (('purchase_order', 'item_unit_price'), "
        "('payment', 'payment_amount')) AND atttypmod - 4 >> 16 < 38 ORDER BY 1 DESC LIMIT 1"
    )
    world.source(
        f"ALTER TABLE {table} ALTER {column} TYPE numeric({digits},2); "
        f"UPDATE {table} SET {column} = {column} + 1 WHERE {table}_id = (SELECT min({table}_id) FROM {table})"
    )


def counted(world: World, job: str) -> list[str]:
    """The steps of an undisturbed run over the same kinds of changes."""
    names: list[str] = []
    # a check first repeats what the one before it registered, a builder first compacts what all before it left
    for _ in range(1 if job in (INGEST, LOAD) else 2):
        edited(world, job)
        world.chain(before(job))
        names = stepped(world, job, Steps(), **compacting(job)).names
        world.history.add(world.newest())
    return names


def stepped(world: World, job: str, steps: Steps, **more: Any) -> Steps:
    """One run, counted; it may die."""
    with installed(steps, *(world.job_clients.client(service) for service in SERVICES)):
        world.run(job, **more)
    return steps


def compacting(job: str) -> dict[str, Any]:
    """More arguments of a run that is counted."""
    return COMPACTING if job in (DIMENSIONS, FACTS) else {}


def before(job: str) -> tuple[str, ...]:
    """The jobs that a run of this one follows."""
    return (INGEST, CHECK) if job == FACTS else JOBS[: JOBS.index(job)]


def killed(world: World, job: str, at: int, late: bool) -> str:
    """Let a run die; the step at which it did, '' when it came to its end before that."""
    steps = Steps(at, late)
    with contextlib.suppress(Killed):
        stepped(world, job, steps, **compacting(job))
    assert steps.died_at or len(steps.names) < at
    return steps.died_at


def chosen(job: str, steps: int, everything: bool) -> Iterator[tuple[int, bool]]:
    """Steps and sides to die at: some of those that were counted, or without end all that there are."""
    if everything:
        return ((at, late) for at in itertools.count(1) for late in (False, True))
    sides = itertools.product(range(1, steps + 1), (False, True))
    return iter(sorted(random.Random(job).sample(list(sides), SAMPLE[job])))


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_dies_at_any_step_is_made_good_by_the_next_run(world: World, soak: int, job: str) -> None:
    names = counted(world, job)
    assert set(names) >= KINDS[job]
    for at, late in chosen(job, len(names), soak > 0):
        batch = world.newest() + 1
        edited(world, job)
        world.chain(before(job))
        died_at = killed(world, job, at, late)
        world.run(job)
        assert world.newest() == batch, f"a run that died at step {at} of {names} changed what was captured"
        world.history.add(batch)
        if not died_at:
            # runs over the same kinds of changes differ by a step or two: what is compacted depends on the run before
            assert soak and at > 0.8 * len(names)
            break
        assert died_at in names
    assert world.settle() == {}


def test_a_first_run_that_dies_again_and_again_ends_as_an_undisturbed_one(fresh: Fresh) -> None:
    world = fresh()
    dice = random.Random(20)
    deaths = dict.fromkeys(JOBS, 0)
    for job in JOBS:
        at = 0
        while True:
            at += dice.randint(2, 8 + at)
            steps = Steps(at, dice.random() < 0.5)
            try:
                stepped(world, job, steps)
                break
            except Killed:
                deaths[job] += 1
    assert min(deaths.values()) >= 1, deaths
    assert world.settle() == {}
    assert world.newest() == 1


@pytest.fixture
def kill(root: Path, tmp_path: Path) -> Callable[[World, str, int, str], None]:
    """Run a job's script in a process of its own and kill it with -9 at a step."""

    def run(world: World, job: str, at: int, side: str) -> None:
        properties = stack_spark.write_properties(tmp_path / "spark.properties", world.endpoint)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COVERAGE_"))},
            **stack_spark.environment(),
            "PYTHONPATH": f"{root}:{root / 'lib'}",
            "PYSPARK_SUBMIT_ARGS": f"--properties-file {properties} --jars {driver_jar()} pyspark-shell",
            "AWS_ENDPOINT_URL": world.endpoint,
            "AWS_ENDPOINT_URL_GLUE": world.localglue,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_DEFAULT_REGION": "eu-west-2",
            "TOTELAKE_KILL_AT": f"{at}:{side}",
        }
        command = [sys.executable, "-m", "tests.faults.kill_script", str(root / "glue_jobs" / f"{job}.py")]
        done = subprocess.run(
            [*command, *world.words(job)],
            env=environment,
            cwd=root,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr

    return run


def test_processes_killed_with_9_at_a_step_are_made_good_by_the_next_runs(
    world: World, kill: Callable[[World, str, int, str], None]
) -> None:
    for job, at, side in KILLS:
        batch = world.newest() + 1
        world.edit()
        world.chain(before(job))
        kill(world, job, at, side)
        world.chain([*before(job), job])
        assert world.newest() == batch, (job, at, side)
        world.history.add(batch)
    assert world.settle() == {}
