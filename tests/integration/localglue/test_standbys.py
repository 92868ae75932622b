"""Standbys: what a run on one sees, and what happens when one dies, hangs, is of no use, or outlives localglue.

spark-submit and pyspark are stand-ins, so that a standby is warm at once.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from localglue import cli, standbys
from localglue.standby import Standby
from localglue.store import STANDBY, Store
from tests.integration.localglue import spark_stand_in
from tests.integration.localglue.bench import WITHIN, Bench, is_alive, serving, until
from tests.integration.localglue.test_restart import end_process, on_process, start_process

DUMP = """
import json, os, signal, sys, threading
loaded = sorted(sys.modules)
here = os.getcwd()
print(json.dumps({
    "argv": sys.argv, "name": __name__, "file": __file__, "doc": __doc__, "globals": sorted(globals()), "cwd": here,
    "main": sys.modules["__main__"].__dict__ is globals(), "path": sys.path, "modules": loaded,
    "environ": dict(os.environ), "files": sorted(os.path.relpath(os.path.join(at, name), here)
                                                 for at, _, names in os.walk(here) for name in names),
    # by name: where coverage is measured, that of SIGTERM is a method of an object with an address of its own
    "handlers": [getattr(found, "__qualname__", str(found)) for found in
                 map(signal.getsignal, (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE))],
    "threads": threading.active_count(), "open": sorted(os.listdir("/proc/self/fd")), "flags": str(sys.flags),
    "executable": sys.executable, "words": open("/proc/self/cmdline").read().split(chr(0)),
}))
"""
ENDS = {
    "well": "print('done')",
    "atexit": "import atexit, sys; atexit.register(print, 'last'); print('first', file=sys.stderr); print('second')",
    "raises": "def fall():\n    raise ValueError('the batch is empty')\nfall()",
    "chained": "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('no a') from e",
    "syntax": "print('never'\nx = 1",
    "status": "import sys; sys.exit(3)",
    "sentence": "import sys; sys.exit('no rows came')",
    "signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "group": "import os, signal; os.killpg(0, signal.SIGKILL)",
}
GROUP = "/aws-glue/jobs"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standbys, "_QUIET", 0.02)
    monkeypatch.setattr(standbys, "_LOOK", 0.02)


@pytest.fixture(scope="module")
def submit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The stand-in for spark-submit."""
    return spark_stand_in.make(tmp_path_factory.mktemp("spark"))


Serve = Callable[..., Any]


@pytest.fixture
def served(endpoint: str, submit: str, tmp_path: Path) -> Serve:
    """Start a localglue with so many standbys; its state is in the test's folder."""
    settings = {"spark_submit": submit, "inherit": ("WARM_UP",)}
    return lambda most=1, **more: serving(endpoint, tmp_path, standbys=most, **settings, **more)


@pytest.fixture
def warm_bench(served: Serve) -> Iterator[Bench]:
    """A localglue with one standby at most."""
    with served() as bench:
        yield bench


def waiting(bench: Bench) -> list[dict[str, Any]]:
    """The standbys."""
    with urllib.request.urlopen(f"{bench.glue.meta.endpoint_url}/standbys") as answer:  # nosec B310 - our own address
        return list(json.load(answer)["Standbys"])


def warm(bench: Bench, within: float = WITHIN) -> int:
    """The process of the standby that waits, once one is warm."""
    return int(until(lambda: [item["Pid"] for item in waiting(bench) if item["Warm"]], within)[0])


def warmed(bench: Bench, job: str, **request: Any) -> int:
    """Run the job without a standby, and wait for the standby that it leaves."""
    bench.run(job, **request)
    return warm(bench)


def pid_of(bench: Bench, run: dict[str, Any]) -> int:
    """The process that the run's script saw as its parent."""
    return int(bench.lines(f"{GROUP}/output", run["Id"])[-1])


def told(bench: Bench, run: dict[str, Any], folder: str) -> tuple[Any, ...]:
    """All that a run shows, with the names of folders and runs that differ from run to run replaced."""

    def plain(text: str) -> str:
        text = re.sub(rf"{re.escape(folder)}/runs/[^/\"']+", "RUN", text.replace(run["Id"], "ID"))
        return re.sub(r"process \\d+", "process N", text)

    lines = {name: [plain(line) for line in bench.lines(f"{GROUP}/{name}", run["Id"])] for name in ("output", "error")}
    # a standby's lines come first, and Spark says them once in each JVM
    lines["output"] = [line for line in lines["output"] if line != "Spark says hello"]
    return run["JobRunState"], plain(run.get("ErrorMessage", "")), lines


