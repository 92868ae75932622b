"""An alert whose run died between its commit and the alert: the next run notes it."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import Source
from tests.noted import noted_incidents
from totelake.alerts.messages import deletions_held_back
from totelake.capture.detect.moves import backfill, reset
from totelake.contracts.model import TableId
from totelake.ports.s3 import S3Store
from totelake.runtime import open_job

pytestmark = pytest.mark.integration
_create = S3Store.create


class Killed(BaseException):
    """The process died here."""


def create_or_die(store: S3Store, key: str, body: bytes) -> bool:
    """Create an object; dies at an alert."""
    if key.startswith("_alerts/"):
        raise Killed("here")
    return _create(store, key, body)


def move(source: Source) -> None:
    """Two commits by hand, as a night makes them."""
    with open_job(source.arguments()) as job:
        backfill(source.log(), "design", "by-hand", job.now())
        reset(source.log(), "by-hand", job.now())


@pytest.mark.parametrize("is_moved", [False, True])
def test_deletions_held_back_are_noted_by_the_next_run_when_one_dies_before_it_noted_them(
    filled: Source, monkeypatch: pytest.MonkeyPatch, is_moved: bool
) -> None:
    filled.sql("DELETE FROM design WHERE design_id > 50")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(S3Store, "create", create_or_die)
        filled.run()
    assert noted_incidents(filled.store) == set()
    committed = filled.log().newest_number()
    assert committed == 2
    if is_moved:
        move(filled)
    filled.run()
    filled.sql("UPDATE design SET design_name = 'B' WHERE design_id = 1")
    filled.run()
    noted = {deletions_held_back(TableId(SOURCE, "design"), 150, committed).id}
    assert noted_incidents(filled.store) == noted
