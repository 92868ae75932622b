"""JSON lines: an object a line. A line that is none is told, and the next one is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from totelake.feeds.files.records import MOST_BYTES, Found, Record, Unreadable, lines
from totelake.feeds.files.values_json import decoder, problem_of
from totelake.lake.quarantine import INVALID_BYTES

_SHOWN = 2000


def read_json_lines(chunks: Iterable[bytes]) -> Iterator[Found]:
    """The file's records; empty lines are none. Raises FileError for a file in another encoding."""
    read = decoder()
    for number, line, is_cut in lines(chunks):
        if is_cut:
            yield Unreadable(number, f"it has more than {MOST_BYTES} bytes", _shown(line))
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            yield Unreadable(number, "it is no text in UTF-8", _shown(line), INVALID_BYTES)
            continue
        if not text.strip():
            continue
        try:
            value = read.decode(text)
        except ValueError as error:
            yield Unreadable(number, f"it is no JSON: {error}", _shown(line))
            continue
        except RecursionError:
            yield Unreadable(number, "it is nested too deeply", _shown(line))
            continue
        problem = problem_of(value)
        yield Unreadable(number, problem, _shown(line)) if problem else Record(value, number, len(line))


def _shown(line: bytes) -> str:
    return line[:_SHOWN].rstrip(b"\r").decode("utf-8", "surrogateescape")