def test_a_script_sees_the_same_on_a_standby(warm_bench: Bench, tmp_path: Path) -> None:
    arguments = {"--word": "a b", "--empty": "", "--quote": "'\"\\", "--extra-py-files": warm_bench.put("own.py", b"")}
    job = warm_bench.job(DUMP, kind="glueetl", DefaultArguments=arguments)
    cold = warm_bench.run(job)
    assert warm(warm_bench)
    hot = warm_bench.run(job)
    assert "Spark says hello" in warm_bench.lines(f"{GROUP}/output", hot["Id"])
    assert "Spark says hello" not in warm_bench.lines(f"{GROUP}/output", cold["Id"])
    seen = [told(warm_bench, run, str(tmp_path)) for run in (cold, hot)]
    fields = [json.loads(one[2]["output"][0]) for one in seen]
    assert fields[0] == fields[1] and fields[0]["argv"][-2:] == ["--JOB_RUN_ID", "ID"]
    assert fields[0]["files"] == [f"script/{job}.py"]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("end", ENDS)
def test_a_script_ends_the_same_on_a_standby(end: str, warm_bench: Bench, tmp_path: Path) -> None:
    job = warm_bench.job(ENDS[end], kind="glueetl")
    cold = warm_bench.run(job)
    assert warm(warm_bench)
    hot = warm_bench.run(job)
    assert "Spark says hello" in warm_bench.lines(f"{GROUP}/output", hot["Id"])
    assert told(warm_bench, cold, str(tmp_path)) == told(warm_bench, hot, str(tmp_path))


def test_a_standby_is_used_once_and_by_a_run_of_its_shape_alone(warm_bench: Bench) -> None:
    job = warm_bench.job("import os; print(os.getppid())", kind="glueetl")
    first = warmed(warm_bench, job)
    assert pid_of(warm_bench, warm_bench.run(job)) == first
    second = warm(warm_bench)
    other = warm_bench.run(job, Arguments={"--conf": "spark.a=1"})
    assert pid_of(warm_bench, other) != second != first
    until(lambda: not is_alive(second))
    third = warm(warm_bench)
    assert pid_of(warm_bench, warm_bench.run(job, Arguments={"--conf": "spark.a=1"})) == third


