"""What a joined dimension kept of its inputs is read by its own columns, and by no code that a file names."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from tests.integration.star.samples import SPARK, captured_at, events, row
from tests.integration.star.test_builders import GivenEvents
from totelake.contracts import load_contracts
from totelake.errors import DamagedError
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import AcceptedObject, JudgedBatch
from totelake.ports.memory import MemoryStore
from totelake.runtime import parquet as pq
from totelake.star.build import Builder
from totelake.star.plan import Unit

pytestmark = SPARK


class Folder(MemoryStore):
    """Objects that Spark reads as files."""

    def __init__(self, folder: Path) -> None:
        super().__init__("processed")
        self._folder = folder

    def address(self, key: str) -> str:
        return (self._folder / key).as_uri()

    def put_table(self, key: str, table: pa.Table) -> None:
        """A parquet object, and the file that Spark opens in its place."""
        pq.write_table(table, self._folder / key)
        self.put(key, (self._folder / key).read_bytes())


class Payload:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._mark,)


def departments(metadata: dict[bytes, bytes] | None = None) -> pa.Table:
    """One department that the last unit kept, by the contract of then, which had no column `manager`."""
    columns = {
        "department_id": pa.array([8], pa.int32()), "department_name": ["Sales"], "location": ["Leeds"],
        "_op": ["I"], "_batch": pa.array([1], pa.int64()),
        "_captured_at": pa.array([captured_at(1)], pa.timestamp("us", "UTC")),
    }  # fmt: skip
    return pa.table(columns).replace_schema_metadata(metadata)


def staff_of(spark: SparkSession, store: Folder) -> list[Any]:
    """The rows of dim_staff for one new member of staff in that department."""
    star = load_contracts().star("dim_staff")
    before = StarCommit(star.name, star.source, through=1, inputs={"department": ("department.parquet",)})
    accepted = AcceptedObject("staff-2", 1, 0, 0, 0, "f")
    batches = (JudgedBatch(2, f"{captured_at(2).isoformat()}+00:00", 2, {"staff": accepted}),)
    reader = GivenEvents({"staff": events(spark, "staff", {2: [row("staff", 3, department_id=8)]})})
    found = Builder(spark, reader, store).build(Unit(star, before, 2, batches))  # type: ignore[arg-type]
    assert found.rows is not None
    return [tuple(item)[3:5] for item in found.rows.collect()]


def test_kept_rows_are_read_by_the_columns_that_they_were_written_with(spark: SparkSession, tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.put_table("department.parquet", departments())
    assert staff_of(spark, store) == [("Sales", "Leeds")]


@pytest.mark.parametrize("reading", ["ours", "Spark's own"])
def test_no_python_class_of_a_footer_is_loaded(spark: SparkSession, tmp_path: Path, reading: str) -> None:
    """PySpark unpickles the class of a user-defined type in Spark's own metadata; Spark's way shows it is live."""
    mark, store = tmp_path / "ran", Folder(tmp_path)
    kind = {
        "type": "udt", "pyClass": "totelake.NoSuchClass", "sqlType": "string",
        "serializedClass": base64.b64encode(pickle.dumps(Payload(mark))).decode(),
    }  # fmt: skip
    fields = [{"name": "department_name", "type": kind, "nullable": True, "metadata": {}}]
    schema = json.dumps({"type": "struct", "fields": fields})
    metadata = {b"org.apache.spark.sql.parquet.row.metadata": schema.encode()}
    store.put_table("department.parquet", departments(metadata))
    if reading == "ours":
        assert staff_of(spark, store) == [("Sales", "Leeds")]
        assert not mark.exists()
    else:
        with pytest.raises(Exception, match=r"."):
            _ = spark.read.parquet(store.address("department.parquet")).schema.fields[0].dataType.nothing
        assert mark.exists()


def test_kept_rows_that_are_gone_are_named(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match=r"department\.parquet is not there; restore it, or rebuild the dimension"):
        staff_of(spark, Folder(tmp_path))
