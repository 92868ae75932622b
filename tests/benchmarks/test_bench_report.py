"""`make bench`: medians, ratios, verdicts, the table, the document and the picture, of numbers written by hand."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.benchmarks.bench.__main__ import arguments
from tests.benchmarks.bench.chart import draw
from tests.benchmarks.bench.goals import (
    ABSENT,
    GROUPS,
    MET,
    MOONSHOT,
    NO_GOAL,
    NOT_MET,
    OTHER_SIZE,
    ROWS,
    Finding,
    Sample,
    Size,
    findings,
)
from tests.benchmarks.bench.measure import timed
from tests.benchmarks.bench.pipeline import WrongError, parts_of
from tests.benchmarks.bench.report import document, engines_table, goals_table
from tests.benchmarks.bench.results import Results

MILLION = Size(1_000_000, 100)
SETTING = {
    "orders": 1_000_000, "repeat": 3, "batches": 100, "load_before": 0.5, "load_after": 1.5,
    "machine": {
        "date": "2026-11-30", "cores": 2, "processor": "<Test & Co>", "memory_gb": 25.0,
        "postgresql": '15.18 "x"', "python": "3.11.7",
    },
}  # fmt: skip
# ingest ÷ \copy: 2.0, 1.0 and 1.5; the quotient of the medians would be 6 / 5
SAMPLES = {
    "ingest/totelake": [Sample(4.0, 100), Sample(6.0, 300), Sample(7.5, 200)],
    "ingest/\\copy": [Sample(2.0, 10), Sample(6.0, 10), Sample(5.0, 10)],
    "ingest/dlt": [Sample(20.0, 10), Sample(20.0, 10), Sample(20.0, 10)],
    "first/totelake": [Sample(90.0, 3_000_000_000), Sample(70.0, 1_000_000_000), Sample(75.0, 2_000_000_000)],
    "quiet/totelake": [Sample(1.0), Sample(0.9), Sample(3.0)],
    "refresh/totelake": [Sample(9.0), Sample(9.5), Sample(2.0)],
    "batches/totelake": [Sample(4.0)],
    "batches/after 10": [Sample(4.0)],
}
ABSENT_PEERS = {"ingest/polars": "it ended with status 1: no module"}


def _found(size: Size = MILLION, groups: tuple[str, ...] = GROUPS) -> list[Finding]:
    return findings(SAMPLES, ABSENT_PEERS, size, groups)


def _one(words: str, size: Size = MILLION) -> Finding:
    (found,) = [item for item in _found(size) if words in item.row.what]
    return found


def test_a_ratio_is_the_median_of_what_was_measured_beside_each_other() -> None:
    found = _one("ingest of all tables ÷ \\copy")
    assert (found.value, found.verdict) == (1.5, MET)


@pytest.mark.parametrize(
    ("words", "value", "verdict"),
    [
        ("÷ dlt", 0.3, MET),
        ("first load, end to end", 75.0, MET),
        ("quiet run", 1.0, MOONSHOT),
        ("refresh with 20 changes", 9.0, NOT_MET),
        ("first load, peak memory", 2.0, OTHER_SIZE),
        ("refresh after many batches", 1.0, OTHER_SIZE),
    ],
)
def test_each_value_is_held_against_its_own_goal(words: str, value: float, verdict: str) -> None:
    found = _one(words)
    assert (found.value, found.verdict) == (value, verdict)


def test_what_a_large_source_takes_longer_is_the_median_of_the_differences() -> None:
    taken = {
        "changes/totelake": [Sample(12.0), Sample(9.0), Sample(9.0)],
        "changes/50,000 orders": [Sample(8.0)] * 2 + [Sample(6.5)],
    }
    (found,) = findings(taken, {}, Size(5_000_000, 10), ("changes",))
    assert (found.value, found.verdict, found.row.unit) == (2.5, MET, "s more")


def test_a_row_without_a_goal_has_no_verdict() -> None:
    samples = {**SAMPLES, "ingest/pg8000": [Sample(8.0)] * 3}
    (found,) = [item for item in findings(samples, {}, MILLION) if "pg8000" in item.row.what]
    assert (found.value, found.verdict) == (0.75, NO_GOAL)


def test_what_could_not_be_measured_is_absent_with_its_reason_and_has_no_value() -> None:
    polars, spark = _one("÷ polars"), _one("÷ Spark JDBC")
    assert (polars.value, polars.verdict, polars.why) == (None, ABSENT, ABSENT_PEERS["ingest/polars"])
    assert (spark.value, spark.verdict, spark.why) == (None, ABSENT, "load/totelake was not measured")


def test_of_a_row_with_goals_of_several_sizes_that_of_the_run_is_judged() -> None:
    five = [item for item in _found(Size(5_000_000, 10_000)) if item.row.what.startswith("first load")]
    assert [(item.row.goal, item.verdict) for item in five] == [(420, MOONSHOT), (2, MET)]
    small = [item for item in _found(Size(200, 10)) if item.row.what == "first load, end to end"]
    assert [item.verdict for item in small] == [OTHER_SIZE, OTHER_SIZE]


def test_only_the_groups_that_were_asked_for_are_shown() -> None:
    assert {item.row.group for item in _found(groups=("quiet", "refresh"))} == {"quiet", "refresh"}
    assert {row.group for row in ROWS} == set(GROUPS)


def test_the_table_has_median_goal_moonshot_and_verdict_of_every_row() -> None:
    console = Console(width=220, record=True, file=io.StringIO())
    console.print(goals_table(_found(), SETTING))
    console.print(engines_table(SAMPLES))
    text = console.export_text()
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    rows = {cells[0]: cells[1:] for cells in lines if cells}
    assert rows["ingest of all tables ÷ \\copy to files"] == ["1.50 ×", "≤ 1.8 ×", "≤ 1.3 ×", "met"]
    assert rows["first load, end to end (goal of 1,000,000 orders)"] == ["75.0 s", "≤ 80 s", "≤ 50 s", "met"]
    assert rows["ingest of all tables ÷ polars with connectorx"][0] == "–"
    assert rows["ingest of all tables ÷ polars with connectorx"][3] == f"absent: {ABSENT_PEERS['ingest/polars']}"
    assert rows["refresh after many batches ÷ after 10 (100 batches; the goal is of 10,000)"][0] == "1.00 ×"
    assert rows["first/totelake"] == ["75.00", "70.00", "90.00", "3,000"]
    assert "load 0.5 before and 1.5 after" in text


def test_a_reason_is_shown_as_it_is_said() -> None:
    why = "no [/tmp/x] there, [type=missing]"
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(goals_table([replace(item, verdict=ABSENT, why=why) for item in _found()[:1]], SETTING))
    assert f"absent: {why}" in console.export_text()


def test_an_interrupt_ends_the_peer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(process: subprocess.Popen[bytes], *more: Any) -> int:
        if not started:
            started.append(process)
            raise KeyboardInterrupt
        return wait(process, *more)

    wait = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        timed([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")
    assert started[0].returncode == -signal.SIGKILL


def test_the_document_has_every_sample_and_can_be_read_back() -> None:
    found = json.loads(json.dumps(document(_found(), SAMPLES, ABSENT_PEERS, SETTING)))
    assert found["measurements"]["ingest/totelake"] == {
        "seconds": [4.0, 6.0, 7.5], "median_seconds": 6.0, "peak_bytes": 300,
    }  # fmt: skip
    assert found["absent"] == ABSENT_PEERS
    assert found["setting"] == SETTING
    row = next(row for row in found["rows"] if row["peer"] == "ingest/\\copy")
    assert (row["group"], row["value"], row["goal"], row["moonshot"], row["verdict"]) == ("ingest", 1.5, 1.8, 1.3, MET)


def test_the_picture_is_xml_with_a_bar_for_each_engine_in_the_order_of_their_times() -> None:
    picture = draw(SAMPLES, SETTING)
    root = ElementTree.fromstring(picture)
    names = {"svg": "http://www.w3.org/2000/svg"}
    texts = ["".join(item.itertext()) for item in root.findall("svg:text", names)]
    assert [text for text in texts if text in ("totelake", "\\copy", "dlt")] == ["\\copy", "totelake", "dlt"]
    assert {"5.0 s", "6.0 s", "20.0 s"} <= set(texts)
    bars = [(item.get("class"), float(item.get("width", ""))) for item in root.findall("svg:rect", names)]
    (own,) = [width for kind, width in bars if kind == "own"]
    peers = [width for kind, width in bars if kind == "peer"]
    assert own / max(peers) == pytest.approx(6 / 20, rel=0.01)
    # a work without a peer has nothing to be compared with
    assert not re.search("first|quiet", picture)
    assert "prefers-color-scheme: dark" in picture


def test_a_picture_without_any_peer_is_still_a_picture() -> None:
    ElementTree.fromstring(draw({"quiet/totelake": [Sample(1.0)]}, SETTING))


@pytest.mark.parametrize("words", [["--only", "ingest,nothing"], ["--only", ","], ["--orders", "0"], ["--repeat", "x"]])
def test_a_command_line_that_makes_no_sense_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(words)
    assert words[0] in capsys.readouterr().err


def test_groups_are_taken_in_the_order_of_the_work() -> None:
    assert arguments(["--only", "load,ingest"]).only == ("ingest", "load")
    assert arguments([]).only == GROUPS


def test_the_parts_of_the_spark_job_are_read_from_what_it_told() -> None:
    assert parts_of("dimensions and facts SUCCEEDED in 52.4 s, JDBC load SUCCEEDED in 126.0 s") == (52.4, 126.0)


@pytest.mark.parametrize("told", ["", "dimensions and facts SUCCEEDED in 52.4 s, JDBC load FAILED in 1.0 s"])
def test_without_both_parts_there_is_no_time(told: str) -> None:
    with pytest.raises(WrongError, match="where it was to tell"):
        parts_of(told)


def test_a_program_has_its_time_and_the_memory_of_all_its_processes(tmp_path: Path) -> None:
    child = "import time; filled = bytearray(b'x' * 80_000_000); time.sleep(0.6)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    found = timed([sys.executable, "-c", parent], tmp_path / "log")
    assert found.seconds > 0.6
    assert found.peak > 80_000_000


def test_a_program_that_fails_is_left_out_with_its_last_words_and_its_earlier_samples_do_not_count(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    results = Results(told.append)
    results.peer("ingest/x", lambda: Sample(1.0))
    results.peer(
        "ingest/x", lambda: timed([sys.executable, "-c", "raise SystemExit('no such table')"], tmp_path / "log")
    )
    assert results.absent == {"ingest/x": "it ended with status 1: no such table"}
    assert "ingest/x" not in results.samples
    assert "no such table" in told[-1]

    def again() -> Sample:
        raise AssertionError("it is tried no more")

    results.peer("ingest/x", again)


def test_a_failure_that_is_not_the_peers_ends_the_benchmark() -> None:
    def broken() -> Sample:
        raise KeyError("a mistake of ours")

    with pytest.raises(KeyError):
        Results().peer("ingest/x", broken)
