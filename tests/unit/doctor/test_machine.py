"""The machine's checks: each with a machine that is well, and with one that is not."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.doctor.results import outcomes
from totelake.doctor import machine
from totelake.runtime.outcome import OK, PROBLEM, WARNING

MB = 1024 * 1024


def test_a_home_that_can_be_made_is_left_unmade(tmp_path: Path) -> None:
    assert outcomes(machine.home_folder(tmp_path / "a" / "b")) == [OK]
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert outcomes(machine.home_folder(tmp_path / "file" / "home")) == [PROBLEM]


@pytest.mark.parametrize("below", ["", "totelake"])
@pytest.mark.parametrize("target", ["gone", "link"])
def test_a_home_behind_a_link_to_nothing(target: str, below: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / target)
    (result,) = machine.home_folder(tmp_path / "link" / below)
    assert (result.outcome, "link is a symbolic link to nothing" in result.detail) == (PROBLEM, True)


@pytest.mark.parametrize("call", ["os.mkdir", "os.replace", "fcntl.flock"])
def test_a_home_on_a_disk_that_refuses(call: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(call if call != "os.mkdir" else "tempfile._os.mkdir", refused)
    (result,) = machine.home_folder(tmp_path)
    assert (result.outcome, "Read-only file system" in result.detail) == (PROBLEM, True)


def test_a_home_on_a_disk_that_keeps_no_modes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "chmod", lambda path, _: os.chmod(path, 0o777))
    assert outcomes(machine.home_folder(tmp_path)) == [PROBLEM]


@pytest.mark.parametrize(
    ("megabytes", "nodes", "outcome"), [(5000, 9, OK), (1000, 9, WARNING), (100, 9, PROBLEM), (5000, 0, PROBLEM)]
)
def test_disk(megabytes: int, nodes: int, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=megabytes * MB))
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_files=9, f_favail=nodes))
    assert outcomes(machine.disk(tmp_path / "not" / "there")) == [outcome]


def test_a_disk_that_counts_no_inodes_has_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5000 * MB))
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_files=0, f_favail=0))
    assert outcomes(machine.disk(tmp_path)) == [OK]


@pytest.mark.parametrize(("named", "expected"), [("", [OK]), ("here", [OK]), ("gone", [WARNING, OK])])
def test_temporary_folder(named: str, expected: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / named) if named else "")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5000 * MB))
    assert outcomes(machine.temporary_folder()) == expected


def test_no_temporary_folder_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert outcomes(machine.temporary_folder()) == [PROBLEM]


@pytest.mark.parametrize(
    ("host", "limit", "used", "kept", "outcome"),
    [
        (8000, None, 0, 0, OK),
        (2000, None, 0, 0, WARNING),
        (8000, "max", 0, 0, OK),
        (8000, 4000, 1000, 0, OK),
        (8000, 4000, 3500, 0, WARNING),
        (8000, 4000, 3500, 3000, OK),
    ],
    ids=["enough", "too little", "no limit", "a wide limit", "a narrow limit", "files that are given back"],
)
def test_memory(
    host: int,
    limit: int | str | None,
    used: int,
    kept: int,
    outcome: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if limit is not None:
        (tmp_path / "memory.max").write_text(f"{limit if limit == 'max' else int(limit) * MB}\n")
        (tmp_path / "memory.current").write_text(f"{used * MB}\n")
        (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {kept * MB}\n")
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(available=host * MB))
    assert outcomes(machine.memory(tmp_path)) == [outcome]


@pytest.mark.parametrize(
    ("soft", "hard", "outcome"),
    [
        (1024, 4096, OK),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, OK),
        (256, resource.RLIM_INFINITY, WARNING),
        (255, 512, PROBLEM),
    ],
)
def test_open_files(soft: int, hard: int, outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    (result,) = machine.open_files()
    assert result.outcome == outcome
    assert ("hard limit" in result.remedy) == (hard == 512)


@pytest.mark.parametrize(("may_bind", "outcome"), [(True, OK), (False, PROBLEM)])
def test_loopback(may_bind: bool, outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(socket.socket):
        def bind(self, *_: Any) -> None:
            raise OSError(99, "Cannot assign requested address")

    if not may_bind:
        monkeypatch.setattr(machine.socket, "socket", Closed)
    assert outcomes(machine.loopback()) == [outcome]
