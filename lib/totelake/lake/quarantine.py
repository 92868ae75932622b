"""Quarantined rows: the rule that each breaks and its values as text, in parquet beside the accepted rows."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable

import pyarrow as pa

from totelake.contracts.identifiers import spark_quoted
from totelake.lake.objects import ObjectWriter, Stored
from totelake.runtime import parquet as pq

UNREADABLE = "unreadable"
# bytes that are no text, and a row that the server cannot send: only a mended source brings them
INVALID_BYTES = "invalid_bytes"
NOT_SENT = "not_sent"
# what a feed brings in the place of a record: there is nothing to try again
NO_RECORD = "no_record"
NEVER_REPLAYED = (INVALID_BYTES, NOT_SENT, NO_RECORD)
# of a row that breaks one of these rules every value is as `escaped` writes it
ALL_ESCAPED = (INVALID_BYTES, NOT_SENT)
# where a feed's record was found and why it waits: names in its payload beside those of the record
PLACE_NAMES = FILE, LINE, WHY = "_file", "_line", "_why"
MISSING_PARENT = "missing_parent"
INVALID_VALUE = "invalid_value"
INVALID_DATE = "invalid_date"
OUT_OF_RANGE = "out_of_range"
REQUIRED = "required"
UNKNOWN_CODE = "unknown_code"
MISSING_COLUMN = "missing_column"

SCHEMA = pa.schema(
    [
        pa.field("source_table", pa.string()),
        pa.field("source_key", pa.int64()),
        pa.field("rule", pa.string()),
        pa.field("column_name", pa.string()),
        pa.field("value", pa.string()),
        pa.field("payload", pa.string()),
        pa.field("_op", pa.string()),
        pa.field("_batch", pa.int64()),
        pa.field("_captured_at", pa.timestamp("us")),
    ]
)
# what rows of the source have besides: the key as a JSON object of texts where it is not one integer, and so no
# `source_key`. Star tables are built of tables with one integer alone, and older objects lack it
KEY_VALUES = "key_values"
_SOURCE_SCHEMA = SCHEMA.append(pa.field(KEY_VALUES, pa.string()))
HIVE_COLUMNS = (
    ("source_table", "string"),
    ("source_key", "bigint"),
    ("rule", "string"),
    ("column_name", "string"),
    ("value", "string"),
    ("payload", "string"),
    ("_op", "string"),
    ("_batch", "bigint"),
    ("_captured_at", "timestamp"),
)
SPARK_SCHEMA = ", ".join(f"{spark_quoted(name)} {kind}" for name, kind in HIVE_COLUMNS)
QUARANTINE_TABLE = "quarantine"
# so many rows, or characters of them, are in memory at once
_ROWS_AT_ONCE, _CHARACTERS_AT_ONCE = 1000, 8 * 1024**2
_BACKSLASH = b"\\"
_ESCAPE = re.compile(rb"\\(\\|[0-7]{3})")
_OCTAL = {0: "\\000", **{byte: f"\\{byte:03o}" for byte in range(128, 256)}}


@dataclass(frozen=True)
class QuarantinedRow:
    """A row of the source that cannot be read exactly; `values` are its columns as text, None is NULL.

    Under INVALID_BYTES and NOT_SENT every value is as `escaped` writes it. Of a row that is NOT_SENT, `said` is what
    the server says, and columns may be missing. `key` is as the ledger has it; of one that is no integer `key_values`
    has the text of each column.
    """

    key: int | bytes
    column: str
    values: Mapping[str, str | None]
    rule: str = UNREADABLE
    said: str | None = None
    key_values: Mapping[str, str] | None = None

    @property
    def value(self) -> str | None:
        """What is shown of the column that the rule names."""
        return self.values.get(self.column) if self.said is None else self.said

    @property
    def payload(self) -> str:
        """All columns as a JSON object of texts."""
        return json.dumps(dict(self.values), ensure_ascii=False)

    @property
    def size(self) -> int:
        """How many characters its values have."""
        return sum(len(text) for text in self.values.values() if text)


def is_text(value: bytes) -> bool:
    """Whether the bytes are a text in UTF-8."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def escaped(value: bytes) -> str:
    """Bytes as a text from which PostgreSQL's `decode(text, 'escape')` makes them again: readable where they are
    ASCII."""
    return value.replace(b"\\", b"\\\\").decode("latin-1").translate(_OCTAL)


def unescaped(text: str) -> bytes:
    """The bytes of which `escaped` made the text."""
    return _ESCAPE.sub(lambda found: _BACKSLASH if found[1] == _BACKSLASH else bytes([int(found[1], 8)]), text.encode())


def _groups(rows: Iterable[tuple[str, QuarantinedRow]]) -> Iterator[list[tuple[str, QuarantinedRow]]]:
    """The rows in groups of which none has too many, or too large ones."""
    group, size = list[tuple[str, QuarantinedRow]](), 0
    for item in rows:
        group.append(item)
        size += item[1].size
        if len(group) >= _ROWS_AT_ONCE or size >= _CHARACTERS_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _key_document(values: Mapping[str, str] | None) -> str | None:
    return None if values is None else json.dumps(dict(values), ensure_ascii=False)


class QuarantineWriter:
    """Writes quarantined rows of the source; the object begins with the first of them."""

    def __init__(self, open_target: Callable[[], ObjectWriter], table: str, batch: int, captured_at: datetime) -> None:
        self._open_target = open_target
        self._table, self._batch, self._captured_at = table, batch, captured_at.replace(tzinfo=None)
        self._target: ObjectWriter | None = None
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def write(self, rows: Iterable[tuple[str, QuarantinedRow]]) -> None:
        """Write rows with their operation: I, U or D. They may come one after the other."""
        for part in _groups(rows):
            if self._writer is None:
                self._target = self._open_target()
                self._writer = pq.ParquetWriter(
                    self._target, _SOURCE_SCHEMA, compression="zstd", version="2.6", coerce_timestamps="us"
                )
            self._writer.write_table(pa.Table.from_pydict(self._columns(part), schema=_SOURCE_SCHEMA))
            self.rows += len(part)

    def _columns(self, rows: Sequence[tuple[str, QuarantinedRow]]) -> dict[str, list[Any]]:
        count = len(rows)
        return {
            "source_table": [self._table] * count,
            "source_key": [row.key if isinstance(row.key, int) else None for _, row in rows],
            "rule": [row.rule for _, row in rows],
            "column_name": [row.column for _, row in rows],
            "value": [row.value for _, row in rows],
            "payload": [row.payload for _, row in rows],
            "_op": [operation for operation, _ in rows],
            "_batch": [self._batch] * count,
            "_captured_at": [self._captured_at] * count,
            KEY_VALUES: [_key_document(row.key_values) for _, row in rows],
        }

    def store(self) -> Stored | None:
        """Finish the object; None when there were no rows."""
        if self._writer is None or self._target is None:
            return None
        self._writer.close()
        return self._target.store()

    def abandon(self) -> None:
        """Drop the object."""
        if self._target is not None:
            self._target.abandon()


def deletions_of(content: bytes) -> Counter[int]:
    """By batch the deletions among the rows of a quarantine's parquet file."""
    rows = pq.ParquetFile(io.BytesIO(content)).read(columns=["_batch", "_op"])
    pairs = zip(rows.column("_batch").to_pylist(), rows.column("_op").to_pylist())
    return Counter(batch for batch, operation in pairs if operation == "D")
