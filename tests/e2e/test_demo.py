"""The demo: plays to its end, and leaves nothing running, whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from totelake.demo import story as demo
from totelake.errors import SourceError
from totelake.pages.files import DASHBOARD, DICTIONARY, MONITOR
from totelake.stack import lifecycle
from totelake.stack.model import Stack

pytestmark = pytest.mark.e2e

WHOLE_CATALOG = True


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder in which nothing is up."""
    monkeypatch.setenv("TOTELAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return tmp_path


def test_the_demo_shows_a_silent_edit_arriving_and_ends_its_stack(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(["--orders", "60"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("SUCCEEDED") == 10
    assert "is edited without a new timestamp" in shown
    assert "s after their commit in totesys" in shown
    assert "  Subject: totelake-refresh-totesys failed: totelake-ingest-totesys FAILED\n" in shown
    assert 'role "totelake_reader" is not permitted to log in; ALTER ROLE totelake_reader LOGIN' in " ".join(
        shown.split()
    )
    assert "current_sales_target in the warehouse" in shown and "sales_order_gbp in the warehouse" in shown
    assert "sources and warehouse" in shown
    assert shown.endswith("The stack is down.\n")
    assert f"rows in {(Path.cwd() / DASHBOARD).as_uri()}" in shown and DASHBOARD.read_text().endswith("</html>\n")
    assert f"runs in {(Path.cwd() / MONITOR).as_uri()}" in shown
    assert "build-and-load-totesys" in MONITOR.read_text() and DICTIONARY.as_posix() in MONITOR.read_text()
    assert "Registered versions of fact_sales_order" in (DICTIONARY.parent / "fact_sales_order.html").read_text()
    assert Stack.read(home) is None


def test_a_failure_is_one_sentence_and_ends_the_stack(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(stack: Stack, orders: int) -> None:
        assert all(lifecycle.status_of(stack).values())
        raise SourceError("the source is gone; bring it back")

    monkeypatch.setattr(demo, "play", fail)
    assert demo.main([]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "totelake: the source is gone; bring it back"
    assert Stack.read(home) is None


def test_a_stack_that_is_up_is_refused_and_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = lifecycle.start(home)
    try:
        assert demo.main([]) == 1
        assert capsys.readouterr().err == (f"totelake: a stack is up in {home}; run `totelake down` before the demo\n")
        assert all(lifecycle.status_of(stack).values())
    finally:
        lifecycle.stop(home)
