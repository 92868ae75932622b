"""Two runs of a job at once, and runs that stand still before or after their commit while newer ones pass them by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.faults.conftest import SOAK
from tests.faults.test_s3_faults import SENTENCE
from tests.faults.world import CHECK, DIMENSIONS, FACTS, INGEST, JOBS, LOAD, World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.warehouse.load import _Load
from totelake.warehouse.stage import Stage

pytestmark = SPARK


def at_once(works: Sequence[Callable[[], Any]]) -> list[str]:
    """Do all of these at once; the sentences with which they failed. Anything else that they raise is raised."""
    barrier, failures, others = threading.Barrier(len(works)), list[str](), list[BaseException]()

    def work(one: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            one()
        except SystemExit as failure:
            failures.append(str(failure))
        except BaseException as other:
            others.append(other)

    threads = [threading.Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if others:
        raise others[0]
    return failures


def test_two_runs_of_every_job_at_once_end_as_one(world: World) -> None:
    for _ in range(SOAK or 1):
        batch = world.newest() + 1
        world.edit(with_dimension=True)
        for job in JOBS:
            assert at_once([lambda job=job: world.run(job)] * 2) == []
        assert world.newest() == batch
        world.history.add(batch)
    assert world.settle() == {}


def test_two_whole_chains_at_once_end_as_one(world: World) -> None:
    for _ in range(SOAK or 1):
        batch = world.newest() + 1
        world.edit(with_dimension=True)
        failures = at_once([world.chain, world.chain])
        assert all(SENTENCE.fullmatch(failure) for failure in failures), failures
        assert world.newest() == batch
        world.history.add(batch)
    assert world.settle() == {}


def shown(world: World) -> dict[str, int]:
    """The batch that each view shows."""
    names = {table.name for table in load_contracts().star_tables()}
    names |= {f"{view}_{table.short_name}" for table in load_contracts().facts() for view in ("current", "history")}
    return {
        name: int(
            world.glue.get_table(DatabaseName=world.processed_database, Name=name)["Table"]["Parameters"][
                "totelake.batch"
            ]
        )
        for name in names
    }


class Zombie:
    """A run that stands still at a method's first call that is wanted, while newer runs play a batch and one more."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
        self._world, self._monkeypatch, self._jobs = world, monkeypatch, JOBS[: JOBS.index(job) + 1]
        self.views: dict[str, int] = {}
        self.woke = 0

    def stand_still(self, owner: Any, method: str, is_wanted: Callable[..., bool]) -> None:
        """Where it stands still: before that call."""
        original, lock = getattr(owner, method), threading.Lock()

        def instrumented(*arguments: Any, **named: Any) -> Any:
            with lock:
                is_first = not self.woke and is_wanted(*arguments)
                self.woke += is_first
            if is_first:
                self._pass_by()
            return original(*arguments, **named)

        self._monkeypatch.setattr(owner, method, instrumented)

    def _pass_by(self) -> None:
        world = self._world
        world.chain(self._jobs)
        world.history.add(world.newest())
        world.edit(with_dimension=True)
        world.chain()
        world.history.add(world.newest())
        self.views = shown(world)


COMMITS = {INGEST: "totesys", CHECK: "verdicts", DIMENSIONS: "dim_design", FACTS: "fact_sales_order"}
MOMENTS = [(INGEST, "commit"), (CHECK, "finish"), (FACTS, "commit")]
if SOAK:
    MOMENTS += [(CHECK, "commit"), (DIMENSIONS, "commit"), (DIMENSIONS, "finish"), (FACTS, "finish")]


@pytest.mark.parametrize(("job", "moment"), MOMENTS)
def test_a_run_that_newer_ones_passed_by_takes_nothing_back(
    world: World, monkeypatch: pytest.MonkeyPatch, job: str, moment: str
) -> None:
    batch = world.newest() + 2
    world.edit(with_dimension=True)
    world.chain(JOBS[: JOBS.index(job)])
    zombie = Zombie(world, monkeypatch, job)
    before = world.newest(COMMITS[job])

    def is_wanted(log: CommitLog, manifest: Any) -> bool:
        return log.log == COMMITS[job] and manifest.number == before + 1

    zombie.stand_still(CommitLog, moment, is_wanted)
    world.run(job)
    content = world.content()
    assert zombie.woke == 1
    assert (world.newest(), shown(world)) == (batch, zombie.views)
    assert world.settle() == {}
    assert world.content() == content


# named by what they are, so that the normal suite sees when one of those that only `make soak` plays is gone
LOAD_MOMENTS = {"stage": (Stage, Stage.fill), "publish": (_Load, _Load._publish)}


@pytest.mark.parametrize("moment", LOAD_MOMENTS if SOAK else ["publish"])
def test_a_load_that_newer_ones_passed_by_applies_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    batch = world.newest() + 2
    world.edit()
    world.chain(JOBS[:-1])
    zombie = Zombie(world, monkeypatch, LOAD)
    owner, method = LOAD_MOMENTS[moment]
    zombie.stand_still(owner, method.__name__, lambda *_: True)
    world.run(LOAD)
    assert zombie.woke == 1
    assert world.newest() == batch
    assert world.settle() == {}
