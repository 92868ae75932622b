"""Rows to parquet objects in flight: Spark writes, the driver reads them back and names what the commit will hold."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import chain

from pyspark.sql import DataFrame, DataFrameWriter
from pyspark.sql import functions as F

from totelake.contracts.model import Table
from totelake.errors import StarTableError
from totelake.lake.checksums import ObjectChecks, check
from totelake.lake.keys import Attempt, number_text, quarantined_key, star_quarantine
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.quarantine import deletions_of
from totelake.lake.records.batch import StateFile
from totelake.ports.object_store import Listed, ObjectStore
from totelake.runtime import parquet as pq
from totelake.runtime.spark import activate
from totelake.star.build import Builder
from totelake.star.failures import explaining
from totelake.star.plan import Unit, Written
from totelake.star.projection import DELETED
from totelake.star.sorting import SplitRows
from totelake.star.versions import read_versions

_ONE_FILE_ROWS = 1_000_000
_MOST_ROWS_IN_A_FILE = 4_000_000
_READS_AT_ONCE = 8
_CHUNK = 1024**2
_IN_MEMORY = 16 * 1024**2
# our manifest is the commit: Spark's need not move every file twice, nor leave a mark
COMMITTER = {
    "mapreduce.fileoutputcommitter.algorithm.version": "2",
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


class UnitWriter:
    """Writes rows below an attempt's prefix of the processed bucket. `explaining` says how failures are raised."""

    def __init__(self, store: ObjectStore, builder: Builder) -> None:
        self._store, self._builder = store, builder
        self._spark = builder.spark

    def write(self, unit: Unit, attempt: Attempt) -> Written:
        """Build a unit, write the rows that fit and those that do not.

        Raises StarTableError when one is lost, DamagedError when what was kept for it is not what was written.
        """
        for file in unit.before.kept:
            check(self._store, file.key, file.bytes, file.sha256)
        with explaining(unit.table):
            built = self._builder.build(unit)
            objects: tuple[LakeObject, ...] = ()
            if built.rows is not None:
                expected = sum(item.rows for table in unit.inputs for item in unit.objects(table))
                self._write(built.rows, unit.table, expected, attempt)
                objects = self._objects(unit.table, attempt)
            kept = {name: self._keep(frame, name, attempt) for name, frame in built.keep.items()}
            quarantine, by_batch, undeleted = self._quarantine(built.split, unit, attempt)
        commit = _commit(unit, objects, quarantine, sum(by_batch.values()), sum(undeleted.values()))
        inputs = {**built.inputs, **{name: tuple(file.key for file in files) for name, files in kept.items()}}
        return Written(
            commit, by_batch, undeleted, years=built.years, inputs=inputs, kept=_kept(unit.before.kept, kept, inputs)
        )

    def write_again(self, rows: DataFrame, table: Table, expected: int, attempt: Attempt) -> Written:
        """Write rows that leave the quarantine, and count those of each batch."""
        with explaining(table):
            self._write(rows, table, expected, attempt)
            objects = self._objects(table, attempt)
        by_batch = Counter[int]()
        for item in objects:
            by_batch.update(_batches(self._store.get(item.staged)))
        return Written(TableCommit(objects, by_batch.total()), replayed=by_batch)

    def write_anew(self, table: Table, items: Sequence[LakeObject], attempt: Attempt) -> tuple[LakeObject, ...]:
        """Write the rows of these objects again as few: all their columns, in the same partitions."""
        if not items:
            return ()
        ObjectChecks(self._store).check(items)
        activate(self._spark)
        with explaining(table):
            rows = read_versions(self._spark, self._store, table, [item.key for item in items])
            if table.partition_by:
                value = F.regexp_extract(F.input_file_name(), f"/{table.partition_by}=([^/]+)/", 1)
                rows = rows.withColumn(table.partition_by, value)
            self._write(rows, table, sum(item.rows for item in items), attempt)
            return self._objects(table, attempt)

    def _quarantine(
        self, split: SplitRows | None, unit: Unit, attempt: Attempt
    ) -> tuple[tuple[LakeObject, ...], Mapping[int, int], Mapping[int, int]]:
        """Write the rows that do not fit, those that ingestion could not read included.

        How many of each batch, and how many deletions of each are among them.
        """
        quarantined = split.quarantined if split is not None and split.count_quarantined else None
        unreadable = self._builder.unreadable(unit)
        frames = [frame for frame in (quarantined, unreadable) if frame is not None]
        if not frames:
            return (), {}, {}
        rows = reduce(DataFrame.unionByName, frames).coalesce(1)
        prefix = f"{attempt.prefix}quarantine/"
        self._save(rows.sortWithinPartitions("_batch", "source_key"), prefix)
        objects: list[LakeObject] = []
        by_batch, undeleted = Counter[int](), Counter[int]()
        for item in self._written(prefix):
            content = self._store.get(item.key)
            batches = _batches(content)
            if not batches:
                continue
            by_batch.update(batches)
            undeleted.update(deletions_of(content))
            zone = star_quarantine(unit.before.rebuilt)
            final = quarantined_key(zone, unit.table.name, attempt.number, len(objects))
            objects.append(LakeObject(item.key, final, len(batches), item.bytes, hashlib.sha256(content).hexdigest()))
        # ingestion counts what it has quarantined as that alone
        undeleted.subtract(self._builder.deletions_at_ingestion(unit))
        return tuple(objects), by_batch, undeleted

    def _write(self, rows: DataFrame, table: Table, expected: int, attempt: Attempt) -> None:
        if expected <= _ONE_FILE_ROWS:
            rows = rows.coalesce(1)
        elif table.partition_by:
            rows = rows.repartition(table.partition_by)
        order = [table.partition_by] if table.partition_by else []
        ordered = rows.sortWithinPartitions(*order, table.key_name, "_batch")
        self._save(ordered, f"{attempt.prefix}{table.name}", table.partition_by)

    def _save(self, rows: DataFrame, key: str, partition_by: str | None = None) -> None:
        options = {"compression": "zstd", "maxRecordsPerFile": str(_MOST_ROWS_IN_A_FILE), **COMMITTER}
        writer: DataFrameWriter = rows.write.options(**options)
        if partition_by:
            writer = writer.partitionBy(partition_by)
        writer.parquet(self._store.address(key))

    def _keep(self, frame: DataFrame, name: str, attempt: Attempt) -> tuple[StateFile, ...]:
        """Write an input's newest rows as state, which only the manifest names."""
        prefix = attempt.state_key(attempt.log, f"-{name}")
        self._save(frame.coalesce(1), prefix)
        found = [(item, *self._measured(item.key)) for item in self._written(f"{prefix}/")]
        return tuple(StateFile(item.key, rows, item.bytes, checksum) for item, rows, checksum in found)

    def _objects(self, table: Table, attempt: Attempt) -> tuple[LakeObject, ...]:
        prefix = f"{attempt.prefix}{table.name}/"
        found = list(self._written(prefix))
        with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            measured = list(pool.map(self._measured, [item.key for item in found]))
        objects = []
        for index, (item, (rows, checksum)) in enumerate(zip(found, measured)):
            folders = item.key[len(prefix) :].split("/")[:-1]
            partition = dict(folder.split("=", 1) for folder in folders)
            name = "/".join([table.name, *folders, f"{number_text(attempt.number)}-{index}.parquet"])
            if rows:
                objects.append(LakeObject(item.key, name, rows, item.bytes, checksum, partition))
        return tuple(objects)

    def _written(self, prefix: str) -> Iterator[Listed]:
        """What Spark wrote below a prefix that only this attempt uses, by key."""
        return (item for item in self._store.list(prefix) if item.key.endswith(".parquet"))

    def _measured(self, key: str) -> tuple[int, str]:
        """An object's rows, from its footer, and its SHA-256; it is read once."""
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
            for chunk in self._store.stream(key, _CHUNK):
                digest.update(chunk)
                copy.write(chunk)
            copy.seek(0)
            return int(pq.ParquetFile(copy).metadata.num_rows), digest.hexdigest()


