"""How wide the window is, and when a transaction holds it open."""

from __future__ import annotations

import pytest

from totelake.capture.postgres.open_transactions import is_open_since, width
from totelake.lake.records.batch import Bookmark, Snapshot


@pytest.mark.parametrize(
    ("before", "now", "is_open"),
    [
        (None, "700:710:700", False),
        ("690:700:690", "690:720:690", True),
        ("690:700:690", "695:720:695", True),
        ("690:700:690", "700:720:700", False),
        ("700:700:", "700:700:", False),
    ],
    ids=["first batch", "the same", "another as old", "one begun since", "nothing is open"],
)
def test_a_transaction_is_told_when_it_was_open_at_the_last_batch(before: str | None, now: str, is_open: bool) -> None:
    bookmark = Bookmark(snapshot=Snapshot.parse(before) if before else None)
    assert is_open_since(bookmark, Snapshot.parse(now)) is is_open


def test_the_window_is_as_wide_as_the_oldest_open_transaction_is_back() -> None:
    assert (width(Snapshot.parse("690:720:690,700")), width(Snapshot.parse("720:720:"))) == (30, 0)
