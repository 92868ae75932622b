"""Whatever comes in whatever order: what is known afterwards is the last of each key, and events say how it came so."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from totelake.capture.events import EventWriter
from totelake.capture.ledger.ledger import Ledger
from totelake.contracts import TableId, load_contracts
from totelake.feeds import intake as module
from totelake.feeds import known as known_module
from totelake.feeds.intake import Intake
from totelake.feeds.known import known_for
from totelake.feeds.tables import FeedTable, number_of
from totelake.lake.objects import ObjectWriter
from totelake.lake.records.batch import LedgerFiles
from totelake.ports.memory import MemoryStore

AT = datetime(2026, 11, 30, tzinfo=timezone.utc)
BAD = "many"
# a part is a list of (key, amount), dropped or not
PARTS = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([1, 2, BAD])), max_size=8), st.booleans()),
    max_size=4,
)


def contract(has_number: bool) -> FeedTable:
    """The repository's table of files; without the number its key is made of three columns."""
    found = load_contracts().table(TableId("targets", "sales_target"))
    if has_number:
        return FeedTable(found)
    plain = [column for column in found.columns if not column.number_of]
    keyed = [
        replace(column, primary_key=True, key_position=place) if column.name != "amount" else column
        for place, column in enumerate(plain, 1)
    ]
    return FeedTable(replace(found, columns=tuple(keyed)))


def record(key: int, amount: Any) -> dict[str, Any]:
    """A record of that key."""
    return {"month": f"2026-{key:02d}-01", "department": "Sales", "currency": "GBP", "amount": amount}


