"""A file's bytes as records, by the format that its contract names; a gzip is known by its first bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from totelake.feeds.files.csv_records import read_csv
from totelake.feeds.files.json_array import read_json_array
from totelake.feeds.files.json_lines import read_json_lines
from totelake.feeds.files.records import FileError, Found
from totelake.feeds.tables import FeedTable

_GZIP = b"\x1f\x8b"
_ANY_HEADER = 31
_AT_ONCE = 1024**2


def records(table: FeedTable, chunks: Iterable[bytes]) -> Iterator[Found]:
    """The records of a file of that table. Raises FileError when it is none of its format."""
    plain = plain_bytes(chunks)
    found = table.contract.dataset.format if table.contract.dataset else ""
    if found == "csv":
        return read_csv(plain, table.required)
    return read_json_lines(plain) if found == "jsonl" else read_json_array(plain)


def plain_bytes(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes that a gzip holds, or those of another file. Raises FileError for a damaged gzip."""
    source, begin = iter(chunks), b""
    while len(begin) < len(_GZIP):
        chunk = next(source, None)
        if chunk is None:
            break
        begin += chunk
    rest = _joined(begin, source)
    return _unpacked(rest) if begin.startswith(_GZIP) else rest


def _joined(begin: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if begin:
        yield begin
    yield from rest


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What the members of a gzip hold, one after the other, a part at a time however well it is packed."""
    unpacker = zlib.decompressobj(_ANY_HEADER)
    for chunk in chunks:
        waiting = chunk
        while waiting:
            if unpacker.eof:
                # some writers fill up the last block
                waiting = waiting.lstrip(b"\0")
                if not waiting:
                    break
                unpacker = zlib.decompressobj(_ANY_HEADER)
            part = _next_part(unpacker, waiting)
            if part:
                yield part
            waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    while not unpacker.eof:
        part = _next_part(unpacker, b"")
        if not part:
            break
        yield part
    if not unpacker.eof:
        raise FileError("its gzip ends too early")


def _next_part(unpacker: Any, packed: bytes) -> bytes:
    try:
        found: bytes = unpacker.decompress(packed, _AT_ONCE)
    except zlib.error as error:
        raise FileError(f"its gzip is damaged: {error}") from error
    return found
