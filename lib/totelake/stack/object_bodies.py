"""The bodies of moto's answers to GetObject, read block by block: moto copies a whole object for each range of it.

Spark reads a large object by many ranges at once, each of which would take as much memory as the object.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

_BLOCK = 1 << 20
_asked = threading.local()


class Body:
    """Bytes `begin` to `end` of an object of moto's, which is not read before they are sent."""

    def __init__(self, key: Any, begin: int, end: int) -> None:
        self._key, self._begin, self._end = key, begin, end

    def __len__(self) -> int:
        return self._end - self._begin

    def __getitem__(self, part: slice) -> Body | bytes:
        """A part, of which moto has made sure that it lies within these bytes."""
        return Body(self._key, self._begin + part.start, self._begin + part.stop).sent()

    def __iter__(self) -> Iterator[bytes]:
        for begin in range(self._begin, self._end, _BLOCK):
            yield self._read(begin, min(begin + _BLOCK, self._end))

    def sent(self) -> Body | bytes:
        """What is sent: few bytes are read at once."""
        return self._read(self._begin, self._end) if len(self) <= _BLOCK else self

    def _read(self, begin: int, end: int) -> bytes:
        with self._key.lock:
            self._key._value_buffer.seek(begin)
            found: bytes = self._key._value_buffer.read(end - begin)
        return found


@cache
def read_in_blocks() -> None:
    """Let moto send an object's bytes as they are read."""
    from moto.s3.models import FakeKey
    from moto.s3.responses import S3Response

    keys: Any = FakeKey
    answers: Any = S3Response
    whole, get_object = keys.value, answers.get_object

    def value(key: Any) -> Any:
        return Body(key, 0, key.contentsize).sent() if getattr(_asked, "body", False) else whole.fget(key)

    def get_body(answer: Any) -> Any:
        _asked.body = True
        try:
            return get_object(answer)
        finally:
            _asked.body = False

    keys.value = whole.getter(value)
    answers.get_object = get_body
