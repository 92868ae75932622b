"""`make bench` once, on a small source: what it prints, writes and compares."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.benchmarks.bench import machine, run
from tests.benchmarks.bench.__main__ import main
from tests.benchmarks.bench.contests.ingest import LIBRARIES, PEERS
from tests.benchmarks.bench.goals import Sample
from tests.benchmarks.bench.results import Results
from tests.conftest import ROOT
from totelake.errors import ConfigurationError


def _bench(folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'lib'}:{ROOT}", "COLUMNS": "200"}
    command = [sys.executable, "-m", "tests.benchmarks.bench", *words]
    command += ["--json", str(folder / "new" / "bench.json"), "--chart", str(folder / "bench.svg")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done, json.loads((folder / "new" / "bench.json").read_text(encoding="utf-8"))


@pytest.mark.integration
def test_ingest_is_measured_beside_its_peers(tmp_path: Path) -> None:
    done, found = _bench(tmp_path, "--orders", "200", "--repeat", "1", "--only", "ingest")
    rows = {row["peer"]: row for row in found["rows"]}
    own, copy = (found["measurements"][f"ingest/{name}"] for name in ("totelake", "\\copy"))
    assert rows["ingest/\\copy"]["value"] == own["seconds"][0] / copy["seconds"][0]
    assert own["peak_bytes"] > 10_000_000
    for name in LIBRARIES:
        if PEERS.is_file():
            assert rows[f"ingest/{name}"]["value"] > 0, rows[f"ingest/{name}"]["why"]
        else:
            assert rows[f"ingest/{name}"]["value"] is None
            assert found["absent"][f"ingest/{name}"] == ".venv-bench is not there; `make bench` makes it"
    assert "ingest of all tables ÷ \\copy to files" in done.stdout
    assert found["setting"]["machine"]["cores"] == os.cpu_count()
    ElementTree.parse(tmp_path / "bench.svg")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where document and picture go, of a benchmark that has no stack."""
    found = [tmp_path / "bench.json", tmp_path / "bench.svg"]
    described = {"date": "", "cores": 2, "processor": "", "memory_gb": 1, "postgresql": "15", "python": "3.11"}
    monkeypatch.setattr(run, "deployed_stack", lambda *_: nullcontext(SimpleNamespace(source_dsn="")))
    monkeypatch.setattr(machine, "describe", lambda _: described)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "quiet", "--json", str(found[0]), "--chart", str(found[1])])
    return found


WRONG = "the copy that ingest made is wrong: staff has 3 for rows where totesys leads to 4"


def test_a_copy_of_ours_that_is_wrong_ends_the_benchmark_without_a_time(
    files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(*_: object) -> None:
        raise run.WrongError(WRONG)

    monkeypatch.setattr(run, "_repeat", wrong)
    assert main() == 1
    said = capsys.readouterr()
    assert WRONG in said.err
    assert said.out == ""
    assert not any(file.exists() for file in files)


def test_what_was_measured_before_a_repeat_that_fails_is_kept(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_fails(_: object, __: object, ___: object, results: Results) -> None:
        if results.samples["quiet/totelake"]:
            raise ConfigurationError("the disk is full")
        results.add("quiet/totelake", Sample(2.0))

    monkeypatch.setattr(run, "_repeat", second_fails)
    assert main() == 1
    found = json.loads(files[0].read_text(encoding="utf-8"))
    assert found["measurements"]["quiet/totelake"]["seconds"] == [2.0]
    assert found["setting"]["repeat"] == 1
    ElementTree.parse(files[1])
