"""An alert whose run died between its commit and telling: the next run tells it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.capture.conftest import Source
from totelake.alerts import store as alerts
from totelake.alerts.messages import deletions_held_back
from totelake.capture.detect.moves import backfill, reset
from totelake.runtime import open_runtime

pytestmark = pytest.mark.integration


class Killed(BaseException):
    """The process died here."""


def die(*_: Any) -> None:
    raise Killed("here")


def move(source: Source) -> None:
    """Two commits by hand, as a night makes them."""
    with open_runtime(source.arguments()) as runtime:
        backfill(source.log(), "design", "by-hand", runtime.now())
        reset(source.log(), "by-hand", runtime.now())


@pytest.mark.parametrize("is_moved", [False, True])
def test_deletions_held_back_are_told_by_the_next_run_when_one_dies_before_it_told_them(
    filled: Source, monkeypatch: pytest.MonkeyPatch, is_moved: bool
) -> None:
    filled.sql("DELETE FROM design WHERE design_id > 50")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(alerts, "create_once", die)
        filled.run()
    assert alerts.known_incidents(filled.s3, filled.bucket) == frozenset()
    committed = filled.log().newest_number()
    assert committed == 2
    if is_moved:
        move(filled)
    filled.run()
    filled.sql("UPDATE design SET design_name = 'B' WHERE design_id = 1")
    filled.run()
    told = {deletions_held_back("design", 150, committed).id}
    assert alerts.known_incidents(filled.s3, filled.bucket) == told
