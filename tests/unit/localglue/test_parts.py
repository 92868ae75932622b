"""Small parts: log batches, assets, the store, orphans."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from localglue import cli
from localglue.crawl_partitions import Partitions
from localglue.crawl_policy import Policy
from localglue.downloads import _cached, split_uri
from localglue.errors import GlueError
from localglue.logs import LogShipper, batches
from localglue.orphans import end_orphan, start_time_of
from localglue.store import FILE, Store


def test_log_lines_are_sent_within_cloudwatch_s_limits() -> None:
    assert [len(batch) for batch in batches([(1, "x")] * 25_000)] == [10_000, 10_000, 5_000]
    assert [len(batch) for batch in batches([(1, "x" * 250_000)] * 7)] == [3, 3, 1]
    assert [len(batch) for batch in batches([(1, "é" * 200_000)] * 3)] == [2, 1]
    assert list(batches([])) == []


def test_logs_that_cannot_be_sent_do_not_hold_up_the_run(caplog: Any) -> None:
    class Down:
        exceptions = type("Exceptions", (), {"ResourceAlreadyExistsException": KeyError})

        def create_log_group(self, **names: str) -> None:
            raise EndpointConnectionError(endpoint_url="http://nowhere")

        create_log_stream = create_log_group

    shipper = LogShipper(Down(), ["group"], "stream")
    for _ in range(60_000):
        shipper.write("group", "a line")
    shipper.close()
    assert "the log lines of stream cannot be sent to CloudWatch Logs" in caplog.text


@pytest.mark.parametrize("uri", ["/tmp/x", "s3://bucket", "s3://bucket/", "https://bucket/key"])
def test_an_address_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="it is not an s3://bucket/key address"):
        split_uri(uri)


def test_content_is_unpacked_once_even_by_two_at_the_same_time(tmp_path: Path) -> None:
    filled: list[Path] = []

    def fill(folder: Path) -> None:
        filled.append(folder)
        (folder / "x").write_text("x")
        if len(filled) == 1:
            _cached(tmp_path, b"content", fill)

    folder = _cached(tmp_path, b"content", fill)
    assert _cached(tmp_path, b"content", fill) == folder
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert len(filled) == 2 and (folder / "x").read_text() == "x"


def test_content_that_cannot_be_put_in_its_place_is_an_error(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*paths: Any) -> None:
        raise OSError("no")

    monkeypatch.setattr("localglue.downloads.os.rename", refuse)
    with pytest.raises(OSError, match="no"):
        _cached(tmp_path, b"content", lambda folder: None)
    assert list(tmp_path.iterdir()) == []


def test_state_survives_and_runs_are_found_by_owner_parent_and_state(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "state.sqlite")
    store.put("job", "b", {"n": 1})
    store.put("job", "a", {"n": 2})
    for number in range(3):
        store.add_run("job_run", f"r{number}", "b", "w" if number else None, "RUNNING", {"n": number})
    store.save_run("job_run", "r2", "FAILED", {"n": 20})
    store.close()

    store = Store(tmp_path / "deep" / "state.sqlite")
    assert store.all("job") == [{"n": 2}, {"n": 1}]
    assert store.runs_of("job_run", "b") == [{"n": 20}, {"n": 1}, {"n": 0}]
    assert store.runs_of("job_run", "b", 1, 1) == [{"n": 1}]
    assert store.runs_in("job_run", "w") == [{"n": 1}, {"n": 20}]
    assert store.runs_in_states("job_run", ("RUNNING", "STOPPING")) == [{"n": 0}, {"n": 1}]
    assert store.runs_in_states("job_run", ("RUNNING",), "a") == []
    store.delete("job", "a")
    assert (store.get("job", "a"), store.run("job_run", "r9")) == (None, None)
    store.close()


def test_only_the_very_same_process_is_ended() -> None:
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


def test_a_state_that_cannot_be_read_is_no_empty_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["end-orphans", "--state", str(tmp_path)]) == 0
    file = tmp_path / FILE
    file.write_text("this is no database, and it is long enough to be seen as none" * 20)
    assert cli.main(["end-orphans", "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"{file} cannot be read (file is not a database); end the job processes that it records, and remove it\n"
    )


def test_a_policy_is_read_from_the_crawler() -> None:
    assert Policy.of({}) == Policy(True, "DEPRECATE_IN_DATABASE", False, False, False)
    only_new = {
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"},
    }
    assert Policy.of(only_new) == Policy(False, "LOG", True, False, False)


@pytest.mark.parametrize(("code", "fails"), [("AlreadyExistsException", False), ("InternalServiceException", True)])
def test_a_partition_that_another_client_adds_meanwhile_is_no_error(code: str, fails: bool) -> None:
    class DataCatalog:
        def call(self, operation: str, request: Any) -> Any:
            return {"Errors": [{"PartitionValues": ["1"], "ErrorDetail": {"ErrorCode": code}}]}

    partitions = Partitions(DataCatalog(), "d", "t", Policy.of({}), lambda: None)  # type: ignore[arg-type]
    if not fails:
        partitions._in_batches("BatchCreatePartition", "PartitionInputList", [{}], 100)
        return
    with pytest.raises(GlueError, match="BatchCreatePartition on table t was rejected"):
        partitions._in_batches("BatchCreatePartition", "PartitionInputList", [{}], 100)
