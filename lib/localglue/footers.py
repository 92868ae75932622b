"""What objects say of their columns: the footers of parquet, the beginning of text. Cached by the object's ETag."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from localglue.errors import InvalidInput
from localglue.formats import PARQUET, Format
from localglue.objects import ListedObject
from localglue.store import Store
from localglue.text_files import SAMPLE, NotBuilt, read_text

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TAIL = 64 * 1024
_PICKLED = "arrow.py_extension_type"
_SIMPLE = {
    "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint", "uint8": "smallint", "uint16": "int",
    "uint32": "bigint", "uint64": "decimal(20,0)", "float": "float", "double": "double", "bool": "boolean",
    "string": "string", "large_string": "string", "binary": "binary", "large_binary": "binary",
    "date32[day]": "date",
}  # fmt: skip


class _RefusedType(pa.ExtensionType):  # type: ignore[misc] # pyarrow has no types
    """Stands in the place of the type whose schema is a pickle: before 14.0.1 pyarrow runs it (CVE-2023-47248)."""

    def __init__(self) -> None:
        super().__init__(pa.null(), _PICKLED)

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> pa.ExtensionType:
        raise pa.ArrowInvalid(f"a column has the type {_PICKLED}, which would run code of the file's")


# a newer pyarrow knows no such type; it is refused all the same
with suppress(pa.ArrowKeyError):
    pa.unregister_extension_type(_PICKLED)
pa.register_extension_type(_RefusedType())


@dataclass(frozen=True)
class Footer:
    """Columns as (name, Hive type) in the file's order, the number of rows, and the format."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    format: Format = PARQUET


class Unclassified(Exception):
    """An object that is not readable as parquet, JSON or CSV."""


class FormatNotBuilt(InvalidInput):
    """An object of a format that Glue crawls and localglue does not."""


class UnknownType(InvalidInput):
    """A column of a type without an equivalent in Hive."""


class FooterReader:
    """Reads footers from S3, and keeps them in the store."""

    def __init__(self, s3: S3Client, store: Store) -> None:
        self._s3, self._store = s3, store

    def read(self, bucket: str, item: ListedObject) -> Footer:
        """The footer of a listed object. Raises Unclassified, FormatNotBuilt."""
        known = self._store.footer(bucket, item.key, item.etag)
        if known is None:
            footer = self._parsed(bucket, item.key, item.size)
            columns = [list(column) for column in footer.columns]
            known = {"columns": columns, "rows": footer.rows, "format": footer.format.document()}
            self._store.put_footer(bucket, item.key, item.etag, known)
        found = Format(**known["format"]) if "format" in known else PARQUET
        return Footer(tuple((name, kind) for name, kind in known["columns"]), known["rows"], found)

    def _parsed(self, bucket: str, key: str, size: int) -> Footer:
        tail = self._bytes(bucket, key, max(0, size - _TAIL), size)
        if len(tail) < 12 or tail[-4:] != b"PAR1":
            return self._text(bucket, key, size)
        needed = int.from_bytes(tail[-8:-4], "little") + 8
        if needed > len(tail):
            tail = self._bytes(bucket, key, max(0, size - needed), size)
        try:
            metadata = pq.read_metadata(io.BytesIO(b"PAR1" + tail[-needed:]))
            schema = metadata.schema.to_arrow_schema()
        except (pa.ArrowInvalid, OSError) as error:
            raise Unclassified(f"s3://{bucket}/{key} has no readable parquet footer ({error})") from error
        columns = tuple((field.name.lower(), _type_of(field, bucket, key)) for field in schema)
        return Footer(columns, metadata.num_rows)

    def _text(self, bucket: str, key: str, size: int) -> Footer:
        place = f"s3://{bucket}/{key}"
        try:
            text = read_text(self._bytes(bucket, key, 0, min(size, SAMPLE)), size)
        except NotBuilt as problem:
            raise FormatNotBuilt(
                f"{place} is {problem}, which localglue does not crawl; exclude it from the target"
            ) from problem
        if text is None:
            raise Unclassified(f"{place} is neither parquet nor JSON nor CSV of at least two columns and two rows")
        return Footer(text.columns, round(text.records / text.share), text.format)

    def _bytes(self, bucket: str, key: str, start: int, end: int) -> bytes:
        answer = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
        return answer["Body"].read()


def _type_of(field: pa.Field, bucket: str, key: str) -> str:
    try:
        return hive_type(field.type)
    except UnknownType as problem:
        raise UnknownType(f"s3://{bucket}/{key}, column {field.name}: {problem.message}") from problem


def hive_type(kind: pa.DataType) -> str:
    """The Hive type that Glue's crawler gives a parquet column. Raises UnknownType."""
    if str(kind) in _SIMPLE:
        return _SIMPLE[str(kind)]
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{hive_type(field.type)}' for field in kind)}>"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if pa.types.is_dictionary(kind):
        return hive_type(kind.value_type)
    raise UnknownType(f"parquet's {kind} has no Hive type; write the column with another type")
