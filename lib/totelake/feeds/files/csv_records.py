"""Comma-separated values under a line of names. A record with too few or too many values is told, the next is read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from totelake.feeds.files.records import MOST_BYTES, FileError, Found, Record, Unreadable, lines

_SHOWN = 2000
_OPEN = ("unexpected end of data", "field larger than field limit")


def read_csv(chunks: Iterable[bytes], required: Sequence[str]) -> Iterator[Found]:
    """The file's records; an empty value is NULL, an empty line is none.

    A name may be empty, while nothing stands under it. Raises FileError for a file whose
    line of names lacks a required one, or one over a value, or whose last quote is not closed.
    """
    csv.field_size_limit(MOST_BYTES)
    source = _Lines(chunks)
    rows = csv.reader(source, strict=True)
    names = _names(rows, required)
    while True:
        line = source.begin()
        try:
            row = next(rows, None)
        except csv.Error as error:
            if any(words in str(error) for words in _OPEN):
                raise FileError(f"the quote that opens in the record of line {line} is not closed") from error
            yield Unreadable(line, f"it is no CSV: {error}", source.shown)
            continue
        if row is None:
            return
        if not row:
            continue
        if len(row) != len(names):
            yield Unreadable(line, f"it has {len(row)} values under {len(names)} names", source.shown)
            continue
        if any(value and not name for name, value in zip(names, row)):
            raise FileError(f"a value in line {line} has an empty name above it; name its column in the line of names")
        yield Record({name: value or None for name, value in zip(names, row) if name}, line, source.size)


def _names(rows: Iterator[list[str]], required: Sequence[str]) -> list[str]:
    try:
        names = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise FileError(f"its line of names is no CSV: {error}") from error
    if not any(names):
        raise FileError("it has no line of names")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FileError(f"its line of names has {', '.join(twice)} more than once")
    lacking = [name for name in required if name not in names]
    if lacking:
        raise FileError(f"its line of names lacks {', '.join(lacking)}; it has {', '.join(names)}")
    return names


class _Lines:
    """The file's lines as text, of which those of the newest record are kept to be shown."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._lines = lines(chunks)
        self.number = 0
        self.taken: list[str] = []
        # about how many bytes the newest record has
        self.size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.number, line, is_cut = next(self._lines)
        if is_cut:
            raise FileError(f"line {self.number} has more than {MOST_BYTES} bytes")
        text = line.decode("utf-8", "surrogateescape") + "\n"
        self.taken.append(text)
        self.size += len(text)
        if self.size > MOST_BYTES:
            raise FileError(
                f"the quote that opens in the record of line {self.number - len(self.taken) + 1} is not closed"
            )
        return text

    def begin(self) -> int:
        """Begin a record; the number of its line."""
        self.taken, self.size = [], 0
        return self.number + 1

    @property
    def shown(self) -> str:
        """How the newest record begins."""
        return "".join(self.taken).replace("\r\n", "\n")[:_SHOWN]
