"""How new objects of a table are written: formats, their compressions, and what the Data Catalog says of them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow
import pyarrow.json
import pyarrow.parquet
from pyarrow import orc

from localathena.lake.formats import has_inner_bytes
from localathena.lake.texts import TextForm, text_form
from localathena.sql.answers import text
from localathena.sql.refusals import not_here, refuse
from localathena.sql.types import Type

_HIVE = "org.apache.hadoop.hive"
_TEXT_FORMATS = ("org.apache.hadoop.mapred.TextInputFormat", f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat")
CLASSES: Mapping[str, tuple[str, str, str]] = {
    "PARQUET": (
        f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat",
        f"{_HIVE}.ql.io.parquet.MapredParquetOutputFormat",
        f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "ORC": (f"{_HIVE}.ql.io.orc.OrcInputFormat", f"{_HIVE}.ql.io.orc.OrcOutputFormat", f"{_HIVE}.ql.io.orc.OrcSerde"),
    "TEXTFILE": (*_TEXT_FORMATS, f"{_HIVE}.serde2.lazy.LazySimpleSerDe"),
    "JSON": (*_TEXT_FORMATS, "org.openx.data.jsonserde.JsonSerDe"),
}
"""Of each format the classes of input, output and SerDe."""
_COMPRESSIONS = {
    "PARQUET": ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "ORC": ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "TEXTFILE": ("GZIP", "NONE"),
    "JSON": ("GZIP", "NONE"),
}
_COMPRESSED_BY = ("compression", "write_compression", *(f"{name.lower()}_compression" for name in _COMPRESSIONS))
_OF_TABLES = ("table_type", "external_location", "is_external", "bucketed_by", "bucket_count")
_CODECS = {"NONE": "uncompressed"}


@dataclass(frozen=True)
class Storage:
    """A format with its compression, and how its lines are made if it is text."""

    format: str
    compression: str
    text: TextForm = TextForm()

    @property
    def ending(self) -> str:
        """What the names of objects end with."""
        return ".gz" if self.format in ("TEXTFILE", "JSON") and self.compression == "GZIP" else ""


def storage_of(properties: Mapping[str, str]) -> Storage:
    """What the properties of CTAS or UNLOAD ask for. Raises Refused for what is not written here."""
    name = properties.get("format", "PARQUET").upper()
    if name == "AVRO" or name == "ION":
        not_here(f"the format {name}")
    if name not in CLASSES:
        refuse("INVALID_TABLE_PROPERTY", f"format is '{name}'; it is PARQUET, ORC, JSON or TEXTFILE")
    given = next(
        (
            properties[key]
            for key in (f"{name.lower()}_compression", "write_compression", "compression")
            if key in properties
        ),
        "ZLIB" if name == "ORC" else "GZIP",
    ).upper()
    if given not in _COMPRESSIONS[name]:
        not_here(f"the compression {given} of {name}")
    delimiter = properties.get("field_delimiter", "\x01")
    return Storage(name, given, text_form({"field.delim": delimiter}))


def check_properties(properties: Mapping[str, str], *, of_table: bool) -> None:
    """Raise Refused for a property that CTAS, or UNLOAD, does not have here."""
    known = (*_COMPRESSED_BY, "format", "partitioned_by", "field_delimiter", *(_OF_TABLES if of_table else ()))
    unknown = sorted(name for name in properties if name.lower() not in known)
    if unknown:
        what = "CREATE TABLE AS" if of_table else "UNLOAD"
        refuse("INVALID_TABLE_PROPERTY", f"{what} has no property {', '.join(unknown)} on this machine; leave it out")
    if properties.get("is_external", "true").lower() != "true":
        not_here("a table with is_external = false")


def check_written(storage: Storage, columns: Sequence[tuple[str, Type]]) -> None:
    """Raise Refused for columns that the format does not take."""
    for name, kind in columns:
        is_none = kind.inner if storage.format == "TEXTFILE" else storage.format == "JSON" and has_inner_bytes(kind)
        if is_none:
            not_here(f"the column {name} of the type {kind} in the format {storage.format}")


class Writer(Protocol):
    """Writes batches into one file."""

    def write(self, batch: pyarrow.RecordBatch) -> None:
        """Write rows."""

    def close(self) -> None:
        """End the file."""


def writer(storage: Storage, path: Path, columns: list[tuple[str, Type]], schema: pyarrow.Schema) -> Writer:
    """A writer of a format."""
    if storage.format == "PARQUET":
        codec = _CODECS.get(storage.compression, storage.compression.lower())
        made: Writer = pyarrow.parquet.ParquetWriter(str(path), schema, compression=codec)
        return made
    if storage.format == "ORC":
        return _Orc(orc.ORCWriter(str(path), compression=_CODECS.get(storage.compression, storage.compression.lower())))
    return _Lines(storage, path, columns)


class _Orc:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def write(self, batch: pyarrow.RecordBatch) -> None:
        self._inner.write(pyarrow.Table.from_batches([batch]))

    def close(self) -> None:
        self._inner.close()


class _Lines:
    """Lines of text, of values between delimiters or of JSON."""

    def __init__(self, storage: Storage, path: Path, columns: list[tuple[str, Type]]) -> None:
        opened: Any = gzip.open if storage.compression == "GZIP" else open
        self._file = opened(path, "wt", encoding="utf-8", newline="")
        self._storage, self._columns = storage, columns

    def write(self, batch: pyarrow.RecordBatch) -> None:
        rows = zip(*(column.to_pylist() for column in batch.columns))
        make = self._json if self._storage.format == "JSON" else self._delimited
        self._file.writelines(f"{make(row)}\n" for row in rows)

    def _delimited(self, row: tuple[Any, ...]) -> str:
        return self._storage.text.line([_as_text(value, kind) for value, (_, kind) in zip(row, self._columns)])

    def _json(self, row: tuple[Any, ...]) -> str:
        import json

        document = {name: _of_json(value, kind) for value, (name, kind) in zip(row, self._columns) if value is not None}
        return json.dumps(document, ensure_ascii=False)

    def close(self) -> None:
        self._file.close()


def _as_text(value: Any, kind: Type) -> str | None:
    """A value as lines and JSON have it: bytes in base64, and anything else as Athena shows it."""
    if value is not None and kind.name == "varbinary":
        return base64.b64encode(value).decode("ascii")
    return text(value, kind)


def _of_json(value: Any, kind: Type) -> Any:
    if value is None or kind.name in ("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double"):
        return value
    if kind.name == "array":
        return [_of_json(item, kind.inner[0]) for item in value]
    if kind.name == "map":
        return {str(text(key, kind.inner[0])): _of_json(item, kind.inner[1]) for key, item in dict(value).items()}
    if kind.name == "row":
        return {name: _of_json(value[name], part) for name, part in zip(kind.field_names, kind.inner)}
    return _as_text(value, kind)
