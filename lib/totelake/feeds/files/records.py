"""What a file consists of, as its parser finds it: records, what is no record, and why a file is none at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from totelake.lake.quarantine import NO_RECORD

MOST_BYTES = 16 * 1024**2
"""A record is no longer: what is, is no record that anybody meant."""
_MOST_NAMES = 20


class FileError(Exception):
    """A file that is not what its contract says; the words why."""


@dataclass(frozen=True)
class Record:
    """A record: its values by name, the line that it begins in, and about how many bytes it has."""

    values: Mapping[str, Any]
    line: int
    size: int


@dataclass(frozen=True)
class Unreadable:
    """What stands in the place of a record and is none: its line, why, and its text."""

    line: int
    why: str
    text: str
    rule: str = NO_RECORD


Found = Union[Record, Unreadable]


@dataclass
class UnknownNames:
    """Names that records have and their contract has not, and in how many records."""

    names: dict[str, int] = field(default_factory=dict)

    def add(self, names: Iterable[str]) -> None:
        """Count them; of more than some are too many to be told."""
        for name in names:
            if name in self.names or len(self.names) < _MOST_NAMES:
                self.names[name] = self.names.get(name, 0) + 1


def lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """A file's lines with their numbers from 1 on, without their line feeds; a carriage return before one stays.

    Of a line of more than `MOST_BYTES` that many come, and True. A byte order mark at the beginning is left out.
    """
    rest, number, is_cut = b"", 1, False
    for chunk in unmarked(chunks):
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        for part in parts:
            yield number, part[:MOST_BYTES], is_cut or len(part) > MOST_BYTES
            number, is_cut = number + 1, False
        if len(rest) > MOST_BYTES:
            rest, is_cut = rest[:MOST_BYTES], True
    if rest:
        yield number, rest, is_cut


def unmarked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks without UTF-8's byte order mark. Raises FileError for another encoding's."""
    begin, is_begun = b"", False
    for chunk in chunks:
        if is_begun:
            yield chunk
            continue
        begin += chunk
        if len(begin) >= 3:
            is_begun = True
            yield _unmarked(begin)
    if not is_begun and begin:
        yield _unmarked(begin)


def _unmarked(begin: bytes) -> bytes:
    if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileError("it is in UTF-16; write it in UTF-8")
    return begin[3:] if begin[:3] == b"\xef\xbb\xbf" else begin
