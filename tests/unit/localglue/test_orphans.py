"""Job processes that outlive localglue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localglue import cli
from localglue.orphans import end_orphan, start_time_of
from localglue.store import FILE, Store


def test_only_the_same_process_is_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    birth = start_time_of(process.pid)
    assert birth is not None
    assert not end_orphan(process.pid, "another time")
    assert not end_orphan(None, None)
    assert process.poll() is None
    assert end_orphan(process.pid, birth)
    assert process.wait(10) == -9
    assert start_time_of(process.pid) is None
    assert not end_orphan(process.pid, birth)


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[tuple[Path, int, int]]:
    """The folder of a localglue that died while a run went on; the run's process and that process's child."""
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    store = Store(tmp_path / FILE)
    run = {"Id": "jr_1", "JobName": "slow", "Pid": process.pid, "Birth": start_time_of(process.pid)}
    store.add_run("job_run", "jr_1", "slow", None, "RUNNING", run)
    store.add_run("job_run", "jr_2", "slow", None, "RUNNING", {**run, "Pid": os.getpid()})
    store.add_run("job_run", "jr_3", "slow", None, "STARTING", {"Id": "jr_3", "JobName": "slow"})
    store.close()
    yield tmp_path, process.pid, child
    process.stdout.close()
    process.kill()
    process.wait()


def test_runs_that_outlived_localglue_end_with_their_children_and_nothing_else_does(
    left_behind: tuple[Path, int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _, child = left_behind
    assert cli.main(["end-orphans", "--state", str(folder)]) == 0
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or ") Z " in status.read_text()
    assert cli.main(["end-orphans", "--state", str(folder)]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_run_that_cannot_be_ended_is_named(
    left_behind: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, pid, _ = left_behind
    monkeypatch.setattr("localglue.orphans.os.killpg", lambda group, number: None)
    monkeypatch.setattr("localglue.orphans._END_TIMEOUT", 0.0)
    assert cli.main(["end-orphans", "--state", str(folder)]) == 1
    assert capsys.readouterr().err == (
        f"these runs still go on after SIGKILL: slow (process {pid}); end their processes\n"
    )


def test_an_unreadable_state_is_not_taken_for_an_empty_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["end-orphans", "--state", str(tmp_path)]) == 0
    file = tmp_path / FILE
    file.write_text("this is no database, and it is long enough to be seen as none" * 20)
    assert cli.main(["end-orphans", "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"{file} cannot be read (file is not a database); end the job processes that it records, and remove it\n"
    )
