"""Records that do not fit, kept aside until the batch is made: on disk, so that any number of them is little memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from totelake.lake.quarantine import FILE, INVALID_BYTES, LINE, NEVER_REPLAYED, NO_RECORD, WHY, QuarantinedRow, escaped

TEXT = "_text"
_LONGEST_TEXT = 2000
_LONGEST_NAME = 200
# what is in no text of a database: what stands for bytes that are no text, and the character of code 0
_UNTEXTUAL = re.compile("[\ud800-\udfff\x00]")


def plain_name(name: str) -> str:
    """A name that a record has, which may be any text, as one that every engine takes."""
    return escaped(_bytes(name)) if _UNTEXTUAL.search(name) else name


def shown_name(name: str) -> str:
    """Such a name for people, no longer than anybody reads."""
    plain = plain_name(name[: _LONGEST_NAME + 1])
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[:_LONGEST_NAME]} ..."


@dataclass(frozen=True)
class Refused:
    """A record that does not fit: its rule, column and value, the sentence why, the place that it is at.

    `number` is its key where that is one number and known. `values` are its columns as texts; of what is no record at
    all they are empty, and `text` has its beginning. `line` is 0 of a whole file.
    """

    rule: str
    why: str
    file: str
    line: int = 0
    column: str = ""
    value: str | None = None
    number: int | None = None
    values: Mapping[str, str | None] | None = None
    text: str = ""

    @property
    def payload(self) -> dict[str, str | None]:
        """All that is known of it, as texts; where it is at comes first."""
        found: dict[str, str | None] = {FILE: self.file, LINE: str(self.line), WHY: self.why}
        if self.values is None:
            return {**found, TEXT: self.text[:_LONGEST_TEXT]}
        for name, text in self.values.items():
            plain = plain_name(name)
            found[f"_{plain}" if plain in found else plain] = text
        return found

    def row(self, number: int, is_replayed: bool) -> QuarantinedRow:
        """The row in the quarantine under that number; one that no replay takes up has a rule that says so."""
        rule = self.rule if is_replayed or self.rule in NEVER_REPLAYED else NO_RECORD
        payload, value = self.payload, self.value
        if any(_UNTEXTUAL.search(text) for text in (*payload.values(), value) if text):
            # as the quarantine has the bytes of any source that are no text
            rule = INVALID_BYTES
            payload = {name: None if text is None else escaped(_bytes(text)) for name, text in payload.items()}
            value = None if value is None else escaped(_bytes(value))
        return QuarantinedRow(number, shown_name(self.column), payload, rule, said=value)


def _bytes(text: str) -> bytes:
    """The bytes that a text stands for, where some of them are none of a text."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # half of a character, as JSON can write it
        return text.encode("utf-8", "surrogatepass")


class RefusedFile:
    """Refused records, a line of JSON each. The last ones can be taken back."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+", encoding="ascii")
        # how many there are, and their bytes on disk
        self.rows = self.bytes = 0

    def add(self, refused: Refused) -> None:
        """Keep one."""
        line = json.dumps(asdict(refused)) + "\n"
        self._file.write(line)
        self.rows, self.bytes = self.rows + 1, self.bytes + len(line)

    def mark(self) -> tuple[int, int]:
        """The place to which `back_to` returns."""
        return self.bytes, self.rows

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget what was kept since."""
        self.bytes, self.rows = mark
        self._file.seek(self.bytes)
        self._file.truncate()

    def __iter__(self) -> Iterator[Refused]:
        self._file.seek(0)
        for line in self._file:
            yield Refused(**json.loads(line))

    def close(self) -> None:
        """Forget all of them."""
        self._file.close()
