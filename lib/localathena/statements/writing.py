"""Rows of a query as new objects in S3: a dataset, with a folder for each partition."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from localathena.columns import metadata
from localathena.execution import now
from localathena.locations import folder
from localathena.sql.answers import text
from localathena.sql.refusals import refuse
from localathena.sql.types import BIGINT, Type
from localathena.statements.hive_types import arrow_type
from localathena.statements.storage import Storage, Writer, check_written, writer
from localathena.statements.work import Work, cannot_write, take_back

_ROWS = 1 << 16
_MOST_PARTITIONS = 100
COUNT = [("rows", BIGINT)]
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# what a folder's name has as it is
_SAFE = " !$&()+,-.;<>@_`|~"


@dataclass
class Written:
    """How many rows were written, the objects, and the values and places of their partitions."""

    rows: int = 0
    objects: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], str] = field(default_factory=dict)


PlaceOf = Callable[["tuple[str, ...]"], "str | None"]
"""Where a partition lies that is registered; None for one that is not. Raises Refused for one that is not written."""


def write_rows(
    work: Work,
    connection: Any,
    sql: str,
    columns: Sequence[tuple[str, Type]],
    keys: int,
    location: str,
    form: Storage,
    place_of: PlaceOf = lambda values: None,
) -> Written:
    """Write the rows of DuckDB's `sql`; the last `keys` of its columns are partition keys.

    Nothing is in S3 before all rows are written here; of what cannot be put there whole, or is stopped, nothing is
    left.
    """
    check_written(form, columns[: len(columns) - keys])
    place = folder(location)
    if place is None:
        refuse("INVALID_TABLE_PROPERTY", f"'{location}' is no place in S3; name one that begins with s3://")
    own = list(columns[: len(columns) - keys])
    schema = pyarrow.schema([(name, arrow_type(kind)) for name, kind in columns])
    with _files(work.settings.state) as kept:
        dataset = _Dataset(kept, form, own, pyarrow.schema(list(schema)[: len(own)]))
        key_kinds = [kind for _, kind in columns[len(own) :]]
        for batch in connection.sql(sql).to_arrow_reader(_ROWS):
            work.check()
            cast = pyarrow.RecordBatch.from_arrays(
                [column.cast(item.type, safe=False) for column, item in zip(batch.columns, schema)], schema=schema
            )
            dataset.add(cast, key_kinds)
        dataset.close()
        names = [name for name, _ in columns[len(own) :]]
        folders = {values: _folder(place, names, values, place_of) for values in dataset.files}
        return _upload(work, dataset, folders, form)


class _Dataset:
    """One file for each partition."""

    def __init__(self, kept: Path, form: Storage, columns: list[tuple[str, Type]], schema: pyarrow.Schema) -> None:
        self._kept, self._form, self._columns, self._schema = kept, form, columns, schema
        self.rows = 0
        self.files: dict[tuple[str, ...], Path] = {}
        self._writers: dict[tuple[str, ...], Writer] = {}

    def add(self, batch: pyarrow.RecordBatch, key_kinds: list[Type]) -> None:
        self.rows += batch.num_rows
        own = len(self._columns)
        if not key_kinds:
            self._writer(()).write(batch)
            return
        values = zip(*(batch.column(own + number).to_pylist() for number in range(len(key_kinds))))
        rows: dict[tuple[str, ...], list[int]] = {}
        for number, row in enumerate(values):
            key = tuple(_partition_text(value, kind) for value, kind in zip(row, key_kinds))
            rows.setdefault(key, []).append(number)
        for key, numbers in rows.items():
            part = batch.take(pyarrow.array(numbers)).select(list(range(own)))
            self._writer(key).write(pyarrow.RecordBatch.from_arrays(part.columns, schema=self._schema))

    def _writer(self, key: tuple[str, ...]) -> Writer:
        if key not in self._writers:
            if len(self._writers) == _MOST_PARTITIONS:
                refuse(
                    "HIVE_TOO_MANY_OPEN_PARTITIONS",
                    f"Exceeded limit of {_MOST_PARTITIONS} open writers for partitions/buckets",
                )
            self.files[key] = self._kept / str(len(self.files))
            self._writers[key] = writer(self._form, self.files[key], self._columns, self._schema)
        return self._writers[key]

    def close(self) -> None:
        for item in self._writers.values():
            item.close()


def _partition_text(value: Any, kind: Type) -> str:
    found = text(value, kind)
    return NULL_PARTITION if found is None or found == "" else found


def _folder(place: tuple[str, str], keys: list[str], values: tuple[str, ...], place_of: PlaceOf) -> tuple[str, str]:
    """Bucket and prefix of a partition's objects: where it is registered, or below its table's folder."""
    known = place_of(values) if keys else None
    if known is not None:
        found = folder(known)
        if found is None:
            refuse("HIVE_INVALID_METADATA", f"'{known}' is no place in S3; correct the partition's location")
        return found
    inner = "".join(f"{key}={quote(value, safe=_SAFE)}/" for key, value in zip(keys, values))
    return place[0], f"{place[1]}{inner}"


def _upload(
    work: Work, dataset: _Dataset, folders: Mapping[tuple[str, ...], tuple[str, str]], form: Storage
) -> Written:
    found = Written(dataset.rows)
    name = f"{now():%Y%m%d_%H%M%S}_{work.execution.id[:5]}"
    with ExitStack() as undo:
        undo.callback(discard, work, found.objects)
        for values, path in dataset.files.items():
            work.check()
            bucket, prefix = folders[values]
            key = f"{prefix}{name}_{uuid.uuid4()}{form.ending}"
            found.objects.append(f"s3://{bucket}/{key}")
            try:
                work.clients.s3.upload_file(str(path), bucket, key)
            except (ClientError, BotoCoreError, Boto3Error, OSError) as error:
                raise cannot_write(f"s3://{bucket}/{prefix}", error) from error
            if values:
                found.partitions[values] = f"s3://{bucket}/{prefix}"
        undo.pop_all()
    return found


def discard(work: Work, objects: Sequence[str]) -> None:
    """Delete objects that nothing knows of."""
    for address in objects:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        take_back(address, partial(work.clients.s3.delete_object, Bucket=bucket, Key=key))


def check_empty(work: Work, location: str, what: str) -> None:
    """Raise Refused when something is below a folder, or it is in no bucket."""
    place = folder(location)
    if place is None:
        refuse("INVALID_TABLE_PROPERTY", f"'{location}' is no place in S3; name one that begins with s3://")
    try:
        found = work.clients.s3.list_objects_v2(Bucket=place[0], Prefix=place[1], MaxKeys=1)
    except (ClientError, BotoCoreError) as error:
        raise cannot_write(location, error) from error
    if found.get("KeyCount"):
        refuse("HIVE_PATH_ALREADY_EXISTS", f"Target directory for {what} already exists: {location}")


def partition_inputs(table: Any, written: Written) -> list[dict[str, Any]]:
    """The partitions of new objects as the Data Catalog takes them; their format is the table's."""
    descriptor = table["StorageDescriptor"]
    return [
        {"Values": list(values), "StorageDescriptor": {**descriptor, "Location": place.rstrip("/")}}
        for values, place in written.partitions.items()
    ]


def manifest(work: Work, written: Written) -> None:
    """List the objects beside the result, and say how many rows there are."""
    address = f"{work.output}-manifest.csv"
    work.put(address, "".join(f"{item}\n" for item in written.objects).encode())
    work.put(f"{work.output}.metadata", metadata(COUNT))
    work.execution.columns, work.execution.update_count = COUNT, written.rows
    work.execution.manifest = address


@contextmanager
def _files(state: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="writing-", dir=state))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
