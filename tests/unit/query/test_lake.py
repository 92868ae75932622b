"""What `totelake query` reads of a lake: the objects of jobs, whatever else lies beside them."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.query.lakes import COLUMNS, OURS, ROW, MemoryLake, parquet
from totelake.errors import ConfigurationError, LakeError
from totelake.lake.tables import as_input, columns_input
from totelake.query.text import for_json

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
NOWHERE = {"Columns": columns_input(COLUMNS)}
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


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("storage", [None, {}, {"Columns": []}, NOWHERE, {**NOWHERE, "Location": "x"}])
def test_a_table_that_says_neither_columns_nor_place_is_refused_with_the_remedy(
    storage: Any, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = MemoryLake(monkeypatch)
    present = lake.catalog.table(table)
    assert present is not None
    bare = {field: value for field, value in as_input(present).items() if field != "StorageDescriptor"}
    lake.catalog.replace({**bare, **({} if storage is None else {"StorageDescriptor": storage})}, present, False)
    if TABLES[table] != f"{table}/":
        lake.catalog.replace_partition(table, {"Values": ["2026-11"], "StorageDescriptor": storage})
    with pytest.raises(ConfigurationError, match=rf"star\.{table}.* in the Data Catalog; `totelake repair catalog`"):
        lake.ask(f"SELECT * FROM {table}", tmp_path)


@pytest.mark.parametrize("body", [b"a few words, no parquet", ROW[:-9], b"PAR1" + b"\0" * 90 + b"PAR1"])
def test_a_damaged_object_of_ours_is_named(body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = MemoryLake(monkeypatch)
    world.store.put(f"dim_staff/{OURS}", body)
    with pytest.raises(LakeError, match=f"s3://processed/dim_staff/{OURS}") as failure:
        world.ask("SELECT * FROM dim_staff", tmp_path)
    assert str(tmp_path) not in str(failure.value)


def test_capitals_of_any_alphabet_are_one_column_with_their_small_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = MemoryLake(monkeypatch)
    found.create("unit", {}, [("staff_id", "int"), ("\u00fcnit", "string")], parquet(staff_id=1, Ünit="m"))
    later = parquet(staff_id=2, üNIT="kg")
    found.store.put("unit/000000000002-0.parquet", later)
    asked = 'SELECT staff_id, "\u00fcnit" FROM unit ORDER BY staff_id'
    assert found.ask(asked, tmp_path) == [(1, "m"), (2, "kg")]


def test_bytes_and_texts_of_any_type_are_answered_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = MemoryLake(monkeypatch)
    columns = [("id", "int"), ("raw", "binary"), ("empty", "binary"), ("details", "string")]
    row = parquet(id=1, raw=b"\x00\xff'", empty=b"", details='{"a": "b"}')
    world.create("thing", {}, columns, row)
    (found,) = world.ask("SELECT raw, empty, details, to_hex(raw) FROM thing", tmp_path)
    assert found == (b"\x00\xff'", b"", '{"a": "b"}', "00FF27")
    assert [for_json(value) for value in found] == ["\\x00ff27", "\\x", '{"a": "b"}', "00FF27"]
    assert world.ask("SELECT id FROM thing WHERE raw = X'00FF27'", tmp_path) == [(1,)]


@pytest.mark.parametrize(
    ("written", "kind", "shown"),
    [
        (datetime(2024, 1, 1, 0, 0, 0, 123499), "timestamp", datetime(2024, 1, 1, 0, 0, 0, 123000)),
        (datetime(2024, 1, 1, 0, 0, 0, 123500), "timestamp", datetime(2024, 1, 1, 0, 0, 0, 124000)),
        (datetime(1969, 12, 31, 23, 59, 59, 998400), "timestamp", datetime(1969, 12, 31, 23, 59, 59, 998000)),
        (None, "timestamp", None),
        ([datetime(2024, 1, 1, 0, 0, 0, 123500)], "array<timestamp>", "[2024-01-01 00:00:00.124]"),
        ({"at": datetime(2024, 1, 1, 0, 0, 0, 999500)}, "struct<at:timestamp>", "{at=2024-01-01 00:00:01.000}"),
    ],
)
def test_a_registered_timestamp_has_three_digits_of_a_second(
    written: Any, kind: str, shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = MemoryLake(monkeypatch)
    world.create("dim_moment", {}, [("at", kind)], parquet(at=written))
    assert world.ask("SELECT at FROM dim_moment", tmp_path) == [(shown,)]


@pytest.mark.parametrize(
    ("kind", "arrow", "value", "shown"),
    [
        ("float", pa.float32(), 0.1, 0.1),
        ("float", pa.float32(), None, None),
        ("array<float>", pa.list_(pa.float32()), [0.1, None], "[0.1, null]"),
        ("struct<a:float>", pa.struct([("a", pa.float32())]), {"a": 0.1}, "{a=0.1}"),
    ],
)
def test_a_registered_float_is_the_shortest_number_of_its_four_bytes(
    kind: str, arrow: pa.DataType, value: Any, shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, sink = MemoryLake(monkeypatch), io.BytesIO()
    pq.write_table(pa.table({"x": pa.array([value], arrow)}), sink)
    world.create("dim_weight", {}, [("x", kind)], sink.getvalue())
    assert world.ask("SELECT x FROM dim_weight", tmp_path) == [(shown,)]


def test_of_a_database_that_is_not_ours_every_object_is_read_that_athena_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = MemoryLake(monkeypatch)
    for key in ("part-00000-afd7.snappy.parquet", "deep/er/copy.parquet"):
        world.store.put(f"dim_staff/{key}", parquet(staff_id=2, name="Bob"))
    for key in ("_SUCCESS", "_tmp/000000000001-0.parquet", ".part-0.crc"):
        world.store.put(f"dim_staff/{key}", b"hidden")
    assert world.ask("SELECT count(*), sum(staff_id) FROM shop.dim_staff", tmp_path) == [(3, 5)]
    assert world.ask("SELECT count(*), sum(staff_id) FROM dim_staff", tmp_path) == [(1, 1)]


def test_of_a_database_that_is_not_ours_another_format_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = MemoryLake(monkeypatch)
    present = world.catalog.table("dim_staff")
    assert present is not None
    storage = {**present["StorageDescriptor"], "InputFormat": "org.apache.hadoop.mapred.TextInputFormat"}
    world.catalog.replace({**as_input(present), "StorageDescriptor": storage}, present, False)
    with pytest.raises(ConfigurationError, match="shop.dim_staff is no table of parquet; ask the Athena API"):
        world.ask("SELECT * FROM shop.dim_staff", tmp_path)
