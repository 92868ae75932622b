"""What the demo shows at its end."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from totelake.demo.story import show_history


def test_the_versions_of_orders_fit_a_terminal_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    day, moment = date(2026, 11, 24), datetime(2026, 11, 24, 14, 5, 9, 123000)
    show_history([(99_999, 99_999, 9_999, day, 99_999, day, moment)])
    shown = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]
    assert rows == [["99,999", "99,999", "9,999", "2026-11-24", "99,999", "2026-11-24", "14:05:09"]]
    assert max(map(len, shown.splitlines())) <= 80
