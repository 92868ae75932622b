"""A JSON array of objects, read element by element: what is in memory is an element and the chunk that it ends in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any

from totelake.feeds.files.records import MOST_BYTES, FileError, Found, Record, Unreadable, unmarked
from totelake.feeds.files.values_json import decoder, problem_of

_SPACE = re.compile(r"[ \t\n\r]*")
# what was read is dropped once it is so long
_DROP = 1024**2
_SHOWN = 2000


def read_json_array(chunks: Iterable[bytes]) -> Iterator[Found]:
    """The array's elements. Raises FileError for what is no JSON array, however far it was one."""
    text = _Text(chunks)
    if text.peek() != "[":
        begins = f"begins with {text.peek()!r}" if text.peek() else "is empty"
        raise FileError(f"it {begins}, and no JSON array does")
    text.skip()
    if text.peek() == "]":
        text.skip()
    else:
        yield from _elements(text)
    if text.peek():
        raise FileError(f"in line {text.line} something follows the end of the JSON array")


def _elements(text: _Text) -> Iterator[Found]:
    while True:
        if not text.peek():
            raise FileError(f"the JSON array ends in line {text.line} without its ]")
        line = text.line
        value, size, shown = text.value()
        problem = problem_of(value)
        yield Unreadable(line, problem, shown) if problem else Record(value, line, size)
        following = text.peek()
        if following not in (",", "]"):
            what = f"no , or ] follows the value before {following!r}" if following else "it ends without its ]"
            raise FileError(f"in line {text.line} of the JSON array {what}")
        text.skip()
        if following == "]":
            return


class _Text:
    """The file's text from some place on. Bytes that are no UTF-8 stand in it as lone surrogates."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(unmarked(chunks))
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._read = decoder().raw_decode
        self._buffer, self._place, self._counted, self._is_ended = "", 0, 0, False
        self._line = 1

    @property
    def line(self) -> int:
        """The number of the line that the place is in."""
        self._line += self._buffer.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def peek(self) -> str:
        """The next character that is no space; '' at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if not self._more(1):
                return ""

    def skip(self) -> None:
        """Go behind the next character."""
        self._place += 1

    def value(self) -> tuple[Any, int, str]:
        """The JSON value that begins here, its length, and how its text begins. Raises FileError where none does."""
        while True:
            try:
                value, end = self._read(self._buffer, self._place)
            except (ValueError, RecursionError) as error:
                self._retry(error)
                continue
            is_closed = self._buffer[end - 1] in '}]"'
            # a number that ends where the text does, or before what begins a fraction or an exponent, may go on
            if not is_closed and end >= len(self._buffer) - 2 and self._more(1):
                continue
            shown, size = self._buffer[self._place : min(end, self._place + _SHOWN)], end - self._place
            self._place = end
            return value, size, shown

    def _retry(self, error: Exception) -> None:
        """Read on, since the value may only not be whole yet. Raises FileError where it can be none."""
        waiting = len(self._buffer) - self._place
        if waiting > MOST_BYTES:
            raise FileError(
                f"the value in line {self.line} has more than {MOST_BYTES} characters, or is no JSON: {error}"
            )
        # twice as much each time, so that all tries together read no more than twice the value
        if not self._more(max(waiting, 1)):
            raise FileError(f"the value in line {self.line} is no JSON: {_said(error)}")

    def _more(self, wanted: int) -> bool:
        """Read so many characters more, or what there is; whether there was any."""
        if self._place > _DROP:
            self._line = self.line
            self._buffer, self._place, self._counted = self._buffer[self._place :], 0, 0
        parts, found = [self._buffer], 0
        while found < wanted and not self._is_ended:
            chunk = next(self._chunks, None)
            self._is_ended = chunk is None
            part = self._decode(chunk or b"", self._is_ended)
            parts.append(part)
            found += len(part)
        self._buffer = "".join(parts)
        return found > 0


def _said(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else getattr(error, "msg", str(error))
