"""A dashboard's file: replaced at once or left as it was, once or again and again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.dashboard.test_answers import ANSWERS, BOARD, QUERIES, ask
from totelake.dashboard import write as module
from totelake.dashboard.answers import Ask
from totelake.dashboard.write import Wanted, Written, watch, write
from totelake.errors import ConfigurationError, WarehouseError
from totelake.pages import files
from totelake.pages.files import replace
from totelake.query.answer import Answer


class Interrupted(Exception):
    """What ends a watching here."""


@pytest.fixture(autouse=True)
def short_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is its moment."""
    monkeypatch.setattr(module, "page", lambda document: f"{document['taken']} {document['every']}")


@contextmanager
def asking() -> Iterator[Ask]:
    """A warehouse that answers."""
    yield ask


@contextmanager
def away() -> Iterator[Ask]:
    """A warehouse that is not there."""
    raise WarehouseError("the warehouse cannot be reached; see its address")
    yield


def test_a_page_is_written_with_its_moment(tmp_path: Path) -> None:
    found = write(Wanted(BOARD, QUERIES, "lake", asking, every=30), tmp_path / "d.html")
    text = found.file.read_text()
    assert text.endswith("Z 30") and (found.size, found.rows) == (len(text), len(ANSWERS["SELECT 1"].rows))
    assert [path.name for path in tmp_path.iterdir()] == ["d.html"]


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "d.html"
    file.write_text("before")
    with pytest.raises(WarehouseError, match="cannot be reached"):
        write(Wanted(BOARD, QUERIES, "warehouse", away), file)
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write(Wanted(BOARD, QUERIES, "lake", asking), file)
    assert file.read_text() == "before" and [path.name for path in tmp_path.iterdir()] == ["d.html"]


def test_a_file_keeps_its_mode_and_a_link_its_place(tmp_path: Path) -> None:
    file, link = tmp_path / "d.html", tmp_path / "link.html"
    link.symlink_to(file)
    before = os.umask(0o027)
    try:
        replace(link, "one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640 and link.is_symlink()
    file.chmod(0o600)
    replace(link, "two")
    assert (stat.S_IMODE(file.stat().st_mode), file.read_text()) == (0o600, "two")


@pytest.mark.parametrize("what", ["folder", "device"])
def test_what_is_no_file_is_refused(what: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no file; name one with --output$"):
        replace({"folder": tmp_path, "device": Path("/dev/null")}[what], "x")


def test_watching_goes_on_while_the_warehouse_is_away(tmp_path: Path) -> None:
    moods = iter((asking, asking, away, asking))
    told: list[Written | Exception] = []
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        watch(Wanted(BOARD, QUERIES, "lake", lambda: next(moods)(), every=7), tmp_path / "d.html", told.append, sleep)
    assert [type(what) for what in told] == [Written, Written, WarehouseError, Written] and waits == [7] * 4


def test_a_watching_that_cannot_begin_ends(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError):
        watch(Wanted(BOARD, QUERIES, "warehouse", away, every=7), tmp_path / "d.html", pytest.fail, pytest.fail)
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_that_no_time_mends_ends_a_watching(tmp_path: Path) -> None:
    @contextmanager
    def other() -> Iterator[Ask]:
        yield lambda _: Answer(("moon",), [])

    moods = iter((asking, other))
    told: list[Written | Exception] = []
    with pytest.raises(ConfigurationError, match="sales.sql gives moon"):
        watch(Wanted(BOARD, QUERIES, "lake", lambda: next(moods)(), every=7), tmp_path / "d.html", told.append, abs)
    assert [type(what) for what in told] == [Written]
