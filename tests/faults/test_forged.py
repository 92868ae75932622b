"""Objects that somebody replaced by others of their size, and rows that somebody edited: no step takes them, and
reconcile finds them. Each object stays readable parquet, so nothing but its checksum tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.pipeline import warehouse_tables
from tests.faults.world import CHECK, DIMENSIONS, FACTS, INGEST, LOAD, World
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.contracts.types import decimal_of, is_text, is_time, is_timestamp
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Bookmark
from totelake.lake.records.holds import LOG as HOLDS
from totelake.operate.reconcile.lake import KEYS
from totelake.operate.reconcile.warehouse import CONTENT
from totelake.ports.s3 import S3Store

pytestmark = SPARK
NOT_OURS = "is not what its job wrote (SHA-256"
Place = tuple[str, str]


@contextmanager
def forged(world: World, place: Place) -> Iterator[str]:
    """An object with another content of the same size, its writer's name in other letters; whole again afterwards."""
    bucket, key = place
    body = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    other = body.replace(b"parquet", b"PARQUET")
    assert other != body and len(other) == len(body)
    world.s3.put_object(Bucket=bucket, Key=key, Body=other)
    try:
        yield f"s3://{bucket}/{key} {NOT_OURS}"
    finally:
        world.s3.put_object(Bucket=bucket, Key=key, Body=body)


def newest(world: World, name: str = "") -> Manifest:
    """The newest commit of a log, the source's without a name."""
    found = (world.log(name) if name else world.log()).newest()
    assert found is not None
    return found


def staged_events(world: World) -> Place:
    """What ingestion wrote, before it is judged."""
    return world.ingestion, newest(world).objects_of("design")[0].staged


def accepted_events(world: World) -> Place:
    """What was judged, before it is built."""
    return world.ingestion, newest(world).objects_of("design")[0].key


def built_versions(world: World) -> Place:
    """What was built, before it is loaded."""
    return world.processed, newest(world, "dim_design").objects_of("dim_design")[0].key


def ledger(world: World) -> Place:
    """What ingestion knows of a table: its newest file."""
    files = Bookmark.of(newest(world)).tables["design"].ledger
    assert files.base is not None
    return world.ingestion, [files.base, *files.deltas][-1].key


def kept_rows(world: World) -> Place:
    """What a joined dimension keeps of its inputs."""
    return world.processed, newest(world, "dim_staff").state["kept"][0]["key"]


# the jobs that run before the object is forged, and the one that must not take it
STEPS: dict[Callable[[World], Place], tuple[tuple[str, ...], str]] = {
    staged_events: ((INGEST,), CHECK),
    accepted_events: ((INGEST, CHECK), DIMENSIONS),
    built_versions: ((INGEST, CHECK, DIMENSIONS, FACTS), LOAD),
    ledger: ((), INGEST),
    kept_rows: ((INGEST, CHECK), DIMENSIONS),
}


def said_by(world: World, job: str) -> str:
    """What a run says that fails, or holds a table."""
    try:
        world.run(job)
    except SystemExit as error:
        return str(error)
    held = CommitLog(S3Store(world.s3, world.processed), HOLDS).newest()
    return "" if held is None else str(held.state)


@pytest.mark.parametrize("place", STEPS, ids=lambda place: place.__name__)
def test_no_step_takes_a_forged_object_of_the_same_size(world: World, place: Callable[[World], Place]) -> None:
    world.source("UPDATE design SET file_name = file_name || '+' WHERE design_id <= 3")
    world.source("UPDATE staff SET first_name = first_name || '+' WHERE staff_id = 1")
    design = load_contracts().star("dim_design")
    before, (jobs, refusing) = world.loaded(design), STEPS[place]
    world.chain(jobs)
    with forged(world, place(world)) as sentence:
        assert sentence in said_by(world, refusing)
        assert world.loaded(design) == before
    assert world.settle() == {}


PLACES: dict[Callable[[World], Place], tuple[str, str]] = {
    accepted_events: ("design", KEYS),
    built_versions: ("dim_design", CONTENT),
}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_reconcile_finds_a_forged_object(world: World, place: Callable[[World], Place]) -> None:
    world.edit(with_dimension=True)
    assert world.settle() == {}
    with forged(world, place(world)) as sentence:
        found = world.findings()
    assert [(item.table, item.check) for item in found] == [PLACES[place]]
    assert found[0].detail.startswith(sentence)
    assert world.findings() == []
    world.is_sound = True


def changed(kind: str, name: str) -> str:
    """An expression of another value of a type, for a column that is not NULL."""
    if is_text(kind):
        return f"'~' || pg_catalog.substr({name}, 2)"
    if is_time(kind) or is_timestamp(kind):
        return f"{name} + interval '1 ms'"
    if kind == "boolean":
        return f"NOT {name}"
    return f"{name} + {0.01 if (decimal_of(kind) or (0, 0))[1] else 1}"


def editable(table: Table) -> list[tuple[str, str]]:
    """The columns of a table that nothing refers to and that refer to nothing, by name and type."""
    keys = {table.key_name, *(column.name for column in table.columns if column.primary_key or column.foreign_key)}
    return [(column.name, column.type) for column in table.lake_columns if column.name not in keys]


@pytest.mark.parametrize("which", [0, -1], ids=["first column", "last column"])
def test_reconcile_finds_a_value_that_somebody_edited_in_each_table_of_the_warehouse(world: World, which: int) -> None:
    edited = []
    for table in warehouse_tables():
        name, kind = editable(table)[which]
        key, column = f'"{table.key[0].name}"', f'"{name}"'
        row, value = world.warehouse(f"SELECT {key}, {column} FROM {table.name} WHERE {column} IS NOT NULL LIMIT 1")[0]
        set_value = f"UPDATE {table.name} SET {column} = {{}} WHERE {key} = %s RETURNING 1"
        world.warehouse(set_value.format(changed(kind, column)), row)
        edited.append((set_value.format("%s"), value, row))
    found = world.findings()
    for statement, value, row in edited:
        world.warehouse(statement, value, row)
    assert {(item.table, item.check) for item in found} == {(table.name, CONTENT) for table in warehouse_tables()}
    assert all("; 1 keys have rows that differ, among them " in item.detail for item in found)
    assert world.findings() == []
    world.is_sound = True
