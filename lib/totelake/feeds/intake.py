"""The records that one run takes into one table, and what they are against what is known: new, changed, or the same.

Of two records with one key the later one decides what becomes of the key. A misfit whose key is one number and known
goes with the records that fit, so that the last of each key is found on disk, however many there are of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from totelake.capture.events import INSERT, XID, EventWriter
from totelake.capture.ledger.rowhash import hash_rows
from totelake.feeds.known import Known
from totelake.feeds.quarantine import Refused, RefusedFile, shown_name
from totelake.feeds.runs import FITS, KEY, PART, PLACE, Runs
from totelake.feeds.tables import FeedTable, RecordError, number_of
from totelake.feeds.values import as_text
from totelake.lake.quarantine import INVALID_VALUE, NO_RECORD, QuarantinedRow
from totelake.lake.records.batch import TableState, Window

TAKEN = "taken"
"""How a table of a feed was searched, in its state."""
# so many records, or bytes of their text, are in memory at once
_ROWS, _BYTES = 50_000, 16 * 1024**2
_NO_WINDOW = Window(0, "")
_NO_KEY = "its key is not known as a number: after a correction `totelake backfill {}` takes it, no replay does"
_OVERTAKEN = "it fits, but a later record of its key in the same run does not; correct that one"


@dataclass(frozen=True)
class Part:
    """What records come from, such as a file: its name for people, and a number that no other part has."""

    name: str
    number: int


class Intake:
    """Takes records into a table, part by part. Of two with one key the one that is added later counts, also where it
    does not fit: then the key stays as it was, until that record is corrected or replayed.

    A part can be dropped until the next begins: none of its records counts then.
    """

    def __init__(self, table: FeedTable, folder: Path) -> None:
        self.table = table
        folder.mkdir()
        self._runs, self._refused = Runs(folder), RefusedFile(folder / "refused.jsonl")
        self._rows: list[Mapping[str, Any]] = []
        # of each row its part, and the place among the refused of one that does not fit
        self._parts: list[int] = []
        self._places: list[int] = []
        self._bytes = 0
        self._names: list[str] = []
        self._dropped: set[int] = set()
        self._part = Part("", 0)
        self._mark = self._refused.mark()
        # of the part: records that fit, and what is no record at all
        self.taken = self.unreadable = 0

    @property
    def refused(self) -> int:
        """Records that do not fit, of all parts."""
        return self._refused.rows

    @property
    def bytes(self) -> int:
        """About how many bytes of disk it takes, or will when what is in memory is sorted."""
        return self._runs.bytes + self._bytes + self._refused.bytes

    @property
    def refused_bytes(self) -> int:
        """How many bytes of disk the records of the part take that do not fit."""
        return self._refused.bytes - self._mark[0]

    def begin(self, name: str) -> None:
        """Begin a part."""
        self._part, self._mark = Part(name, len(self._names)), self._refused.mark()
        self._names.append(name)
        self.taken = self.unreadable = 0

    def add(self, record: Mapping[str, Any], line: int, size: int = 200) -> None:
        """Take a record of about so many bytes; one that does not fit is kept for the quarantine."""
        try:
            row = self.table.row(record)
        except RecordError as error:
            values = self.table.texts(record, error.number)
            self._misfit(
                Refused(error.rule, error.why, self._part.name, line, error.column, error.value, error.number, values)
            )
            return
        self._keep(row, FITS, size)
        self.taken += 1

    def _misfit(self, refused: Refused) -> None:
        """Keep a record for the quarantine, and its key with those of the records that fit."""
        if refused.number is None:
            refused = replace(refused, why=f"{refused.why}; {_NO_KEY.format(self.table.contract.id)}")
        else:
            self._keep(self.table.key_alone(refused.number), self._refused.rows, 0)
        self._refused.add(refused)

    def _keep(self, row: Mapping[str, Any], place: int, size: int) -> None:
        self._rows.append(row)
        self._parts.append(self._part.number)
        self._places.append(place)
        self._bytes += size
        if len(self._rows) >= _ROWS or self._bytes >= _BYTES:
            self._flush()

    def refuse(self, line: int, why: str, text: str, rule: str = NO_RECORD) -> None:
        """Keep for the quarantine what is no record at all."""
        self._refused.add(Refused(rule, why, self._part.name, line, text=text))
        self.unreadable += 1

    def refuse_record(self, record: Mapping[str, Any], line: int, column: str, why: str) -> None:
        """Keep for the quarantine a record that is refused for another reason than its table's."""
        try:
            number = self.table.row(record).get(self.table.key.name) if self.table.key.is_number else None
        except RecordError as error:
            number = error.number
        said = f"{shown_name(column)}: {why}"
        texts, value = self.table.texts(record, number), as_text(record.get(column))
        self._misfit(Refused(INVALID_VALUE, said, self._part.name, line, column, value, number, texts))

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
        columns = [pa.array(keys, kind), pa.array(self._parts, pa.int64()), pa.array(self._places, pa.int64())]
        names = [KEY, PART, PLACE, *rows.schema.names]
        self._runs.add(pa.RecordBatch.from_arrays([*columns, *rows.columns], names=names))
        self._rows, self._parts, self._places, self._bytes = [], [], [], 0

    def write(self, known: Known, events: EventWriter, why: str) -> TableState:
        """Write what is new or changed as events, what does not fit to the quarantine; the table's new state.

        `why` is what was taken, for people.
        """
        self._flush()
        # of each refused record whether its key is its own: a byte each
        owns = np.zeros(self._refused.rows, dtype=bool)
        for rows in self._runs.merged(self._dropped):
            keys, places = (rows.column(at).to_numpy(zero_copy_only=False) for at in (0, 2))
            is_last, fits = np.append(keys[1:] != keys[:-1], True), places == FITS
            owns[places[is_last & ~fits]] = True
            events.quarantine(self._overtaken(rows.filter(pa.array(fits & ~is_last))))
            good = rows.filter(pa.array(fits & is_last))
            if not good.num_rows:
                continue
            content = pa.RecordBatch.from_arrays(good.columns[3:], schema=self.table.arrow)
            is_known, is_changed = known.compared(keys[fits & is_last], hash_rows(content))
            columns = [*content.columns, pa.nulls(content.num_rows, pa.int64())]
            with_xid = pa.RecordBatch.from_arrays(columns, names=[*content.schema.names, XID])
            events.write(with_xid, ~is_known, is_changed)
        events.quarantine(self._refused_rows(owns))
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

    def _overtaken(self, rows: pa.RecordBatch) -> Iterator[tuple[str, QuarantinedRow]]:
        """The records that fit and were followed by one of their key that does not, each under a place."""
        for row in rows.to_pylist():
            values = {name: as_text(row[name]) for name in self.table.arrow.names}
            refused = Refused(NO_RECORD, _OVERTAKEN, self._names[row[PART]], values=values)
            yield INSERT, refused.row(number_of([refused.file, row[KEY]]), False)

    def _refused_rows(self, owns: np.ndarray) -> Iterator[tuple[str, QuarantinedRow]]:
        """The refused records, each under its key where it is the last of that, else under its place.

        A row of a batch is known by its number, so what has the number of its place is never replayed.
        """
        for place, refused in enumerate(self._refused):
            number, is_own = refused.number, bool(owns[place])
            if number is None or not is_own:
                number = number_of([refused.file, refused.line, place])
            yield INSERT, refused.row(number, is_own)
