"""Rows to parquet objects in flight: Spark writes, the driver reads them back and names what the commit will hold."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Any

import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, DataFrameWriter
from pyspark.sql import functions as F

from totelake.contracts.model import Table
from totelake.contracts.types import spark_type
from totelake.errors import LakeError, TotelakeError
from totelake.lake.keys import Attempt, number_text, quarantined_key
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.runtime.spark import activate
from totelake.star.build import Builder
from totelake.star.plan import Unit, Written
from totelake.star.projection import DELETED, columns_text
from totelake.star.refused import METADATA_TYPES, Sorted

_ONE_FILE_ROWS = 1_000_000
_MOST_ROWS_IN_A_FILE = 4_000_000
_READS_AT_ONCE = 8
_CHUNK = 1024**2
_IN_MEMORY = 16 * 1024**2
_MOST_WORDS = 60
# our manifest is the commit: Spark's need not move every file twice, nor leave a mark
_COMMITTER = {
    "mapreduce.fileoutputcommitter.algorithm.version": "2",
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


class UnitWriter:
    """Writes a unit's rows below an attempt's prefix of the processed bucket."""

    def __init__(self, s3: Any, bucket: str, builder: Builder) -> None:
        self._s3, self._bucket, self._builder = s3, bucket, builder
        self._spark = builder.spark

    def write(self, unit: Unit, attempt: Attempt) -> Written:
        """Build and write: rows that fit, and apart from them those that do not. Raises LakeError when one is lost."""
        try:
            built = self._builder.build(unit)
            state: dict[str, Any] = dict(built.state)
            objects: tuple[LakeObject, ...] = ()
            if built.rows is not None:
                expected = sum(item.rows for name in unit.sources for item in unit.objects(name))
                self._write(built.rows, unit.table, expected, attempt)
                objects = self._objects(unit.table, attempt)
            if built.keep:
                kept = {name: self._keep(frame, name, attempt) for name, frame in built.keep.items()}
                state["inputs"] = {**state.get("inputs", {}), **kept}
            quarantine, by_batch = self._set_apart(built.sorted, unit, attempt)
        except (PySparkException, Py4JJavaError) as error:
            raise explained(unit.table.name, str(error)) from error
        return Written(_commit(unit, objects, quarantine, sum(by_batch.values())), state, by_batch)

    def _set_apart(
        self, found: Sorted | None, unit: Unit, attempt: Attempt
    ) -> tuple[tuple[LakeObject, ...], Mapping[int, int]]:
        """Write what was refused here and what could not be read at ingestion."""
        refused = found.refused if found is not None and found.count_refused else None
        unreadable = self._builder.unreadable(unit)
        frames = [frame for frame in (refused, unreadable) if frame is not None]
        if not frames:
            return (), {}
        rows = reduce(DataFrame.unionByName, frames).coalesce(1)
        prefix = f"{attempt.prefix}quarantine/"
        self._writer(rows.sortWithinPartitions("_batch", "source_key")).parquet(f"s3://{self._bucket}/{prefix}")
        objects: list[LakeObject] = []
        by_batch = Counter[int]()
        for key, size in sorted(self._written(prefix)):
            content = self._body(key)
            batches = _batches(content)
            if not batches:
                continue
            by_batch.update(batches)
            final = quarantined_key("star", unit.table.name, attempt.number, len(objects))
            objects.append(LakeObject(key, final, len(batches), size, hashlib.sha256(content).hexdigest()))
        return tuple(objects), by_batch

    def _body(self, key: str) -> bytes:
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return content

    def write_again(self, rows: DataFrame, table: Table, expected: int, attempt: Attempt) -> Written:
        """Write rows that were in quarantine; how many of each batch."""
        try:
            self._write(rows, table, expected, attempt)
            objects = self._objects(table, attempt)
        except (PySparkException, Py4JJavaError) as error:
            raise explained(table.name, str(error)) from error
        by_batch = Counter[int]()
        for item in objects:
            by_batch.update(_batches(self._body(item.staged)))
        return Written(TableCommit(objects, by_batch.total()), {}, by_batch)

    def write_anew(self, table: Table, items: Sequence[LakeObject], attempt: Attempt) -> tuple[LakeObject, ...]:
        """Write the rows of these objects again as few: all their columns, in the same partitions."""
        if not items:
            return ()
        activate(self._spark)
        types = {column.name: spark_type(column.type) for column in table.lake_columns}
        paths = [f"s3://{self._bucket}/{item.key}" for item in items]
        try:
            rows = self._spark.read.schema(columns_text({**types, **METADATA_TYPES})).parquet(*paths)
            if table.partition_by:
                value = F.regexp_extract(F.input_file_name(), f"/{table.partition_by}=([^/]+)/", 1)
                rows = rows.withColumn(table.partition_by, value)
            self._write(rows, table, sum(item.rows for item in items), attempt)
            return self._objects(table, attempt)
        except (PySparkException, Py4JJavaError) as error:
            raise explained(table.name, str(error)) from error

    def _write(self, rows: DataFrame, table: Table, expected: int, attempt: Attempt) -> None:
        if expected <= _ONE_FILE_ROWS:
            rows = rows.coalesce(1)
        elif table.partition_by:
            rows = rows.repartition(table.partition_by)
        order = [table.partition_by] if table.partition_by else []
        writer = self._writer(rows.sortWithinPartitions(*order, table.key_name, "_batch"))
        if table.partition_by:
            writer = writer.partitionBy(table.partition_by)
        writer.parquet(f"s3://{self._bucket}/{attempt.prefix}{table.name}")

    def _writer(self, rows: DataFrame) -> DataFrameWriter:
        options = {"compression": "zstd", "maxRecordsPerFile": str(_MOST_ROWS_IN_A_FILE), **_COMMITTER}
        return rows.write.options(**options)

    def _keep(self, frame: DataFrame, name: str, attempt: Attempt) -> list[str]:
        """Write an input's newest rows as state; its keys, which only the manifest names."""
        prefix = attempt.state_key(attempt.log, f"-{name}")
        self._writer(frame.coalesce(1)).parquet(f"s3://{self._bucket}/{prefix}")
        return sorted(key for key, _ in self._written(f"{prefix}/"))

    def _objects(self, table: Table, attempt: Attempt) -> tuple[LakeObject, ...]:
        prefix = f"{attempt.prefix}{table.name}/"
        found = sorted(self._written(prefix))
        with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            measured = list(pool.map(self._measured, [key for key, _ in found]))
        objects = []
        for index, ((key, size), (rows, checksum)) in enumerate(zip(found, measured)):
            folders = key[len(prefix) :].split("/")[:-1]
            partition = dict(folder.split("=", 1) for folder in folders)
            name = "/".join([table.name, *folders, f"{number_text(attempt.number)}-{index}.parquet"])
            if rows:
                objects.append(LakeObject(key, name, rows, size, checksum, partition))
        return tuple(objects)

    def _written(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Keys and bytes of what Spark wrote below a prefix that only this attempt uses."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", ()):
                if item["Key"].endswith(".parquet"):
                    yield item["Key"], item["Size"]

    def _measured(self, key: str) -> tuple[int, str]:
        """An object's rows, from its footer, and its SHA-256; it is read once."""
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
            for chunk in self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].iter_chunks(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
            copy.seek(0)
            return int(pq.ParquetFile(copy).metadata.num_rows), digest.hexdigest()


def _batches(content: bytes) -> list[int]:
    found: list[int] = pq.read_table(io.BytesIO(content), columns=["_batch"]).column(0).to_pylist()
    return found


def _commit(
    unit: Unit, objects: tuple[LakeObject, ...], quarantine: tuple[LakeObject, ...], quarantined: int
) -> TableCommit:
    """What a unit's commit says of its table. Raises LakeError when an event is neither a row nor in quarantine."""
    rows = sum(item.rows for item in objects)
    if unit.promised is None:
        return TableCommit(objects, rows, quarantined=quarantined, quarantine=quarantine)
    inserts, updates, deletes = unit.promised
    promised = inserts + updates + deletes + sum(item.quarantined for item in unit.unreadable)
    partition = unit.table.partition_by
    deleted = sum(item.rows for item in objects if partition and item.partition[partition] == DELETED)
    if rows + quarantined != promised or (partition and deleted != deletes):
        raise LakeError(
            f"{unit.table.name} to batch {unit.through}: {rows} rows and {quarantined} quarantined were built of "
            f"{promised} events, {deletes} of them deletions; nothing was committed, see that the batches' objects "
            "are whole and run the job again"
        )
    return TableCommit(objects, rows, inserts, updates, deletes, quarantined, quarantine)


def explained(table: str, text: str) -> TotelakeError:
    """A failure of Spark as one sentence, in its own words."""
    causes = [line.strip() for line in text.splitlines() if line.strip().startswith("Caused by: ")]
    words = (causes[-1][len("Caused by: ") :] if causes else text.strip().splitlines()[0]).split()
    said = " ".join(words[:_MOST_WORDS])
    return LakeError(f"{table} could not be built: {said}; mend the cause and run the job again (--debug shows all)")