class Lake:
    """A table's events and ledger, batch after batch."""

    def __init__(self, has_number: bool) -> None:
        self.table, self.store, self.files, self.batch = contract(has_number), MemoryStore(), LedgerFiles(), 0
        self.keys = 0

    @contextmanager
    def intake(self) -> Iterator[Intake]:
        """What takes a batch."""
        with TemporaryDirectory() as folder:
            found = Intake(self.table, Path(folder) / "x")
            yield found
            found.close()

    def write(self, found: Intake) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Write the batch; its events and its quarantined rows."""
        self.batch += 1
        places = [f"{self.batch}-{name}" for name in ("events", "quarantine")]
        writers = [lambda place=place: ObjectWriter(self.store, place) for place in places]
        events = EventWriter(writers[0], writers[1], self.table.events, self.batch, AT)
        known = known_for(
            Ledger(self.store, self.files), found.most_rows,
            lambda suffix: ObjectWriter(self.store, f"{self.batch}{suffix}"),
        )  # fmt: skip
        state = found.write(known, events, "x")
        self.files, self.keys = state.ledger, state.keys
        events.commit("targets", self.table.schema)
        return tuple(self._read(place) for place in places)  # type: ignore[return-value]

    def _read(self, place: str) -> list[dict[str, Any]]:
        body = self.store.find(place)
        return [] if body is None else pq.read_table(io.BytesIO(body)).to_pylist()


class Expected:
    """What the parts of a batch come to: amounts by key, and of each record that does not fit what is found of it."""

    def __init__(self, has_number: bool) -> None:
        self.has_number, self.amounts, self.own = has_number, dict[int, int](), dict[int, str]()
        self.refused = 0
        self._good = set[int]()

    def add(self, key: int, amount: Any, place: str) -> None:
        """A record that is not dropped."""
        if amount != BAD:
            self.amounts[key] = amount
            self._good.add(key)
            self.own.pop(key, None)
            return
        self.refused += 1
        if self.has_number:
            self.amounts.pop(key, None)
            self.own[key] = place

    @property
    def quarantined(self) -> int:
        """Those that do not fit, and those that fit and were followed by one that does not."""
        return self.refused + len(self._good & self.own.keys())


@pytest.mark.parametrize("has_number", [True, False], ids=["number", "composite"])
@pytest.mark.parametrize(("rows", "changes"), [(50_000, 250_000), (2, 3), (1, 0)])
@given(batches=st.lists(PARTS, max_size=3))
@settings(max_examples=15)
def test_the_last_of_each_key_counts_and_nothing_is_lost(
    has_number: bool, rows: int, changes: int, batches: list[list[tuple[list[tuple[int, Any]], bool]]]
) -> None:
    lake, model = Lake(has_number), dict[int, int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", rows)
        patch.setattr(known_module, "_MOST_CHANGES", changes)
        for parts in batches:
            expected = Expected(has_number)
            with lake.intake() as found:
                for number, (items, is_dropped) in enumerate(parts):
                    found.begin(f"part {number}")
                    for line, (key, amount) in enumerate(items, 1):
                        # a few records in each line, as an array of JSON has them
                        found.add(record(key, amount), line // 3)
                        if not is_dropped:
                            expected.add(key, amount, f"part {number}: {line // 3}")
                    if is_dropped:
                        found.drop()
                events, quarantined = lake.write(found)
            wanted = {
                key: "U" if key in model else "I"
                for key, amount in expected.amounts.items()
                if model.get(key) != amount
            }
            model.update(expected.amounts)
            assert {row["month"].month: row["_op"] for row in events} == wanted and len(events) == len(wanted)
            assert all(row["amount"] == Decimal(model[row["month"].month]) for row in events)
            assert len(quarantined) == expected.quarantined == len({row["source_key"] for row in quarantined})
            own = {row["source_key"]: row for row in quarantined if row["rule"] == "invalid_value"}
            places = {key: json.loads(own[number_of_key(key)]["payload"]) for key in expected.own}
            assert len(own) == len(expected.own) and not own.keys() & {row.get("sales_target_id") for row in events}
            assert {key: f"{found['_file']}: {found['_line']}" for key, found in places.items()} == expected.own
            assert lake.keys == len(model)


def number_of_key(key: int) -> int:
    """The number that stands for the key of its records."""
    return number_of([date(2026, key, 1), "Sales", "GBP"])


def test_a_record_that_fits_and_is_followed_by_one_that_does_not_is_kept() -> None:
    lake = Lake(True)
    with lake.intake() as found:
        found.begin("s3://x/a.json")
        found.add(record(1, 5), 1)
        found.begin("s3://x/b.json")
        found.add(record(1, BAD), 1)
        events, (first, last) = lake.write(found)
    assert events == [] and (first["rule"], last["rule"]) == ("no_record", "invalid_value")
    payload = json.loads(first["payload"])
    assert (payload["_file"], payload["amount"]) == ("s3://x/a.json", "5.00") and "a later record" in payload["_why"]
    assert last["source_key"] == number_of_key(1) != first["source_key"]


def test_a_refused_record_has_its_place_and_the_number_of_its_key() -> None:
    lake = Lake(True)
    with lake.intake() as found:
        found.begin("s3://x/a.json")
        found.add(record(1, BAD), 7)
        found.refuse(8, "it is no JSON object", "\udcff")
        _, (first, second) = lake.write(found)
    with lake.intake() as found:
        found.begin("s3://x/a.json")
        found.add(record(1, 5), 7)
        ((event,), _) = lake.write(found)
    assert first["source_key"] == event["sales_target_id"]
    payload = json.loads(first["payload"])
    assert (payload["_file"], payload["_line"], payload["amount"]) == ("s3://x/a.json", "7", BAD)
    assert (first["rule"], first["column_name"], first["value"]) == ("invalid_value", "amount", BAD)
    assert (second["rule"], json.loads(second["payload"])["_text"]) == ("invalid_bytes", "\\377")


def test_a_frozen_record_has_its_key_and_all_that_it_has() -> None:
    lake = Lake(True)
    with lake.intake() as found:
        found.begin("s3://x/a.json")
        found.refuse_record({**record(1, 5), "note": {"a": [Decimal("1.50")]}, "_why": "mine"}, 7, "note", "unknown")
        found.refuse_record({**record(2, BAD), "note": None}, 8, "note", "unknown")
        _, rows = lake.write(found)
    assert [row["source_key"] for row in rows] == [number_of_key(1), number_of_key(2)]
    assert {row["rule"] for row in rows} == {"invalid_value"}
    payload = json.loads(rows[0]["payload"])
    assert (payload["amount"], payload["note"], payload["__why"]) == ("5", '{"a": ["1.50"]}', "mine")
    assert payload["sales_target_id"] == str(number_of_key(1)) and payload["_why"] == "note: unknown"


def test_a_misfit_in_the_key_says_what_brings_it_after_a_correction() -> None:
    lake = Lake(True)
    with lake.intake() as found:
        found.begin("s3://x/a.json")
        found.add({**record(1, 5), "month": "January"}, 7)
        _, (row,) = lake.write(found)
    assert row["rule"] == "no_record"
    assert "`totelake backfill targets.sales_target` takes it" in json.loads(row["payload"])["_why"]


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=5)
WORST = ["\udcff", "\ud800", "\x00", "_why", "a" * 5000, "\\", "\udcff\ud800"]


@given(name=st.one_of(ANY_TEXT, st.sampled_from(WORST)), value=ANY_TEXT)
def test_whatever_name_a_record_has_it_waits_as_text_that_every_engine_takes(name: str, value: str) -> None:
    lake = Lake(True)
    with lake.intake() as found:
        found.begin("s3://x/a.json")
        found.refuse_record({**record(1, 5), name: value}, 7, name, "nobody knows it")
        _, (row,) = lake.write(found)
    assert len(row["column_name"]) < 300
    payload = json.loads(row["payload"])
    for text in (row["column_name"], row["value"] or "", *payload, *(text or "" for text in payload.values())):
        assert "\x00" not in text and text.encode() is not None
    assert payload["_file"] == "s3://x/a.json" and "nobody knows it" in payload["_why"]
