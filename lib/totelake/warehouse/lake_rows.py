"""Rows of the lake's objects as CSV, in the form that PostgreSQL's COPY takes, in files of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import Table
from totelake.contracts.types import arrow_type
from totelake.errors import DamagedError, StarTableError, WarehouseError
from totelake.lake.footers import hive_of_arrow
from totelake.lake.pieces import in_pieces
from totelake.lake.quarantine import SCHEMA
from totelake.ports.object_store import ObjectStore
from totelake.runtime import parquet as pq
from totelake.schemas.hive_widening import is_wider
from totelake.warehouse.lake_objects import objects

_METADATA = {"_op": pa.string(), "_batch": pa.int64(), "_captured_at": pa.timestamp("us")}
_PREFIX = "totelake-load-"
# more make nothing faster, and a text that a page has once, for thousands of rows, takes its length for each of them
_MOST_ROWS_AT_ONCE = 2 * 1024
# of rows that are read or written at once, but for a single row that has more
_BYTES_AT_ONCE = 8 * 1024**2
# of each column chunk; without it the reader takes all of a chunk into memory
_READ_AT_ONCE = 256 * 1024
# a file is closed once it has as many bytes, so it and the rows at once bound what a table needs of disk and memory
_FILE_BYTES = 16 * 1024**2
# every text is quoted, so an empty one differs from NULL, which is nothing at all between two commas
_FORM = csv.WriteOptions(include_header=False, quoting_style="needed")


@dataclass(frozen=True)
class LakeRows:
    """The rows of some objects of a star table, by the names and Arrow types of `columns`.

    With `beyond` and `through` only those whose `_batch` is higher than the one and at most the other. `checksums` are
    the SHA-256 of the objects by key, as manifests name them.
    """

    table: str
    keys: Sequence[str]
    columns: Mapping[str, pa.DataType]
    beyond: int | None = None
    through: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)

    def copy_into(self, target: str) -> str:
        """The statement that takes the files, for a table by its quoted name."""
        return f"COPY {target} ({', '.join(sql_quoted(name) for name in self.columns)}) FROM STDIN (FORMAT csv)"


def columns_of(table: Table) -> dict[str, pa.DataType]:
    """What a star table's objects have: the contract's columns and the metadata."""
    return {**{column.name: arrow_type(column.type) for column in table.lake_columns}, **_METADATA}


def quarantine_columns() -> dict[str, pa.DataType]:
    """What objects of quarantined rows have."""
    return {field.name: field.type for field in SCHEMA}


@contextmanager
def folder_of_load() -> Iterator[Path]:
    """A folder for `csv_files`, gone after the block.

    It is below the working folder of the run, which is removed with what a killed run leaves in it; where that takes
    nothing, below the default folder for temporary files. Raises WarehouseError where neither takes it.
    """
    with ExitStack() as held:
        try:
            folder = held.enter_context(TemporaryDirectory(prefix=_PREFIX, dir=Path.cwd()))
        except OSError:
            try:
                folder = held.enter_context(TemporaryDirectory(prefix=_PREFIX))
            except OSError as error:
                raise _full("for temporary files", error) from error
        yield Path(folder)


def _full(which: str, error: OSError) -> WarehouseError:
    return WarehouseError(
        f"the folder {which} of the job takes no rows on their way to the warehouse: {error.strerror or error}; "
        "free space there, or let the job write there"
    )


def csv_files(store: ObjectStore, rows: LakeRows, folder: Path) -> Iterator[Path]:
    """The rows as files in the folder; each is gone when the next is asked for.

    A file is closed once it has 16 MiB. Rows are written by at most 8 MiB at once, unless a single one has more.

    A column that an object lacks is NULL, and one of a narrower type gets the wider one. Raises StarTableError for an
    object that is gone, is not the one that its manifest names, is no parquet, has no `_batch` by which to choose rows,
    or has a column of a type that is neither the contract's nor a narrower one, WarehouseError when the folder takes no
    more.
    """
    try:
        yield from _files(store, rows, folder)
    except OSError as error:
        raise _full(str(folder), error) from error


def _files(store: ObjectStore, rows: LakeRows, folder: Path) -> Iterator[Path]:
    schema, path = pa.schema(list(rows.columns.items())), folder / "rows.csv"
    batches = _batches(store, rows, folder)
    batch = next(batches, None)
    while batch is not None:
        with path.open("wb") as file, csv.CSVWriter(file, schema, write_options=_FORM) as writer:
            while batch is not None and file.tell() < _FILE_BYTES:
                writer.write_batch(batch)
                batch = next(batches, None)
        yield path


def _batches(store: ObjectStore, rows: LakeRows, folder: Path) -> Iterator[pa.RecordBatch]:
    try:
        for key, body in objects(store, rows.keys, folder, rows.checksums):
            yield from _of_object(store, store.address(key), body, rows)
    except DamagedError as error:
        raise StarTableError(str(error)) from error


def _of_object(store: ObjectStore, where: str, body: pa.NativeFile | Path, rows: LakeRows) -> Iterator[pa.RecordBatch]:
    """The rows of one object that are wanted, with the wanted columns."""
    with _readable(store, where):
        file = pq.ParquetFile(body, buffer_size=_READ_AT_ONCE)
        found = file.schema_arrow
    if rows.through is not None and "_batch" not in found.names:
        raise StarTableError(
            f"{where} has no column _batch, so nothing tells which of its rows are due; "
            f"restore it from the version history of s3://{store.bucket}"
        )
    _check_types(where, rows, {name: found.field(name).type for name in rows.columns if name in found.names})
    batches = file.iter_batches(_rows_at_once(file), columns=[name for name in rows.columns if name in found.names])
    while True:
        with _readable(store, where):
            batch = next(batches, None)
        if batch is None:
            return
        # a row group's wide rows may be next to each other
        for part in in_pieces(_wanted(batch, rows), _BYTES_AT_ONCE):
            yield _fitted(where, part, rows)


def _rows_at_once(file: pq.ParquetFile) -> int:
    """As many rows as have about 8 MiB by the widest row group."""
    groups = [file.metadata.row_group(place) for place in range(file.num_row_groups)]
    width = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows), default=0)
    return max(1, int(min(_MOST_ROWS_AT_ONCE, _BYTES_AT_ONCE / max(width, 1))))


@contextmanager
def _readable(store: ObjectStore, where: str) -> Iterator[None]:
    """Raises StarTableError when the block cannot read an object."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        words = " ".join(str(error).split())
        raise StarTableError(
            f"{where} cannot be read ({words}); restore it from the version history of s3://{store.bucket}"
        ) from error