def _kept(
    before: Iterable[StateFile], files: Mapping[str, Iterable[StateFile]], inputs: Mapping[str, Iterable[str]]
) -> tuple[StateFile, ...]:
    """The state files that a commit names: those of before that stay, and new ones."""
    named = {key for keys in inputs.values() for key in keys}
    return tuple(file for file in (*before, *chain(*files.values())) if file.key in named)


def _batches(content: bytes) -> list[int]:
    """The batch of every row of a parquet file."""
    found: list[int] = pq.ParquetFile(io.BytesIO(content)).read(columns=["_batch"]).column(0).to_pylist()
    return found


def _commit(
    unit: Unit, objects: tuple[LakeObject, ...], quarantine: tuple[LakeObject, ...], quarantined: int, undeleted: int
) -> TableCommit:
    """What a unit's commit says of its table. Raises StarTableError when an event is no row and not in quarantine."""
    rows = sum(item.rows for item in objects)
    if unit.promised is None:
        return TableCommit(objects, rows, quarantined=quarantined, quarantine=quarantine)
    inserts, updates, deletes = unit.promised
    promised = inserts + updates + deletes + sum(item.quarantined for item in unit.quarantined_at_ingestion)
    partition = unit.table.partition_by
    deleted = sum(item.rows for item in objects if partition and item.partition[partition] == DELETED)
    if rows + quarantined != promised or (partition and deleted + undeleted != deletes):
        raise StarTableError(
            f"{unit.table.name} to batch {unit.through}: {rows} rows and {quarantined} quarantined were built of "
            f"{promised} events, {deletes} of them deletions; nothing was committed, see that the batches' objects "
            "are whole"
        )
    return TableCommit(objects, rows, inserts, updates, deletes, quarantined, quarantine)
