"""What the demo shows at its end."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from totelake.dashboard.write import Wanted, Written
from totelake.demo import story
from totelake.demo.story import show_history
from totelake.deploy.target import Target
from totelake.runtime.run_reports import RunReport, Step


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


def test_a_step_with_a_long_name_stands_apart_from_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("totelake-ingest-totesys", "totelake-build-dimensions-totesys")
    steps = tuple(Step(name, "SUCCEEDED", seconds=12.5) for name in names)
    story._show(RunReport("wr", "refresh", "COMPLETED", "", 1.0, steps))
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        [name, "SUCCEEDED", "12.5", "s"] for name in names
    ]


@pytest.mark.parametrize(("names", "written"), [(("apples", "business"), ["business"]), (("apples",), []), ((), [])])
def test_the_business_dashboard_is_written_or_its_lack_is_said(
    names: tuple[str, ...], written: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever else is in catalog/dashboards."""
    found: list[Any] = []

    def write(wanted: Wanted, file: Path) -> Written:
        found.append(wanted.dashboard)
        return Written(file, 1, 1)

    monkeypatch.setattr(story, "dashboards_of", lambda files: {name: name for name in names})
    monkeypatch.setattr(story, "write", write)
    story._dashboard(cast(Target, None))
    said = capsys.readouterr().out
    assert found == written
    assert ("catalog/dashboards has no business, so no page is written" in said) == (not written)
