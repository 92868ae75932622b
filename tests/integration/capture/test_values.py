"""Values that are hard to carry arrive as they are, and are the same when they are written again."""

from __future__ import annotations

import math

import pytest

from tests.integration.capture.conftest import Source, insert_designs
from totelake.contracts import load_contracts

pytestmark = pytest.mark.integration

_TEXTS = [
    "",
    "NULL",
    "null",
    "NaN",
    "\\N",
    "\\.",
    '"',
    '""',
    "a,b",
    "a\nb",
    "a\r\nb",
    "\r",
    "\n",
    " ",
    "\t",
    "é\u2028\U0001f600",
]
_NUMBERS = [math.nan, math.inf, -math.inf, -0.0, 1e-30, 1e30, 0.1, 1 / 3]
_TIMES = ["0001-01-01 00:00:00", "1600-02-29 00:00:00.001", "1969-12-31 23:59:59.999", "9999-12-31 23:59:59.999"]


@pytest.fixture
def hard(source: Source) -> Source:
    """Designs with such values, captured."""
    source.sql("ALTER TABLE design ADD COLUMN double float8, ADD COLUMN single real, ADD COLUMN note text")
    cursor = source.connection.cursor()
    for key in range(1, 21):
        number, text = (_NUMBERS[key % len(_NUMBERS)], _TEXTS[key % len(_TEXTS)]) if key <= 16 else (None, None)
        cursor.execute(insert_designs(key, key))
        cursor.execute(
            "UPDATE design SET design_name = %s, double = %s, single = %s::float8, note = %s, created_at = %s "
            "WHERE design_id = %s",
            (text or "", number, number, text, _TIMES[key % len(_TIMES)], key),
        )
    cursor.execute("UPDATE design SET double = 5e-324 WHERE design_id = 18")
    cursor.execute("UPDATE design SET double = 1.7976931348623157e308 WHERE design_id = 19")
    cursor.execute("UPDATE design SET note = repeat(E'Grüße, \"du\"\\n', 250000) WHERE design_id = 20")
    return source


def test_numbers_texts_and_times_arrive_as_they_are(hard: Source) -> None:
    columns = [*load_contracts().find("design").column_names, "double", "single", "note"]
    events = sorted(hard.events(hard.run(), "design"), key=lambda event: event["design_id"])
    captured = [tuple(event[name] for name in columns) for event in events]
    assert len(captured[-1][-1].encode()) > 3_000_000
    selected = ", ".join(columns).replace("single", "single::float8")
    expected = hard.rows(f"SELECT {selected} FROM design ORDER BY design_id")
    # by their text, for NaN is not equal to itself and -0.0 is equal to 0.0
    assert [repr(row) for row in captured] == [repr(row) for row in expected]


def test_such_values_written_again_are_no_event_and_changed_ones_are(hard: Source) -> None:
    hard.run()
    hard.sql("UPDATE design SET double = double + 0, single = single * 1, note = note || ''")
    assert hard.changes(hard.run(), "design") == []
    hard.sql(
        "UPDATE design SET note = overlay(note placing 'x' from 1500000) WHERE design_id = 20",
        "UPDATE design SET note = NULL WHERE note = ''",
        "UPDATE design SET single = '-Infinity' WHERE single = 'Infinity'",
        "UPDATE design SET double = 0 WHERE double = 'NaN'",
    )
    keys = {16, 20, 1, 9, 8}
    assert hard.changes(hard.run(), "design") == [("U", key) for key in sorted(keys)]
