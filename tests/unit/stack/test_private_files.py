"""What the stack writes is its user's alone; one `up` at a time; what a killed one has left goes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from totelake.errors import ConfigurationError
from totelake.stack import lifecycle, postgres, processes, spark
from totelake.stack.private_files import alone, private_folder, private_home, write_private


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """A umask under which everything would be open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_home_is_closed_and_one_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    assert mode(private_home(tmp_path / "parent" / "home")) == 0o700
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    assert mode(private_home(shared)) == 0o755
    (shared / "logs").mkdir(mode=0o755)
    assert mode(private_folder(shared / "logs")) == 0o700


def test_a_file_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / "old").touch(mode=0o644)
    for name in ("old", "new"):
        assert mode(write_private(tmp_path / name, "text")) == 0o600


def test_a_process_writes_what_only_its_user_reads(tmp_path: Path) -> None:
    code = f"import os; os.mkdir({str(tmp_path / 'made')!r}); open({str(tmp_path / 'made' / 'file')!r}, 'w')"
    part = processes.spawn("maker", [sys.executable, "-c", code], 0, tmp_path / "logs" / "maker.log", os.environ)
    processes._CHILDREN[part.pid].wait()
    processes.end(part)
    made = [tmp_path / "logs", tmp_path / "logs" / "maker.log", tmp_path / "made", tmp_path / "made" / "file"]
    assert [mode(path) for path in made] == [0o700, 0o600, 0o700, 0o600]


def test_spark_settings_are_closed_and_survive_any_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    odd = tmp_path / "with space 'ä\" \\ back"
    odd.mkdir()
    monkeypatch.setattr(spark, "cache_folder", lambda: odd)
    monkeypatch.setattr(spark, "ensure_jars", lambda *_: [odd / "a.jar"])
    for archive in spark._archives(spark.find_java()):
        archive.touch()
    path = spark.write_properties(tmp_path / "spark.conf", "http://aws")
    assert mode(path) == 0o600
    read = dict(line.split(" ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    values = {name: re.sub(r"\\(.)", r"\1", value) for name, value in read.items()}
    assert values["spark.driver.extraClassPath"] == str(odd / "a.jar")
    # Spark takes its options apart as a shell does
    archives = ":".join(str(archive) for archive in spark._archives(spark.find_java()))
    assert f"-XX:SharedArchiveFile={archives}" in shlex.split(values["spark.driver.extraJavaOptions"])


def test_of_two_that_start_a_stack_in_one_folder_one_is_told(tmp_path: Path) -> None:
    told = f"another `totelake up` or `totelake down` is at work in {tmp_path}; wait for its end, "
    told += "then see `totelake status`"
    with alone(tmp_path), pytest.raises(ConfigurationError, match=f"^{re.escape(told)}$"):
        lifecycle.start(tmp_path)
    with alone(tmp_path):
        pass


@pytest.mark.parametrize("broken", ["_initdb", "_serve"])
def test_a_server_that_cannot_start_leaves_no_data(
    broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise ConfigurationError("cannot")

    monkeypatch.setattr(postgres, "place", lambda *_: (tmp_path / "postgres", tmp_path))
    monkeypatch.setattr(postgres, "find_binaries", lambda: tmp_path)
    monkeypatch.setattr(postgres, "unprivileged_user", lambda: None)
    monkeypatch.setattr(postgres, "_initdb", lambda *_: None)
    monkeypatch.setattr(postgres, broken, fail)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="^cannot$"):
            postgres.start_server(tmp_path, 1, tmp_path / "log")
        assert list(tmp_path.iterdir()) == []


def test_what_a_killed_up_has_left_is_ended_and_removed(tmp_path: Path) -> None:
    for name in ("postgres", "localglue", "outbox", "logs"):
        (tmp_path / name).mkdir()
    (tmp_path / ".totelake-stack").write_text(str(tmp_path))
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "localglue.py").write_text("import time\ntime.sleep(600)\n")
    server = [sys.executable, "-m", "localglue", "--state"]
    started = {"cwd": tmp_path / "modules", "env": {**os.environ, "PYTHONPATH": ""}}
    left = subprocess.Popen([*server, str(tmp_path / "localglue")], **started)
    stranger = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)  # localglue", "--state", str(tmp_path / "localglue")]
    )
    other = subprocess.Popen([*server, str(tmp_path / "other")], **started)
    try:
        assert lifecycle.stop(tmp_path)
        left.wait(10)
        assert (stranger.poll(), other.poll()) == (None, None)
    finally:
        for process in (left, stranger, other):
            process.kill()
            process.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "modules"]
