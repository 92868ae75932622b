"""`make bench` once, on a small source: what it prints, writes and compares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.benchmarks.bench.contests.ingest import LIBRARIES, PEERS
from tests.conftest import ROOT

pytestmark = pytest.mark.integration


def _bench(folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'lib'}:{ROOT}", "COLUMNS": "200"}
    command = [sys.executable, "-m", "tests.benchmarks.bench", *words]
    command += ["--json", str(folder / "new" / "bench.json"), "--chart", str(folder / "bench.svg")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done, json.loads((folder / "new" / "bench.json").read_text(encoding="utf-8"))


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