def _wanted(batch: pa.RecordBatch, rows: LakeRows) -> pa.RecordBatch:
    if rows.beyond is None or rows.through is None:
        return batch
    numbers = batch.column(batch.schema.get_field_index("_batch"))
    is_due = pc.and_(pc.greater(numbers, rows.beyond), pc.less_equal(numbers, rows.through))
    return batch if pc.all(is_due).as_py() else batch.filter(is_due)


def _check_types(where: str, rows: LakeRows, found: Mapping[str, pa.DataType]) -> None:
    """Raises StarTableError unless the contract's types take every value of those that an object has."""
    for name, kind in found.items():
        present, wanted = hive_of_arrow(kind), hive_of_arrow(rows.columns[name])
        if present != wanted and not is_wider(present, wanted):
            raise _misfit(rows, f"{where} has {name} as {present} where the contract says {wanted}")


def _misfit(rows: LakeRows, what: str) -> StarTableError:
    return StarTableError(f"{what}; build the table anew: `totelake rebuild {rows.table}`")


def _fitted(where: str, batch: pa.RecordBatch, rows: LakeRows) -> pa.RecordBatch:
    found = {name: batch.column(place) for place, name in enumerate(batch.schema.names)}
    arrays = []
    for name, kind in rows.columns.items():
        try:
            arrays.append(found[name].cast(kind) if name in found else pa.nulls(batch.num_rows, kind))
        except pa.ArrowInvalid as error:
            # times of nanoseconds are the only ones of a type that fits in name alone
            words = " ".join(str(error).split())
            raise _misfit(rows, f"{where} has a value in {name} that is no {hive_of_arrow(kind)} ({words})") from error
    return pa.RecordBatch.from_arrays(arrays, names=list(rows.columns))
