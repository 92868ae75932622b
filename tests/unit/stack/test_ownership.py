"""Nothing is removed or ended that a stack did not make: not by what lies beside it, nor by what its files say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stack.test_lifecycle import parts
from totelake.errors import ConfigurationError
from totelake.stack import lifecycle, postgres, processes
from totelake.stack.model import Stack

OWN = (
    "postgres", "localglue", "localathena", "outbox", "query", "spark-defaults.conf", "postgres.place", "stack.json",
    "postgres.pw",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `up` gets no further than to what it removes first."""

    def refuse(*_: object) -> None:
        raise ConfigurationError("no further")

    monkeypatch.setattr(lifecycle, "_start", refuse)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def put(folder: Path, *names: str) -> None:
    """Things of somebody's own."""
    for name in names:
        if "." in name:
            (folder / name).write_text("mine")
        else:
            (folder / name).mkdir()
            (folder / name / "mine").write_text("mine")


def everything(folder: Path) -> Mapping[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def recorded(folder: Path, **changes: Any) -> None:
    """A folder with a stack's record, and the marks and data that an `up` leaves."""
    (folder / ".totelake-stack").write_text(str(folder))
    put(folder, "postgres", "localglue", "outbox")
    Stack(str(folder), parts(), {}, str(folder / "postgres")).save()
    document = {**json.loads((folder / "stack.json").read_text()), **changes}
    (folder / "stack.json").write_text(json.dumps({name: value for name, value in document.items() if value != "gone"}))


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that were ended."""
    found: list[str] = []
    monkeypatch.setattr(lifecycle, "end", lambda part, *_: found.append(part.name))
    monkeypatch.setattr(lifecycle, "_end_jobs", lambda _: None)
    return found


@pytest.mark.parametrize("names", [(name,) for name in OWN if name != "stack.json"] + [OWN[:5]], ids="+".join)
def test_what_has_a_name_of_the_stacks_and_is_not_its_own_stays(names: tuple[str, ...], home: Path) -> None:
    put(home, *names)
    before = everything(home)
    assert lifecycle.stop(home) is False
    with pytest.raises(ConfigurationError, match="which no stack of this folder has made; move it away"):
        lifecycle.start(home)
    assert everything(home) == before


def test_a_folder_with_other_things_is_taken_and_left_with_them(home: Path) -> None:
    put(home, "src", "README.md", "logs")
    before = everything(home)
    with pytest.raises(ConfigurationError, match="no further"):
        lifecycle.start(home)
    assert everything(home) == before


@pytest.mark.parametrize("data", ["", "gone", ".", "..", "/", "elsewhere"])
def test_whatever_the_record_says_of_the_data_only_the_stacks_own_goes(data: str, home: Path, ended: list[str]) -> None:
    put(home.parent, "elsewhere", "thesis.txt")
    place = str(home.parent / data) if data == "elsewhere" else data
    recorded(home, data=place)
    assert lifecycle.stop(home)
    assert everything(home.parent) == {"elsewhere/mine": b"mine", "thesis.txt": b"mine"}
    assert ended == ["localathena", "localglue", "moto", "postgres"]


@pytest.mark.parametrize("work", [lifecycle.stop, lifecycle.start, lifecycle.status, lifecycle.load])
def test_a_copy_of_a_home_ends_nothing_and_says_whose_it_is(
    work: Callable[[Path], object], home: Path, ended: list[str]
) -> None:
    recorded(home)
    copy = home.parent / "copy"
    shutil.copytree(home, copy)
    before = everything(home.parent)
    with pytest.raises(
        ConfigurationError, match="is of the stack of .*/home; end that with TOTELAKE_HOME=.*/home, and"
    ):
        work(copy)
    assert everything(home.parent) == before
    (copy / "stack.json").unlink()
    assert lifecycle.stop(copy) is False
    assert (copy / "postgres" / "mine").is_file() and ended == []


def test_a_home_with_the_name_of_a_folder_apart_keeps_what_is_not_the_stacks(tmp_path: Path, ended: list[str]) -> None:
    home = tmp_path / "totelake-postgres-x"
    home.mkdir()
    put(home, "notes.txt", "logs")
    recorded(home)
    assert lifecycle.stop(home)
    assert sorted(everything(home)) == ["logs/mine", "notes.txt"]


@pytest.mark.parametrize("note", [b"\xff\xfe", b"a\0b", b"", b"/", b"NEAR/postgres", b"NEAR"])
def test_a_note_that_somebody_wrote_names_nothing(note: bytes, home: Path, tmp_path: Path) -> None:
    near = tmp_path / "totelake-postgres-theirs"
    near.mkdir()
    put(near, "postgres", "mine.txt")
    (home / "postgres.place").write_bytes(note.replace(b"NEAR", str(near).encode()))
    (home / ".totelake-stack").write_text(str(home))
    assert postgres.noted_data(home) == home / "postgres"
    lifecycle.stop(home)
    assert sorted(everything(near)) == ["mine.txt", "postgres/mine"]


def test_a_process_that_only_names_a_servers_folder_lives_on(tmp_path: Path) -> None:
    outbox = tmp_path / "postgres-localglue-totelake.stack.aws_endpoint" / "outbox"
    outbox.mkdir(parents=True)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(outbox)])
    try:
        assert processes.end_leftovers([(str(outbox),)]) == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


MOTO = vars(parts()["moto"])
WRONG_PARTS: tuple[dict[str, Any], ...] = (
    {"pid": "1"}, {"pid": -1}, {"pid": 0}, {"pid": 1.5}, {"pid": True}, {"started": None}, {"port": None},
    {"port": 70000}, {"name": None}, {"more": 1},
)  # fmt: skip
WRONG: tuple[dict[str, Any], ...] = (
    {"parts": {}}, {"parts": None}, {"parts": {"moto": MOTO}}, {"data": None}, {"home": None}, {"home": "gone"},
    {"passwords": []}, {"passwords": {"a": 1}}, {"sources": [1]}, {"sources": None}, {"region": 1}, {"unknown": 1},
    *({"parts": {**{name: vars(part) for name, part in parts().items()}, "moto": {**MOTO, **wrong}}}
      for wrong in WRONG_PARTS),
)  # fmt: skip


@pytest.mark.parametrize("changes", WRONG, ids=range(len(WRONG)))
def test_a_damaged_record_is_told_and_down_removes_the_stack(
    changes: dict[str, Any], home: Path, ended: list[str]
) -> None:
    recorded(home, **changes)
    for ask in (lifecycle.status, lifecycle.start, lifecycle.load):
        with pytest.raises(ConfigurationError, match=r"stack.json is damaged; run `totelake down`"):
            ask(home)
    assert lifecycle.stop(home)
    assert everything(home) == {} and ended == []
