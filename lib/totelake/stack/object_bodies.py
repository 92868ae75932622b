"""The bodies of moto's answers to GetObject, read block by block: moto copies a whole object for each range of it.

Spark reads a large object by many ranges at once, each of which would take as much memory as the object.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

_BLOCK = 1 << 20
_asked = threading.local()


class _File:
    """The file of an object of moto's, which stays readable when the object is removed; moto writes no file anew."""

    def __init__(self, key: Any) -> None:
        with key.lock:
            # moves to a file what is kept in memory
            number = key._value_buffer.fileno()
            key._value_buffer.flush()
            self._number = os.dup(number)

    def read(self, begin: int, end: int) -> bytes:
        """The bytes from one place to another."""
        return os.pread(self._number, end - begin, begin)

    def __del__(self) -> None:
        os.close(self._number)


class Body:
    """Bytes `begin` to `end` of an object, which are not read before they are sent."""

    def __init__(self, file: _File, begin: int, end: int) -> None:
        self._file, self._begin, self._end = file, begin, end

    def __len__(self) -> int:
        return self._end - self._begin

    def __getitem__(self, part: slice) -> Body | bytes:
        """A part, of which moto has made sure that it lies within these bytes."""
        begin, end = self._begin + part.start, self._begin + part.stop
        # few bytes are read at once
        return self._file.read(begin, end) if end - begin <= _BLOCK else Body(self._file, begin, end)

    def __iter__(self) -> Iterator[bytes]:
        for begin in range(self._begin, self._end, _BLOCK):
            yield self._file.read(begin, min(begin + _BLOCK, self._end))


@cache
def read_in_blocks() -> None:
    """Let moto send an object's bytes as they are read."""
    from moto.s3.models import FakeKey
    from moto.s3.responses import S3Response

    keys: Any = FakeKey
    answers: Any = S3Response
    whole, get_object = keys.value, answers.get_object

    def value(key: Any) -> Any:
        is_large = getattr(_asked, "body", False) and key.contentsize > _BLOCK
        return Body(_File(key), 0, key.contentsize) if is_large else whole.fget(key)

    def get_body(answer: Any) -> Any:
        _asked.body = True
        try:
            return get_object(answer)
        finally:
            _asked.body = False

    keys.value = whole.getter(value)
    answers.get_object = get_body
