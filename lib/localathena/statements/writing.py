"""Rows of a query as new objects in S3: a dataset, with a folder for each partition."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from localathena.execution import now
from localathena.locations import folder
from localathena.sql.answers import text
from localathena.sql.refusals import refuse
from localathena.sql.types import Type
from localathena.statements.hive_types import arrow_type
from localathena.statements.storage import Storage, Writer, writer
from localathena.statements.work import Work, cannot_write

_ROWS = 1 << 16
_MOST_PARTITIONS = 100
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# what a folder's name has as it is
_SAFE = " !$&()+,-.;<>@_`|~"


@dataclass
class Written:
    """How many rows were written, the objects, and the values and places of their partitions."""

    rows: int = 0
    objects: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], str] = field(default_factory=dict)


def write_rows(
    work: Work, connection: Any, sql: str, columns: Sequence[tuple[str, Type]], keys: int, location: str, form: Storage
) -> Written:
    """Write the rows of DuckDB's `sql`; the last `keys` of its columns are partition keys.

    Nothing is in S3 before all rows are written here; of what cannot be put there whole, nothing is left.
    """
    place = folder(location)
    if place is None:
        refuse("INVALID_TABLE_PROPERTY", f"'{location}' is no place in S3; name one that begins with s3://")
    own = list(columns[: len(columns) - keys])
    schema = pyarrow.schema([(name, arrow_type(kind)) for name, kind in columns])
    with _files(work.settings.state) as kept:
        dataset = _Dataset(kept, form, own, pyarrow.schema(list(schema)[: len(own)]))
        key_kinds = [kind for _, kind in columns[len(own) :]]
        for batch in connection.sql(sql).to_arrow_reader(_ROWS):
            cast = pyarrow.RecordBatch.from_arrays(
                [column.cast(item.type, safe=False) for column, item in zip(batch.columns, schema)], schema=schema
            )
            dataset.add(cast, key_kinds)
        dataset.close()
        return _upload(work, dataset, place, [name for name, _ in columns[len(own) :]], form)


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


def _upload(work: Work, dataset: _Dataset, place: tuple[str, str], keys: list[str], form: Storage) -> Written:
    bucket, prefix = place
    found = Written(dataset.rows)
    name = f"{now():%Y%m%d_%H%M%S}_{work.execution.id[:5]}"
    try:
        for values, path in dataset.files.items():
            inner = "".join(f"{key}={quote(value, safe=_SAFE)}/" for key, value in zip(keys, values))
            key = f"{prefix}{inner}{name}_{uuid.uuid4()}{form.ending}"
            work.clients.s3.upload_file(str(path), bucket, key)
            found.objects.append(f"s3://{bucket}/{key}")
            if keys:
                found.partitions[values] = f"s3://{bucket}/{prefix}{inner}"
    except (ClientError, BotoCoreError, Boto3Error, OSError) as error:
        discard(work, found.objects)
        raise cannot_write(f"s3://{bucket}/{prefix}", error) from error
    return found


def discard(work: Work, objects: Sequence[str]) -> None:
    """Delete objects that nothing knows of."""
    for address in objects:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        work.clients.s3.delete_object(Bucket=bucket, Key=key)


@contextmanager
def _files(state: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="writing-", dir=state))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
