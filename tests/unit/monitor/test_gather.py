"""The monitor's look: graphs, what runs cost, and that a part which cannot be looked at hides no other."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.looks import NOON, graph, run, well
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.errors import ConfigurationError, LakeError
from totelake.monitor import gather, workflows
from totelake.monitor.gather import Seen, Wanted, look
from totelake.monitor.lake import Behind, looks_of
from totelake.monitor.spending import spending
from totelake.monitor.workflows import nodes_of
from totelake.operate.logs import LogLine
from totelake.operate.prices import Prices

PRICES = Prices.of(documents()["prices.yaml"], "eu-west-2")
PARTS = ("_workflows", "_spending", "_sources", "_quarantine", "_alerts", "_audit", "_reconciled", "_logs")


def test_triggers_are_the_lines_between_steps() -> None:
    found = nodes_of(graph("SUCCEEDED", "FAILED", ""))
    assert [(node.name.removeprefix("totelake-"), node.column, len(node.after)) for node in found] == [
        ("ingest-totesys", 0, 0), ("check-schemas-totesys", 1, 1), ("build-and-load-totesys", 2, 1),
    ]  # fmt: skip


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1])))
def test_every_step_stands_right_of_what_it_waits_for(pairs: set[tuple[int, int]]) -> None:
    steps = [{"Type": "JOB", "Name": f"job {number}", "UniqueId": f"j{number}"} for number in range(8)]
    triggers = [{"Type": "TRIGGER", "Name": f"{a} {b}", "UniqueId": f"t{a}{b}"} for a, b in pairs]
    edges = [
        edge
        for a, b in pairs
        for edge in (
            {"SourceId": f"j{a}", "DestinationId": f"t{a}{b}"},
            {"SourceId": f"t{a}{b}", "DestinationId": f"j{b}"},
        )
    ]
    found = {node.name: node for node in nodes_of({"Nodes": [*triggers, *steps], "Edges": edges})}
    assert {(other, name) for name, node in found.items() for other in node.after} == {
        (f"job {a}", f"job {b}") for a, b in pairs
    }
    assert all(found[other].column < node.column for node in found.values() for other in node.after)


def test_a_circle_ends_the_drawing_and_not_the_monitor() -> None:
    nodes = [{"Type": "JOB", "Name": name, "UniqueId": name} for name in "ab"]
    edges = [{"SourceId": "a", "DestinationId": "b"}, {"SourceId": "b", "DestinationId": "a"}]
    assert len(nodes_of({"Nodes": nodes, "Edges": edges})) == 2


def test_no_more_runs_are_asked_for_than_are_shown() -> None:
    asked: list[int] = []
    runs = [run(number, "SUCCEEDED") for number in range(100)]

    def answer(MaxResults: int, NextToken: str = "0", **_: Any) -> dict[str, Any]:
        asked.append(MaxResults)
        start = int(NextToken)
        return {"Runs": runs[start : start + MaxResults], "NextToken": str(start + MaxResults)}

    missing = SimpleNamespace(EntityNotFoundException=KeyError)
    client: Any = SimpleNamespace(get_workflow_runs=answer, exceptions=missing)
    found = workflows.read(client, "w", 30)
    assert found is not None and (len(found.runs), asked) == (30, [25, 5])
    assert found.success_rate == 1.0 and found.median_seconds == 30.0


@pytest.mark.parametrize(
    ("given_run", "hours"),
    [
        ({"ExecutionTime": 10, "MaxCapacity": 1.0}, 60 / 3600),
        ({"ExecutionTime": 120, "WorkerType": "G.1X", "NumberOfWorkers": 2}, 240 / 3600),
        ({"ExecutionTime": 120, "WorkerType": "G.2X", "NumberOfWorkers": 2, "MaxCapacity": 9.0}, 480 / 3600),
        ({"ExecutionTime": 120, "WorkerType": "G.1X", "NumberOfWorkers": 4, "DPUSeconds": 300.0}, 300 / 3600),
        ({"MaxCapacity": 1.0}, 0.0),
    ],
    ids=["a minute at least", "workers", "larger workers", "as Glue measured", "has not begun"],
)
def test_what_a_run_costs_follows_glues_bill(given_run: dict[str, Any], hours: float) -> None:
    job = {"kind": "glueetl", "glue_version": "5.1"}
    found = spending("job", job, [{"JobRunState": "SUCCEEDED", "StartedOn": NOON, **given_run}], PRICES)
    assert found.dpu_hours == pytest.approx(hours)
    assert found.usd == pytest.approx(hours * PRICES.usd["glue_spark_dpu_hour"])


def test_the_price_is_that_of_the_kind_the_version_and_the_class() -> None:
    base = {"JobRunState": "FAILED", "StartedOn": NOON, "ExecutionTime": 3600, "MaxCapacity": 1.0}
    shell = spending("job", {"kind": "pythonshell"}, [base], PRICES)
    flex = spending("job", {"kind": "glueetl"}, [{**base, "GlueVersion": "6.0", "ExecutionClass": "FLEX"}], PRICES)
    assert shell.usd == pytest.approx(PRICES.usd["glue_python_shell_dpu_hour"])
    assert flex.usd == pytest.approx(PRICES.usd["glue_spark_6_flex_dpu_hour"])
    assert (shell.succeeded, shell.failed) == (0, 1)


def test_looks_of_watch_are_read_in_their_order() -> None:
    points = [{"Timestamp": NOON - timedelta(minutes=minutes), "Maximum": float(minutes)} for minutes in (5, 15, 10)]
    client: Any = SimpleNamespace(get_metric_statistics=lambda **_: {"Datapoints": points})
    found = looks_of(client, "totelake", "totesys", NOON)
    assert [item.seconds for item in found] == [15.0, 10.0, 5.0]
    assert found[0] == Behind("2026-11-24T11:45:00+00:00", 15.0)


@pytest.mark.parametrize("broken", PARTS)
def test_a_part_that_cannot_be_looked_at_is_told_and_hides_no_other(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_parts: list[str] = []

    def part(name: str) -> Any:
        def read(wanted: Wanted, seen: Seen) -> None:
            if name == broken:
                raise LakeError("the bucket is gone; name another")
            seen_parts.append(name)

        return read

    for name in PARTS:
        monkeypatch.setattr(gather, name, part(name))
    target: Any = SimpleNamespace(prefix="totelake", kind="local")
    found = look(Wanted(target, load_contracts(), PRICES, 5, str), NOON)
    assert list(found.missed.values()) == ["the bucket is gone; name another"]
    assert set(seen_parts) == set(PARTS) - {broken}


def test_a_log_that_cannot_be_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Exception):
        """Glue's EntityNotFoundException."""

    def tail(glue: Any, logs: Any, step: Any, limit: int) -> list[LogLine]:
        if step.name.endswith("ingest-totesys"):
            raise LakeError("CloudWatch refuses; try again")
        if step.name.endswith("check-schemas-totesys"):
            raise Gone
        return [LogLine(step.name, step.run_id, "output", NOON.isoformat(), "x" * 5_000 + "\n")]

    monkeypatch.setattr(gather.logs, "tail", tail)
    clients: Any = SimpleNamespace(
        glue=SimpleNamespace(exceptions=SimpleNamespace(EntityNotFoundException=Gone)), logs=None, endpoints={"": "x"}
    )
    target: Any = SimpleNamespace(prefix="totelake", kind="local", clients=clients)
    seen = well()
    seen.logs = []
    gather._logs(Wanted(target, load_contracts(), PRICES, 5, str), seen)
    assert seen.missed == {"log of totelake-ingest-totesys": "CloudWatch refuses; try again"}
    assert [(log.step.name, [len(line) < 2_100 for line in log.lines]) for log in seen.logs] == [
        ("totelake-check-schemas-totesys", []), ("totelake-build-and-load-totesys", [True]),
    ]  # fmt: skip


def test_a_type_of_worker_without_a_price_is_named() -> None:
    run_of = {
        "JobRunState": "SUCCEEDED",
        "StartedOn": NOON,
        "ExecutionTime": 1,
        "WorkerType": "R.1X",
        "NumberOfWorkers": 2,
    }
    with pytest.raises(ConfigurationError, match="how many DPUs a worker of type R.1X has; add it to dpu_of_worker"):
        spending("job", {"kind": "glueetl"}, [run_of], PRICES)


def test_an_error_that_nobody_expects_ends_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_alerts", lambda wanted, seen: 1 / 0)
    monkeypatch.setattr(gather, "_workflows", lambda wanted, seen: None)
    monkeypatch.setattr(gather, "_spending", lambda wanted, seen: None)
    monkeypatch.setattr(gather, "_sources", lambda wanted, seen: None)
    monkeypatch.setattr(gather, "_quarantine", lambda wanted, seen: None)
    target: Any = SimpleNamespace(prefix="totelake", kind="local")
    with pytest.raises(ZeroDivisionError):
        look(Wanted(target, load_contracts(), PRICES, 5, str), NOON)
