"""What every one of several star tables fails with ends the build; what is wrong with one, or with the only one, holds
it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.jobs import ZONES, MemoryJob
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import DamagedError, LakeError, RetriableError, StarTableError
from totelake.lake.commits import CommitLog
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest
from totelake.lake.processed import ProcessedZone
from totelake.lake.records.holds import BUILD, LOG, Holds
from totelake.lake.records.star_commit import StarCommit
from totelake.runtime.job_arguments import BuildArguments
from totelake.star import job as building
from totelake.star.job import build_tables

TABLES = load_contracts().dimensions(SOURCE)
NAMES = [table.name for table in TABLES]
FIRST, SECOND, THIRD = NAMES[:3]


@pytest.fixture
def job() -> MemoryJob[BuildArguments]:
    return MemoryJob(BuildArguments(source=SOURCE, **ZONES))


@pytest.fixture
def build(job: MemoryJob[BuildArguments], monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[str]]:
    """A run in which some tables fail, some are built, and all others have nothing pending; the tables held after."""

    def build(failing: dict[str, Exception], built: tuple[str, ...] = ()) -> set[str]:
        def attempt(_: object, table: Table) -> bool:
            if table.name in failing:
                raise failing[table.name]
            return table.name in built

        monkeypatch.setattr(building._Build, "build", attempt)
        build_tables(job, TABLES)
        return held(job)

    return build


def held(job: MemoryJob[BuildArguments]) -> set[str]:
    return set(Holds.of(CommitLog(job.processed, LOG).newest()).of_step(BUILD))


def refused(*names: str) -> dict[str, Exception]:
    return {name: StarTableError(f"{name} could not be built: no") for name in names}


def test_what_all_of_several_tables_fail_with_ends_the_run_and_holds_none(
    job: MemoryJob[BuildArguments], build: Callable[..., set[str]]
) -> None:
    for failing in (refused(*NAMES), refused(FIRST, SECOND), dict.fromkeys(NAMES, DamagedError("the verdict is gone"))):
        with pytest.raises((StarTableError, DamagedError)) as raised:
            build(failing)
        assert raised.value in failing.values()
    assert held(job) == set()


def test_what_some_or_the_only_one_fail_with_holds_them(build: Callable[..., set[str]]) -> None:
    assert build(refused(FIRST)) == {FIRST}
    assert build(refused(FIRST, SECOND), built=(THIRD,)) == {FIRST, SECOND}
    # both are known to fail by themselves, so a run that has nothing else to build goes on as it did
    assert build(refused(FIRST, SECOND)) == {FIRST, SECOND}
    assert build(refused(FIRST, SECOND, THIRD)) == {FIRST, SECOND, THIRD}


@pytest.mark.parametrize("why", [LakeError("denied"), DamagedError("gone"), ValueError("odd"), KeyError("Location")])
def test_what_is_in_the_way_of_publishing_a_commit_holds_that_table_behind_it(
    job: MemoryJob[BuildArguments], monkeypatch: pytest.MonkeyPatch, why: Exception
) -> None:
    for table in TABLES:
        commit = replace(StarCommit.of(table, None), through=3)
        attempt = Attempt.new(table.name, 1, "run")
        assert CommitLog(job.processed, table.name).commit(commit.manifest(attempt, job.now()))
    finished = []

    def finish(_: object, table: Table, manifest: Manifest) -> None:
        if table.name == FIRST:
            raise why
        finished.append(table.name)

    monkeypatch.setattr(ProcessedZone, "finish", finish)
    build_tables(job, TABLES)
    [(name, hold)] = Holds.of(CommitLog(job.processed, LOG).newest()).of_step(BUILD).items()
    assert (name, hold.since, dict(hold.batches)) == (FIRST, 4, {})
    assert str(why).strip("'") in hold.reason
    assert sorted(finished) == sorted(NAMES[1:])


def test_what_passes_in_the_way_of_publishing_holds_no_table(
    job: MemoryJob[BuildArguments], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = TABLES[0]
    manifest = StarCommit.of(table, None).manifest(Attempt.new(table.name, 1, "run"), job.now())
    assert CommitLog(job.processed, table.name).commit(manifest)

    def finish(*_: object) -> None:
        raise RetriableError("busy")

    monkeypatch.setattr(ProcessedZone, "finish", finish)
    with pytest.raises(RetriableError, match="busy"):
        build_tables(job, TABLES)
    assert held(job) == set()
