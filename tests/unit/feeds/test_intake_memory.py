"""The memory of an intake: bounded, however many records come, and however wide they are."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from tests.unit.feeds.test_intake import BAD, Lake, record
from totelake.feeds import intake as module
from totelake.feeds import known as known_module
from totelake.feeds import runs
from totelake.feeds.intake import Intake
from totelake.lake import quarantine
from totelake.lake.quarantine import QuarantineWriter


def fill(found: Intake, shape: str, count: int, width: int = 0) -> None:
    """Add so many records: each of a key of its own, fitting or not, fitting ones that are overtaken by others, or all
    of one key in one part or in many. Each has so many characters more."""
    found.begin("x")
    if shape == "overtaken":
        fill(found, "keys", count, width)
        shape = "refused"
    for number in range(count):
        if shape == "one key in many parts":
            found.begin("x")
        given = record(1, BAD if shape == "refused" else number)
        key = "Sales" if shape.startswith("one key") else f"{number:08d}"
        found.add({**given, "department": key + "x" * width}, number, 200 + width)


@pytest.mark.parametrize("shape", ["keys", "refused", "one key", "one key in many parts"])
def test_memory_is_bounded_however_many_records_come(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    monkeypatch.setattr(module, "_ROWS", 1000)
    monkeypatch.setattr(runs, "_ROWS_AT_ONCE", 50)
    monkeypatch.setattr(runs, "_ROWS_GIVEN", 500)
    monkeypatch.setattr(known_module, "_MOST_CHANGES", 1000)
    together, at_once = runs._one, list[int]()
    monkeypatch.setattr(
        runs, "_one", lambda parts: at_once.append(sum(part.num_rows for part in parts)) or together(parts)
    )

    def peak(count: int) -> int:
        lake = Lake(True)
        # what the test reads for itself does not count
        monkeypatch.setattr(lake, "_read", lambda _: [])
        at_once.clear()
        tracemalloc.start()
        with lake.intake() as found:
            fill(found, shape, count)
            lake.write(found)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert lake.keys == {"keys": count, "refused": 0}.get(shape, 1)
        return size

    # the first one imports what is needed
    _, small, large = peak(100), peak(2_000), peak(8_000)
    # what the store in memory keeps of the objects grows, and is little
    assert large < small + 700_000
    # Arrow's memory is not Python's
    assert max(at_once) < 3 * 500


@pytest.mark.parametrize("shape", ["keys", "refused", "overtaken", "one key", "one key in many parts"])
def test_memory_is_bounded_however_wide_records_are(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    width, most = 8_000, 100_000
    monkeypatch.setattr(module, "_BYTES", most)
    monkeypatch.setattr(runs, "_BYTES_AT_ONCE", most // 10)
    monkeypatch.setattr(runs, "_BYTES_GIVEN", most)
    monkeypatch.setattr(quarantine, "_CHARACTERS_AT_ONCE", most)
    together, columns = runs._one, QuarantineWriter._columns
    sizes, counts = list[int](), list[int]()

    def one(parts: list[Any]) -> Any:
        sizes.append(sum(part.nbytes for part in parts))
        return together(parts)

    def columns_of(self: QuarantineWriter, rows: Any) -> Any:
        counts.append(len(rows))
        return columns(self, rows)

    monkeypatch.setattr(runs, "_one", one)
    monkeypatch.setattr(QuarantineWriter, "_columns", columns_of)
    lake = Lake(True)
    with lake.intake() as found:
        fill(found, shape, 200, width)
        events, quarantined = lake.write(found)
    assert len(events) + len(quarantined) == {"overtaken": 400, "one key": 1, "one key in many parts": 1}.get(
        shape, 200
    )
    assert max(sizes) < 3 * most and max(counts, default=0) < 2 * most / width
