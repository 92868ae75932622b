"""The columns of text: what a crawl reads of a file's beginning, unpacked where it is gzip."""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass

from localglue.csv_files import read_csv
from localglue.formats import Format
from localglue.json_files import read_json

SAMPLE = 1 << 20
"""How many bytes of a file Glue's crawler reads of CSV and JSON."""
_MOST_UNPACKED = 10 << 20
_NOT_BUILT = {
    b"ORC": "ORC", b"Obj\x01": "Avro", b"BZh": "bzip2", b"PK\x03\x04": "a zip archive", b"\x28\xb5\x2f\xfd": "zstd",
    b"\xff\x06\x00\x00sNaPpY": "Snappy", b"<?xml": "XML",
}  # fmt: skip
_LETTERS = (b"ORC", b"BZh")
"""Beginnings with which text may begin, too; a file of those formats has control characters soon after."""
_CONTROL = re.compile(rb"[\x00\x02-\x08\x0b\x0c\x0e-\x1f\x7f]")
_GZIP = b"\x1f\x8b"


class NotBuilt(Exception):
    """A file of a format that Glue's crawler reads and localglue's does not."""


@dataclass(frozen=True)
class Text:
    """Columns as (name, Hive type), the number of records in the sample, and the format."""

    columns: tuple[tuple[str, str], ...]
    records: int
    format: Format
    share: float
    """How much of the file the sample was; 1.0 for all of it."""


def read_text(sample: bytes, size: int) -> Text | None:
    """What the beginning of a file of `size` bytes says; None if it is neither JSON nor CSV. Raises NotBuilt."""
    magic = next((one for one in _NOT_BUILT if sample.startswith(one)), b"")
    found = None if magic and (magic not in _LETTERS or _CONTROL.search(sample)) else _read(sample, size)
    if magic and found is None:
        raise NotBuilt(_NOT_BUILT[magic])
    return found


def _read(sample: bytes, size: int) -> Text | None:
    content, compression, is_whole, used = sample, "none", len(sample) >= size, len(sample)
    if sample.startswith(_GZIP):
        compression = "gzip"
        unpacker = zlib.decompressobj(wbits=31)
        try:
            content = unpacker.decompress(sample, _MOST_UNPACKED)
        except zlib.error:
            return None
        is_whole = is_whole and unpacker.eof
        used = len(sample) - len(unpacker.unconsumed_tail)
    text = _decoded(content, is_whole)
    if text is None or "\x00" in text:
        return None
    found = read_json(text, is_whole, compression) or read_csv(text if is_whole else _lines(text), compression)
    return None if found is None else Text(*found, share=min(1.0, used / max(size, 1)))


def _decoded(content: bytes, is_whole: bool) -> str | None:
    """The text without a byte order mark; a character that is cut at the end of a sample does not count."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content, final=is_whole)
    except UnicodeDecodeError:
        return None
    return text.removeprefix("\ufeff")


def _lines(text: str) -> str:
    """The whole lines of the beginning of a text."""
    return text[: text.rfind("\n") + 1]
