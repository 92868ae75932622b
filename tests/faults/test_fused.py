"""`publish: fused`: builders and load in one session end as in jobs of their own, whatever kills them and when."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.faults.conftest import SOAK
from tests.faults.steps import Killed, Steps
from tests.faults.test_access import refused, seen
from tests.faults.test_crashes import stepped
from tests.faults.world import CHECK, FUSED, INGEST, World
from tests.integration.star.samples import SPARK

pytestmark = SPARK
# where in a run it dies, as a share of its steps, and whether after that step: a builder, a fact's commit, the load
DEATHS = [(0.6, False), (0.9, True)]
if SOAK:
    DEATHS += [(0.2, True)]


def test_it_ends_as_jobs_of_their_own_and_does_what_its_access_allows(
    world: World, root: Path, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.edit(with_dimension=True)
    world.chain((INGEST, CHECK))
    with seen(world) as found:
        world.run(FUSED)
    assert refused(FUSED, found) == []
    world.history.add(world.newest())
    assert world.differences() == {}
    world.edit()
    world.chain((INGEST, CHECK))
    # as Glue starts it
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", world.localglue)
    monkeypatch.setattr("sys.argv", ["script", *world.words(FUSED)])
    runpy.run_path(str(root / "glue_jobs" / f"{FUSED}.py"), run_name="__main__")
    assert world.settle() == {}


def test_a_run_that_dies_is_made_good_by_the_next(world: World) -> None:
    world.edit(with_dimension=True)
    world.chain((INGEST, CHECK))
    names = stepped(world, FUSED, Steps()).names
    assert {"Spark parquet", "UpdateTable", "warehouse COPY", "warehouse COMMIT"} <= set(names)
    world.history.add(world.newest())
    for share, late in DEATHS:
        world.edit(with_dimension=True)
        world.chain((INGEST, CHECK))
        with pytest.raises(Killed):
            stepped(world, FUSED, Steps(round(share * len(names)), late))
        world.run(FUSED)
        world.history.add(world.newest())
        assert world.differences() == {}, share
    world.is_sound = True


def test_nothing_is_loaded_when_a_table_cannot_be_built(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.edit(with_dimension=True)
    world.chain((INGEST, CHECK))
    before = world.content()

    def broken(*_: object) -> None:
        raise Killed("here")

    with monkeypatch.context() as patched:
        patched.setattr("totelake.star.write.UnitWriter.write", broken)
        with pytest.raises(Killed):
            world.run(FUSED)
    assert world.content() == before
    assert world.settle() == {}
