"""Eight sessions write by the dice of a seed while runs follow each other: in the end everything is as in the source.

Also before the end: no version is captured that was never committed, none out of order, none twice.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e import lake
from tests.faults.conftest import soak_seeds
from tests.faults.world import CHECK, FACTS, INGEST, JOBS, World
from tests.faults.writers import SESSIONS, STORIED, Row, Runs, Session, is_subsequence, stories
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.lake.manifest import Manifest

pytestmark = SPARK
TRANSACTIONS = 2_000
LATE = 3
DELETES = ",".join(table.name for table in load_contracts().source_tables("totesys"))
Captured = dict[tuple[str, int], list[Row | None]]


def content(world: World) -> dict[tuple[str, int], Row]:
    """Every row of the source whose story is kept."""
    found = {}
    for name in STORIED:
        table = load_contracts().find(name)
        place = table.column_names.index(table.key_name)
        for row in world.source(f"SELECT {', '.join(table.column_names)} FROM {name}"):
            found[name, row[place]] = row
    return found


def events(world: World, manifest: Manifest, name: str) -> list[dict[str, Any]]:
    """A table's events of a batch."""
    found: list[dict[str, Any]] = []
    for item in manifest.objects_of(name):
        body = world.s3.get_object(Bucket=world.ingestion, Key=item.staged)["Body"].read()
        found += pq.read_table(io.BytesIO(body)).to_pylist()
    return found


def captured_since(world: World, batch: int) -> tuple[Captured, Counter[tuple[str, int, int]]]:
    """The versions that later batches captured of each row; and for each table, key and batch how many there are."""
    versions: Captured = defaultdict(list)
    places: Counter[tuple[str, int, int]] = Counter()
    for manifest in world.log().since(batch):
        for table in load_contracts().source_tables("totesys"):
            for event in events(world, manifest, table.name):
                key = event[table.key_name]
                places[table.name, key, manifest.number] += 1
                row = None if event["_op"] == "D" else tuple(event[name] for name in table.column_names)
                versions[table.name, key].append(row)
    return versions, places


def play(world: World, seed: int) -> list[Session]:
    """All writers to their end, and runs meanwhile: captures, some of them with jobs that follow."""
    runs = Runs()
    sessions = [
        Session(world.source_dsn, number, seed, TRANSACTIONS // SESSIONS, LATE, runs) for number in range(SESSIONS)
    ]
    for session in sessions:
        session.start()
    count = 0
    try:
        while any(session.is_alive() for session in sessions):
            runs.begin()
            world.run(INGEST, allow_deletes=DELETES)
            runs.end()
            count += 1
            if count % 2 == 0:
                world.run(CHECK)
            if count == 2:
                world.run(FACTS)
    finally:
        runs.close()
        for session in sessions:
            session.join()
    for session in sessions:
        if session.failure is not None:
            raise session.failure
    assert count > LATE
    return sessions


@pytest.mark.parametrize("seed", soak_seeds(1))
def test_a_random_schedule_ends_with_every_row_as_in_the_source(world: World, seed: int) -> None:
    batch, before = world.newest(), content(world)
    sessions = play(world, seed)
    assert sum(session.committed + session.rolled_back for session in sessions) == TRANSACTIONS
    assert min(sum(session.deleted for session in sessions), sum(session.rolled_back for session in sessions)) > 50
    world.run(INGEST, allow_deletes=DELETES)
    world.chain(JOBS)
    assert world.differences(with_history=False) == {}
    versions, places = captured_since(world, batch)
    assert places.most_common(1)[0][1] == 1
    committed = stories(sessions, before)
    wrong = [
        place for place in versions if place in committed and not is_subsequence(versions[place], committed[place])
    ]
    assert [(place, versions[place], committed[place]) for place in wrong[:3]] == []
    assert content(world).keys() == {place for place, rows in committed.items() if rows[-1] is not None}
    for fact in load_contracts().facts():
        found = {place[1:]: count for place, count in places.items() if place[0] == fact.driving}
        applied = Counter((key, number) for number, key, *_ in world.loaded_history(fact).elements() if number > batch)
        assert applied == found, fact.name
        doubled = Counter(lake.select(world.glue, world.s3, fact.name, f'"{fact.key_name}", "_batch"', world.scratch,
                                      world.processed_database)).most_common(1)  # fmt: skip
        assert doubled[0][1] == 1
    world.history.restart()
    world.is_sound = True