def test_a_run_does_not_wait_for_a_standby_to_start_but_takes_it_on_its_way(
    warm_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARM_UP", "1.5")
    job = warm_bench.job("import os; print(os.getppid())", kind="glueetl")
    warm_bench.run(job)
    found = until(lambda: waiting(warm_bench))[0]
    assert not found["Warm"]
    assert pid_of(warm_bench, warm_bench.run(job)) == found["Pid"]


def test_a_warm_up_that_fails_costs_no_run_and_is_not_tried_again_and_again(
    warm_bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "localglue.standbys")
    monkeypatch.setenv("WARM_UP", "never")
    job = warm_bench.job("print(1)", kind="glueetl")
    for number in (1, 2):
        assert warm_bench.run(job)["JobRunState"] == "SUCCEEDED"
        until(lambda number=number: len(caplog.messages) == number)
        time.sleep(0.3)
        assert waiting(warm_bench) == []
    assert [line.split(": ", 1)[1] for line in caplog.messages] == [
        "it has ended (ValueError: could not convert string to float: 'never')"
    ] * 2


def test_a_standby_that_cannot_be_recorded_is_ended_and_a_later_look_starts_another(
    warm_bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put, refused = Store.put, list[int]()

    def full(store: Store, kind: str, name: str, document: Any) -> None:
        if kind == STANDBY and not refused:
            refused.append(document["Pid"])
            raise sqlite3.OperationalError("database or disk is full")
        put(store, kind, name, document)

    monkeypatch.setattr(Store, "put", full)
    found = warmed(warm_bench, warm_bench.job("print(1)", kind="glueetl"))
    assert refused and found not in refused and not is_alive(refused[0])
    assert "the standbys could not be looked at" in caplog.text


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_standby_that_died_is_replaced_by_a_cold_start(how: int, warm_bench: Bench) -> None:
    job = warm_bench.job("import os; print(os.getppid())", kind="glueetl")
    pid = warmed(warm_bench, job)
    os.killpg(pid, how)
    run = warm_bench.run(job)
    assert run["JobRunState"] == "SUCCEEDED" and pid_of(warm_bench, run) != pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_run_whose_standby_dies_or_hangs_as_it_is_taken_runs_once(
    how: int, served: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin, seen = Standby.begin, tmp_path / "seen"

    def ends(standby: Standby, *given: Any) -> Any:
        os.killpg(standby.process.pid, how)
        return begin(standby, *given)

    with served(standby_patience=0.3) as bench:
        job = bench.job(f"import os; print(os.getpid(), file=open({str(seen)!r}, 'a'))", kind="glueetl")
        pid = warmed(bench, job)
        monkeypatch.setattr(Standby, "begin", ends)
        run = bench.run(job)
        assert run["JobRunState"] == "SUCCEEDED" and not is_alive(pid)
        assert len(seen.read_text().split()) == 2


@pytest.mark.parametrize(("more", "state"), [({}, "STOPPED"), ({"Timeout": 1}, "TIMEOUT")])
def test_a_run_on_a_standby_can_be_stopped_and_has_its_timeout(
    more: dict[str, Any], state: str, warm_bench: Bench
) -> None:
    job = warm_bench.job("import sys, time\nif '--wait' in sys.argv: time.sleep(60)", kind="glueetl")
    pid = warmed(warm_bench, job)
    run_id = warm_bench.glue.start_job_run(JobName=job, Arguments={"--wait": "yes"}, **more)["JobRunId"]
    until(lambda: warm_bench.get(job, run_id)["JobRunState"] == "RUNNING")
    if not more:
        warm_bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    run = warm_bench.ended(job, run_id)
    assert run["JobRunState"] == state and not is_alive(pid)


def test_what_waits_ends_with_localglue_and_leaves_no_folder(served: Serve, tmp_path: Path) -> None:
    with served(2) as bench:
        job = bench.job("print(1)", kind="glueetl", ExecutionProperty={"MaxConcurrentRuns": 2})
        bench.run(job)
        bench.run(job)
        until(lambda: len([item for item in waiting(bench) if item["Warm"]]) == 2)
        found = waiting(bench)
        assert all(item["Bytes"] > 1 << 20 for item in found)
    assert not any(is_alive(item["Pid"]) for item in found)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("more", [{"standby_reserve": 1 << 60}, {"most": 0}], ids=["no memory", "off"])
def test_nothing_waits_when_it_must_not(more: dict[str, Any], served: Serve) -> None:
    with served(**more) as bench:
        bench.run(bench.job("print(1)", kind="glueetl"))
        time.sleep(0.3)
        assert waiting(bench) == []


def test_a_standby_that_nobody_uses_is_thrown_away_for_good(served: Serve) -> None:
    with served(standby_idle=0.5) as bench:
        job = bench.job("print(1)", kind="glueetl")
        bench.run(job)
        pid = until(lambda: waiting(bench))[0]["Pid"]
        until(lambda: not is_alive(pid))
        time.sleep(0.3)
        assert waiting(bench) == []
        bench.run(job)
        assert until(lambda: waiting(bench))[0]["Pid"] != pid


def test_a_standby_ends_when_localglue_is_killed_and_a_frozen_one_by_the_next_command(
    endpoint: str, submit: str, tmp_path: Path, bench: Bench
) -> None:
    for frozen in (False, True):
        state = tmp_path / str(frozen)
        process, url = start_process(endpoint, state, "--spark-submit", submit)
        job = on_process(bench, url).job("print(1)", kind="glueetl")
        pid = warmed(on_process(bench, url), job)
        group = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        if frozen:
            os.killpg(pid, signal.SIGSTOP)
        end_process(process, signal.SIGKILL)
        if frozen:
            assert is_alive(pid)
            assert cli.main(["end-orphans", "--state", str(state)]) == 0
        until(lambda: not any(map(is_alive, group)))  # noqa: B023 - it is called at once
        shutil.rmtree(state)
