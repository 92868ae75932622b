"""Objects of the lake become CSV files of bounded size with every row once, or the object that is at fault is named."""

from __future__ import annotations

import hashlib
import io
import secrets
import tempfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from totelake.errors import StarTableError, WarehouseError
from totelake.ports.memory import MemoryStore
from totelake.warehouse import lake_rows
from totelake.warehouse.lake_rows import LakeRows, csv_files, folder_of_load

NOW = {
    "id": pa.int64(),
    "share": pa.float64(),
    "price": pa.decimal128(20, 2),
    "note": pa.string(),
    "_batch": pa.int64(),
}


def put(store: MemoryStore, key: str, types: dict[str, pa.DataType], *rows: dict[str, Any]) -> None:
    """An object with these rows."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(list(types.items()))), sink)
    store.put(key, sink.getvalue())


def lines(store: MemoryStore, rows: LakeRows, folder: Path) -> list[list[str]]:
    """The lines of each file."""
    return [path.read_text().splitlines() for path in csv_files(store, rows, folder)]


def test_objects_of_every_former_contract_become_rows_of_the_contract_of_now(tmp_path: Path) -> None:
    store = MemoryStore()
    former = {"id": pa.int32(), "share": pa.float32(), "price": pa.decimal128(10, 2), "_batch": pa.int64()}
    put(store, "a", former, {"id": 1, "share": 0.5, "price": Decimal("1.25"), "_batch": 1})
    put(store, "b", {**former, "more": pa.string()}, {"id": 2, "_batch": 1, "more": "x"})
    big = {"id": 2**41, "share": 0.1, "price": Decimal("123456789012345678.25"), "note": "", "_batch": 2}
    put(store, "c", NOW, big)
    assert lines(store, LakeRows("fact_sale", ["a", "b", "c"], NOW), tmp_path) == [
        ["1,0.5,1.25,,1", "2,,,,1", '2199023255552,0.1,123456789012345678.25,"",2']
    ]


@pytest.mark.parametrize(
    ("present", "value", "wanted", "says"),
    [
        (pa.int64(), 1, pa.int32(), "bigint where the contract says int"),
        (pa.float64(), 1.255, pa.decimal128(10, 2), r"double where the contract says decimal\(10,2\)"),
        (pa.decimal128(9, 3), Decimal("1.255"), pa.decimal128(20, 2), r"decimal\(9,3\) where"),
        (pa.decimal128(20, 2), Decimal("1.25"), pa.decimal128(10, 2), r"decimal\(20,2\) where"),
        (pa.timestamp("us"), datetime(2024, 1, 1, 12), pa.date32(), "timestamp where the contract says date"),
        (pa.string(), "12", pa.int64(), "string where the contract says bigint"),
        (pa.int32(), 1, pa.string(), "int where the contract says string"),
        (pa.float64(), 0.1, pa.float32(), "double where the contract says float"),
    ],
)  # fmt: skip
def test_a_column_of_a_type_that_the_contract_does_not_take_whole_is_refused(
    present: pa.DataType, value: Any, wanted: pa.DataType, says: str, tmp_path: Path
) -> None:
    store = MemoryStore()
    put(store, "there", {"a": wanted})
    put(store, "other", {"a": present}, {"a": value})
    sentence = f"^s3://.*/other has a as {says}.*; build the table anew: `totelake rebuild fact_sale`$"
    with pytest.raises(StarTableError, match=sentence):
        lines(store, LakeRows("fact_sale", ["there", "other"], {"a": wanted}), tmp_path)


def test_files_are_bounded_and_have_every_row_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_rows, "_FILE_BYTES", 100)
    monkeypatch.setattr(lake_rows, "_MOST_ROWS_AT_ONCE", 10)
    store, kind = MemoryStore(), {"id": pa.int64()}
    for key, first in (("a", 0), ("b", 50), ("c", 55)):
        put(store, key, kind, *({"id": 100 + first + place} for place in range({"a": 50, "b": 5, "c": 45}[key])))
    found = lines(store, LakeRows("fact_sale", ["a", "b", "c"], kind), tmp_path)
    assert [len(file) for file in found] == [30, 25, 30, 15]
    assert [line for file in found for line in file] == [str(100 + place) for place in range(100)]


WIDE = 20_000


@pytest.mark.parametrize(
    "texts",
    [
        [secrets.token_hex(WIDE // 2) for _ in range(1800)],
        ["x" * WIDE] * 1800,
        ["x"] * 20_000 + [secrets.token_hex(WIDE // 2) for _ in range(1800)],
        ['"' * WIDE] * 1800,
    ],
    ids=["wide", "the same wide text", "wide ones at the end", "quotes"],
)
def test_wide_rows_make_neither_files_nor_memory_larger(texts: list[str], tmp_path: Path) -> None:
    store, kind, before, files = MemoryStore(), {"note": pa.string()}, pa.default_memory_pool(), []
    put(store, "a", kind, *({"note": text} for text in texts))
    digest, found = hashlib.sha256(), hashlib.sha256()
    for text in texts:
        digest.update(b'"%s"\n' % text.replace('"', '""').encode())
    pool = pa.proxy_memory_pool(before)
    pa.set_memory_pool(pool)
    try:
        for path in csv_files(store, LakeRows("fact_sale", ["a"], kind), tmp_path):
            files.append(path.stat().st_size)
            found.update(path.read_bytes())
    finally:
        pa.set_memory_pool(before)
    assert found.digest() == digest.digest()
    assert len(files) > 1 and max(files) < 33 * 1024**2
    assert pool.max_memory() < 80 * 1024**2


def test_rows_of_other_batches_are_left_out(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, "a", NOW, *({"id": batch, "_batch": batch} for batch in range(1, 6)))
    put(store, "b", NOW, {"id": 9, "_batch": 9})
    (found,) = lines(store, LakeRows("fact_sale", ["a", "b"], {"id": pa.int64(), "_batch": pa.int64()}, 1, 3), tmp_path)
    assert found == ["2,2", "3,3"]
    assert lines(store, LakeRows("fact_sale", [], NOW, 0, 3), tmp_path) == []


def test_an_object_without_batches_is_told_where_rows_are_chosen_by_them(tmp_path: Path) -> None:
    store, kind = MemoryStore(), {"id": pa.int64()}
    put(store, "a", kind, {"id": 2})
    with pytest.raises(StarTableError, match="a has no column _batch, so nothing tells which .* due; restore it from"):
        lines(store, LakeRows("fact_sale", ["a"], {**kind, "_batch": pa.int64()}, 1, 3), tmp_path)
    assert lines(store, LakeRows("fact_sale", ["a"], kind), tmp_path) == [["2"]]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["there", "gone"], "gone is not there; restore the object from the bucket's version history"),
        (["there", "text"], r"text cannot be read \(.*\); restore it from the version history of s3://"),
        (["there", "cut"], r"cut cannot be read \(.*\); restore it from the version history of s3://"),
    ],
)
def test_an_object_that_is_gone_or_damaged_is_named(keys: Sequence[str], says: str, tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, "there", NOW, {"id": 1, "_batch": 1})
    store.put("text", b"no parquet at all")
    store.put("cut", store.get("there")[:200])
    with pytest.raises(StarTableError, match=says):
        lines(store, LakeRows("fact_sale", keys, NOW), tmp_path)


def test_a_folder_that_takes_nothing_is_no_tables_matter(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, "there", NOW, {"id": 1, "_batch": 1})
    with pytest.raises(
        WarehouseError, match=r"none of the job takes no rows .*: No such file or directory; free space"
    ):
        lines(store, LakeRows("fact_sale", ["there"], NOW), tmp_path / "none")


def test_the_folder_is_the_runs_own_where_that_takes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, default = tmp_path / "own", tmp_path / "default"
    own.mkdir()
    default.mkdir()
    monkeypatch.chdir(own)
    monkeypatch.setattr(tempfile, "tempdir", str(default))
    with folder_of_load() as folder:
        assert (folder.parent, folder.name[:14], folder.is_dir()) == (own, "totelake-load-", True)
    own.rmdir()
    with folder_of_load() as folder:
        assert (folder.parent, folder.name[:14], folder.is_dir()) == (default, "totelake-load-", True)
    assert not any(default.iterdir())
    default.rmdir()
    sentence = (
        "^the folder for temporary files of the job takes no rows .*: No such file or directory; free space there"
    )
    with pytest.raises(WarehouseError, match=sentence), folder_of_load():
        pass


def test_the_times_of_objects_that_spark_wrote_stay_as_they_are(tmp_path: Path) -> None:
    store, at = MemoryStore(), datetime(2024, 1, 1, 12, 0, 0, 1)
    put(store, "a", {"at": pa.timestamp("us", "UTC")}, {"at": at})
    assert lines(store, LakeRows("fact_sale", ["a"], {"at": pa.timestamp("us")}), tmp_path) == [
        ["2024-01-01 12:00:00.000001"]
    ]


def test_a_time_between_microseconds_is_refused(tmp_path: Path) -> None:
    store, kind = MemoryStore(), {"at": pa.timestamp("ns")}
    rows = LakeRows("fact_sale", ["a"], {"at": pa.timestamp("us")})
    put(store, "a", kind, {"at": pa.scalar(1000, pa.timestamp("ns"))})
    assert lines(store, rows, tmp_path) == [["1970-01-01 00:00:00.000001"]]
    put(store, "a", kind, {"at": pa.scalar(1001, pa.timestamp("ns"))})
    with pytest.raises(StarTableError, match=r"a has a value in at that is no timestamp \(.*\); build the table anew"):
        lines(store, rows, tmp_path)
