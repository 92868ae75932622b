"""CSV row by row: what parses has exact types, a row that does not comes as text. Slow, so only after a failure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv

from totelake.capture.ledger.keys import Key
from totelake.capture.postgres.binary import unhexed
from totelake.capture.postgres.chunks import Chunk
from totelake.capture.quarantined_keys import key_values
from totelake.lake.quarantine import INVALID_BYTES, UNREADABLE, QuarantinedRow, escaped, is_text

_CHUNK_BYTES = 1024**2
_CHUNK_ROWS = 4096
_PARSE = csv.ParseOptions(newlines_in_values=True)


def convert_options(types: pa.Schema, only: Sequence[str] | None = None) -> csv.ConvertOptions:
    """How COPY's CSV is read: NULL is nothing at all, '' is an empty text, t and f are booleans."""
    return csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        include_columns=list(only or ()),
    )


def parse_row_by_row(source: BinaryIO, schema: pa.Schema, key: Key) -> Iterator[Chunk]:
    """Chunks of a CSV stream with a header; `schema` has the exact types, `key` is the table's key."""
    rows = logical_rows(source)
    header = next(rows, b"")
    pending: list[bytes] = []
    size = 0
    for row in rows:
        pending.append(row)
        size += len(row)
        if size >= _CHUNK_BYTES or len(pending) >= _CHUNK_ROWS:
            yield _chunk(header, pending, schema, key)
            pending, size = [], 0
    if pending:
        yield _chunk(header, pending, schema, key)


def logical_rows(source: BinaryIO) -> Iterator[bytes]:
    """The rows of a CSV stream, each with all its lines: a row ends where every quote has been closed."""
    lines: list[bytes] = []
    quotes = 0
    for line in source:
        quotes += line.count(b'"')
        lines.append(line)
        if quotes % 2 == 0:
            yield b"".join(lines)
            lines, quotes = [], 0
    if lines:
        yield b"".join(lines)


def _chunk(header: bytes, rows: Sequence[bytes], schema: pa.Schema, key: Key) -> Chunk:
    good: list[pa.RecordBatch] = []
    quarantined: list[QuarantinedRow] = []
    _sort_out(header, rows, schema, key, good, quarantined)
    table = pa.Table.from_batches(good, schema=schema).combine_chunks()
    batches = table.to_batches()
    return Chunk(batches[0] if batches else no_rows(schema), tuple(quarantined))


def no_rows(schema: pa.Schema) -> pa.RecordBatch:
    """A batch without rows."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def _sort_out(
    header: bytes,
    rows: Sequence[bytes],
    schema: pa.Schema,
    key: Key,
    good: list[pa.RecordBatch],
    quarantined: list[QuarantinedRow],
) -> None:
    """Halve what does not parse until single rows are left, in order."""
    try:
        found = _parsed(header, rows, convert_options(schema)).cast(schema).to_batches()
        good += [unhexed(batch) for batch in found]
    except pa.ArrowInvalid:
        if len(rows) == 1:
            quarantined.append(_quarantined_row(header, rows[0], schema, key))
            return
        middle = len(rows) // 2
        _sort_out(header, rows[:middle], schema, key, good, quarantined)
        _sort_out(header, rows[middle:], schema, key, good, quarantined)


def _parsed(header: bytes, rows: Sequence[bytes], options: csv.ConvertOptions) -> pa.Table:
    body = header + b"".join(rows)
    read = csv.ReadOptions(block_size=len(body) + 1, use_threads=False)
    return csv.read_csv(io.BytesIO(body), read_options=read, parse_options=_PARSE, convert_options=options)


def values_of(header: bytes, row: bytes, schema: pa.Schema) -> dict[str, bytes | None]:
    """The values of one row as they stand there; None is NULL."""
    texts = pa.schema([pa.field(field.name, pa.binary()) for field in schema])
    found: dict[str, bytes | None] = _parsed(header, [row], convert_options(texts)).to_pylist()[0]
    return found


def _quarantined_row(header: bytes, row: bytes, schema: pa.Schema, key: Key) -> QuarantinedRow:
    values = {name: value for name, value in values_of(header, row, schema).items() if name in schema.names}
    number = key.of_texts([values[name] or b"" for name in key.names])
    broken = next((name for name, value in values.items() if value is not None and not is_text(value)), None)
    if broken is not None:
        return QuarantinedRow(
            number, broken, all_escaped(values), INVALID_BYTES, key_values=key_values(key, number, INVALID_BYTES)
        )
    column = _first_unreadable(header, row, list(schema)) or key.names[0]
    texts = {name: None if value is None else value.decode("utf-8") for name, value in values.items()}
    return QuarantinedRow(number, column, texts, key_values=key_values(key, number, UNREADABLE))


def all_escaped(values: Mapping[str, bytes | None]) -> dict[str, str | None]:
    """A row's values as `escaped` writes them."""
    return {name: None if value is None else escaped(value) for name, value in values.items()}


def _first_unreadable(header: bytes, row: bytes, fields: Sequence[pa.Field]) -> str | None:
    """The first of these columns whose value cannot be read; halves are looked at, for a table may have 1,600."""
    try:
        _parsed(header, [row], convert_options(pa.schema(fields), [field.name for field in fields]))
    except pa.ArrowInvalid:
        if len(fields) == 1:
            return str(fields[0].name)
        middle = len(fields) // 2
        return _first_unreadable(header, row, fields[:middle]) or _first_unreadable(header, row, fields[middle:])
    return None
