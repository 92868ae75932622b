"""Runs that overtake each other: the mark of a table stays until one has registered all that it lacks."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from tests.conftest import SOURCE
from tests.unit.registry.tables import DAYS, Tables, new_world, subjects
from totelake.lake.keys import APART
from totelake.registry.finish import Registration, restore_registered

LEFT, TAKEN_UP = "is left apart", "is taken up again"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Tables:
    """A world in which design is left apart, and nothing is refused any more."""
    found = new_world(monkeypatch)
    found.run()
    found.catalog.refuse("design", "add_partitions")
    found.run()
    found.catalog.refused.clear()
    return found


def marks(world: Tables) -> list[str]:
    return [item.key.rsplit("/", 1)[0] for item in world.store.list(f"{APART}/")]


def interrupt(patch: pytest.MonkeyPatch, target: Any, call: str, other: Callable[[], None]) -> None:
    """Before the first such call for a mark or for design, let another run do its work."""
    work, waiting = getattr(target, call), [other]

    def interrupted(first: Any, *more: Any) -> Any:
        if waiting and (first == "design" or (isinstance(first, list) and first and first[0].startswith(APART))):
            waiting.pop()()
        return work(first, *more)

    patch.setattr(target, call, interrupted)


def refused_run(world: Tables) -> None:
    """A newer batch is judged, and design refused again; then nothing is refused any more."""
    world.catalog.refuse("design", "add_partitions")
    world.run()
    world.catalog.refused.clear()


# where the run that takes the table up is when the other one comes
POINTS = {"before it is put back": ("catalog", "partitions"), "before the mark is removed": ("store", "delete")}
SLOW: dict[str, Callable[[Tables], Any]] = {
    "check_schemas": lambda world: world.check(),
    "a repair": lambda world: restore_registered(world.check_job(SOURCE), SOURCE),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("slow", SLOW)
def test_a_run_that_is_late_removes_no_mark_of_a_newer_refusal(
    world: Tables, monkeypatch: pytest.MonkeyPatch, slow: str, point: str
) -> None:
    target, call = POINTS[point]
    with monkeypatch.context() as patch:
        interrupt(patch, getattr(world, target), call, lambda: refused_run(world))
        SLOW[slow](world)
    assert marks(world) == [f"{APART}/{SOURCE}/design"]
    # what was told before the other run came was true
    assert world.told().count(*subjects("design", what=TAKEN_UP)) == (point == "before the mark is removed")
    # no batch is in the way of the newer verdict's any more
    world.ingest_tables(SOURCE, world.batches + 1, {"staff": {}})
    world.check()
    assert world.days("design") == list(DAYS[:3]) and marks(world) == []
    assert_told_by_turns(world)


def test_a_table_that_a_run_leaves_apart_keeps_a_mark_for_the_verdict_that_it_makes(
    world: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_verdict = Registration.finish_verdict
    seen: list[int] = []

    def finish_first(registration: Any, manifest: Any, crawler: Any) -> None:
        finish_verdict(registration, manifest, crawler)
        seen.append(manifest.number)
        if len(seen) == 1:
            # it has met the refusal in the former verdict; another run takes the table up before it makes its own
            world.catalog.refused.clear()
            restore_registered(world.check_job(SOURCE), SOURCE)
            assert marks(world) == []

    world.catalog.refuse("design", "partitions")
    with monkeypatch.context() as patch:
        patch.setattr(Registration, "finish_verdict", finish_first)
        world.run()
    assert len(seen) == 2 and marks(world) == [f"{APART}/{SOURCE}/design"]
    world.ingest_tables(SOURCE, world.batches + 1, {"staff": {}})
    world.check()
    assert world.days("design") == list(DAYS[:3]) and marks(world) == []
    assert_told_by_turns(world)


def assert_told_by_turns(world: Tables) -> None:
    """Whoever reads that design is left apart reads that it is taken up, and the other way round."""
    counts = [world.told().count(*subjects("design", what=what)) for what in (LEFT, TAKEN_UP)]
    assert counts[0] == counts[1] > 0
