"""What `totelake query` reads of a lake: the objects of jobs, whatever else lies beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.query.lakes import OURS, ROW, MemoryLake, parquet
from totelake.errors import LakeError

FOREIGN = {
    "a folder marker": ("sub/", b""),
    "a hidden folder": (f"_tmp/{OURS}", ROW),
    "_SUCCESS": ("_SUCCESS", b""),
    "a hidden file": (".part-0.crc", b"crc"),
    "a hidden file of our form": (f"_{OURS}", ROW),
    "empty": ("000000000002-0.parquet", b""),
    "no parquet": ("words.parquet", b"a few words, no parquet"),
    "half written": ("part-00000.parquet", ROW[:-9]),
    "another format": ("staff.csv", b"staff_id,name\n2,Bob\n"),
    "another schema": ("colours.parquet", parquet(colour="red")),
    "the same schema": ("copy.parquet", ROW),
    "a copy in a folder": (f"backup/{OURS}", ROW),
    "huge": ("dump.tar", b"\0" * 3_000_000),
}
TABLES = {"dim_staff": "dim_staff/", "fact_order": "fact_order/month=2026-11/"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_objects_change_no_answer(
    name: str, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, (key, body) = MemoryLake(monkeypatch), FOREIGN[name]
    before = world.ask(f"SELECT * FROM {table}", tmp_path / "before")
    for place in {TABLES[table], f"{table}/"}:
        world.store.put(f"{place}{key}", body)
        world.store.put(place, b"")
    assert world.ask(f"SELECT * FROM {table}", tmp_path / "after") == before
    assert len(list((tmp_path / "after").rglob("*.parquet"))) == 1


def test_all_foreign_objects_together_and_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = MemoryLake(monkeypatch)
    world.store.delete([f"dim_staff/{OURS}"])
    for key, body in FOREIGN.values():
        world.store.put(f"dim_staff/{key}", body)
    assert world.ask("SELECT count(*), count(name) FROM dim_staff", tmp_path) == [(0, 0)]


@pytest.mark.parametrize("body", [b"a few words, no parquet", ROW[:-9], b"PAR1" + b"\0" * 90 + b"PAR1"])
def test_a_damaged_object_of_ours_is_named(body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = MemoryLake(monkeypatch)
    world.store.put(f"dim_staff/{OURS}", body)
    with pytest.raises(LakeError, match=f"s3://processed/dim_staff/{OURS}") as failure:
        world.ask("SELECT * FROM dim_staff", tmp_path)
    assert str(tmp_path) not in str(failure.value)
