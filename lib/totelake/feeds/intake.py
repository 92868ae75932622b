"""The records that one run takes into one table, and what they are against what is known: new, changed, or the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from totelake.capture.events import INSERT, XID, EventWriter
from totelake.capture.ledger.rowhash import hash_rows
from totelake.feeds.known import Known
from totelake.feeds.quarantine import Refused, RefusedFile
from totelake.feeds.runs import KEY, PART, Runs
from totelake.feeds.tables import FeedTable, RecordError, number_of
from totelake.feeds.values import as_text
from totelake.lake.quarantine import INVALID_VALUE, NO_RECORD
from totelake.lake.records.batch import TableState, Window

TAKEN = "taken"
"""How a table of a feed was searched, in its state."""
# so many records, or bytes of their text, are in memory at once
_ROWS, _BYTES = 50_000, 16 * 1024**2
_ROWS_AT_ONCE = 1000
_NO_WINDOW = Window(0, "")


@dataclass(frozen=True)
class Part:
    """What records come from, such as a file: its name for people, and a number that no other part has."""

    name: str
    number: int


class Intake:
    """Takes records into a table, part by part. Of two with one key the one that is added later counts.

    A part can be dropped until the next begins: none of its records counts then.
    """

    def __init__(self, table: FeedTable, folder: Path) -> None:
        self.table = table
        folder.mkdir()
        self._runs, self._refused = Runs(folder), RefusedFile(folder / "refused.jsonl")
        self._rows: list[Mapping[str, Any]] = []
        self._parts: list[int] = []
        self._bytes = self._count = 0
        self._dropped: set[int] = set()
        self._part = Part("", 0)
        self._mark = self._refused.mark()
        # of the part: records that fit, and what is no record at all
        self.taken = self.unreadable = 0

    @property
    def refused(self) -> int:
        """Records that do not fit, of all parts."""
        return self._refused.rows

    def begin(self, name: str) -> None:
        """Begin a part."""
        self._count += 1
        self._part, self._mark = Part(name, self._count), self._refused.mark()
        self.taken = self.unreadable = 0

    def add(self, record: Mapping[str, Any], line: int, size: int = 200) -> None:
        """Take a record of about so many bytes; one that does not fit is kept for the quarantine."""
        try:
            row = self.table.row(record)
        except RecordError as error:
            values = self.table.texts(record, error.number)
            self._refused.add(
                Refused(error.rule, error.why, self._part.name, line, error.column, error.value, error.number, values)
            )
            return
        self._rows.append(row)
        self._parts.append(self._part.number)
        self._bytes += size
        self.taken += 1
        if len(self._rows) >= _ROWS or self._bytes >= _BYTES:
            self._flush()

    def refuse(self, line: int, why: str, text: str, rule: str = NO_RECORD) -> None:
        """Keep for the quarantine what is no record at all."""
        self._refused.add(Refused(rule, why, self._part.name, line, text=text))
        self.unreadable += 1

    def refuse_record(self, record: Mapping[str, Any], line: int, column: str, why: str) -> None:
        """Keep for the quarantine a record that fits its table and is refused for another reason."""
        texts = self.table.texts(record, None)
        said = f"{column}: {why}"
        self._refused.add(
            Refused(INVALID_VALUE, said, self._part.name, line, column, as_text(record.get(column)), None, texts)
        )

    def drop(self) -> None:
        """Take back every record of the part."""
        self._dropped.add(self._part.number)
        self._refused.back_to(self._mark)
        self.taken = 0

    def refuse_part(self, why: str, text: str = "") -> None:
        """Take back every record of the part, and keep the whole part for the quarantine."""
        self.drop()
        self._refused.add(Refused(NO_RECORD, why, self._part.name, text=text))

    def close(self) -> None:
        """Forget everything."""
        self._refused.close()

    def _flush(self) -> None:
        if not self._rows:
            return
        rows = self.table.batch(self._rows)
        keys = self.table.key.of_rows(rows)
        kind = pa.int64() if self.table.key.is_number else pa.binary()
        columns = [pa.array(keys, kind), pa.array(self._parts, pa.int64()), *rows.columns]
        self._runs.add(pa.RecordBatch.from_arrays(columns, names=[KEY, PART, *rows.schema.names]))
        self._rows, self._parts, self._bytes = [], [], 0

    def write(self, known: Known, events: EventWriter, why: str) -> TableState:
        """Write what is new or changed as events, what does not fit to the quarantine; the table's new state.

        `why` is what was taken, for people.
        """
        self._flush()
        numbers = {refused.number for refused in self._refused if refused.number is not None}
        wanted, alive = np.array(sorted(numbers), dtype=np.int64), set[int]()
        for rows in self._runs.merged(self._dropped):
            keys = rows.column(0).to_numpy(zero_copy_only=False)
            content = pa.RecordBatch.from_arrays(rows.columns[2:], schema=self.table.arrow)
            is_known, is_changed = known.compared(keys, hash_rows(content))
            columns = [*content.columns, pa.nulls(content.num_rows, pa.int64())]
            with_xid = pa.RecordBatch.from_arrays(columns, names=[*content.schema.names, XID])
            events.write(with_xid, ~is_known, is_changed)
            if len(wanted):
                alive.update(int(key) for key in keys[np.isin(keys, wanted)])
        self._write_refused(events, alive)
        files, count = known.store()
        return TableState(
            keys=count,
            deferred=0,
            fingerprint=self.table.schema.fingerprint,
            window=_NO_WINDOW,
            ledger=files,
            search=TAKEN,
            why=why,
            key=self.table.key.name,
            key_kind=self.table.key.kind,
        )

    @property
    def most_rows(self) -> int:
        """How many records `write` compares at most."""
        return self._runs.rows + len(self._rows)

    def _write_refused(self, events: EventWriter, taken: set[int]) -> None:
        """Write the refused records, each under its key where no other of the batch has that, else under its place.

        A row of a batch is known by its number, so what has the number of its place is never replayed.
        """
        rows = []
        for refused in self._refused:
            number, is_own = refused.number, refused.number is not None and refused.number not in taken
            if number is None or not is_own:
                number = number_of([refused.file, refused.line])
            taken.add(number)
            rows.append((INSERT, refused.row(number, is_own)))
            if len(rows) >= _ROWS_AT_ONCE:
                events.quarantine(rows)
                rows = []
        events.quarantine(rows)
