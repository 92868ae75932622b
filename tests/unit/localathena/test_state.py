"""The folder of localathena, fetched objects that are packed, and what a statement puts on the disk beside them."""

from __future__ import annotations

import bz2
import contextlib
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest

from localathena.cli import main
from localathena.lake.engine import engine
from localathena.lake.objects import Object, Objects
from localathena.sql.refusals import Refused
from localathena.state import State


def test_what_an_earlier_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    State(tmp_path / "state").close()
    for name in ("results/old", "objects/old", "writing-x/old", "mine/new"):
        (tmp_path / "state" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "state" / name).touch()
    State(tmp_path / "state").close()
    left = sorted(str(path.relative_to(tmp_path / "state")) for path in (tmp_path / "state").rglob("*"))
    assert left == [".localathena", "mine", "mine/new", "results"]


def test_a_folder_of_others_is_refused_and_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "theirs").touch()
    assert main(["serve", "--port", "0", "--endpoint", "http://127.0.0.1:9", "--state", str(tmp_path)]) == 1
    assert "has files that are not localathena's; name an empty folder by --state" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["results", "theirs"]


def test_two_processes_have_no_folder_together(tmp_path: Path) -> None:
    first = State(tmp_path)
    kept = first.results / "x"
    kept.touch()
    with pytest.raises(ValueError, match="another localathena uses"):
        State(tmp_path)
    assert kept.is_file()
    first.close()
    State(tmp_path).close()


class _Stored:
    """An S3 of one object."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_object(self, **_: Any) -> dict[str, Any]:
        """It."""
        return {"Body": io.BytesIO(self._content)}


def fetched(folder: Path, content: bytes) -> bytes:
    """What an object of bzip2 has."""
    objects: Any = Objects(_Stored(content), folder, 1 << 20)  # type: ignore[arg-type]
    with objects.files([Object("b", "x.bz2", "e", len(content))]) as (path,):
        return bytes(path.read_bytes())


def test_all_streams_of_bzip2_are_read(tmp_path: Path) -> None:
    assert fetched(tmp_path / "objects", bz2.compress(b"1\n") + bz2.compress(b"2\n")) == b"1\n2\n"


@pytest.mark.parametrize("content", [bz2.compress(b"x" * 999)[:-5], b"no bzip2 at all", b"BZh9" + b"x" * 99])
def test_bzip2_that_is_damaged_is_bad_data(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Refused) as caught:
        fetched(tmp_path / "objects", content)
    assert caught.value.kind == "HIVE_BAD_DATA"
    assert "s3://b/x.bz2" in caught.value.sentence
    assert list((tmp_path / "objects").iterdir()) == []


def test_what_does_not_fit_into_memory_is_removed_with_its_connection(tmp_path: Path) -> None:
    big = "SELECT count(*) FROM (SELECT DISTINCT md5(CAST(x AS VARCHAR)) FROM range(400000) AS t(x))"
    with engine(tmp_path, "20MB") as one, engine(tmp_path, "20MB") as other:
        places = [item.execute("SELECT current_setting('temp_directory')").fetchone() for item in (one, other)]
        assert places[0] != places[1]
        # what it has put on the disk counts
        with contextlib.suppress(duckdb.OutOfMemoryException):
            one.execute(big).fetchall()
        assert [path for path in tmp_path.iterdir() if path.name.startswith("spill-")]
    assert list(tmp_path.iterdir()) == []
