"""Looks of the monitor, made up: a pipeline in which everything is well, and one in which nothing is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from totelake.monitor.gather import JobLog, Seen
from totelake.monitor.lake import Behind, Drifted, SourceState
from totelake.monitor.spending import JobSpending
from totelake.monitor.workflows import Workflow, nodes_of
from totelake.operate.held import HeldTable
from totelake.operate.history import BatchSummary
from totelake.operate.positions import Positions, SourceTable
from totelake.operate.quarantine import QuarantineCount
from totelake.operate.reconcile.finding import DIFFERS, Finding
from totelake.runtime.run_reports import RunReport, report
from totelake.schemas.changes import COLUMN_REMOVED, Change

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
REFRESH = "totelake-refresh-totesys"
STEPS = ("ingest-totesys", "check-schemas-totesys", "build-and-load-totesys")


def graph(*states: str) -> dict[str, Any]:
    """Glue's graph of a chain of jobs with a trigger before each; '' for a job that has not run."""
    nodes, edges, before = [], [], ""
    for place, state in enumerate(states):
        name = f"totelake-{STEPS[place]}"
        runs = [job_run(place, state)] if state else []
        nodes += [
            {"Type": "TRIGGER", "Name": f"to-{name}", "UniqueId": f"t{place}"},
            {"Type": "JOB", "Name": name, "UniqueId": f"j{place}", "JobDetails": {"JobRuns": runs}},
        ]
        edges.append({"SourceId": f"t{place}", "DestinationId": f"j{place}"})
        if before:
            edges.append({"SourceId": before, "DestinationId": f"t{place}"})
        before = f"j{place}"
    return {"Nodes": nodes, "Edges": edges}


def job_run(place: int, state: str) -> dict[str, Any]:
    """A run of the job at that place of the chain, ten seconds after the one before it."""
    started = NOON + timedelta(seconds=10 * place)
    ended = {} if state == "RUNNING" else {"CompletedOn": started + timedelta(seconds=8)}
    message = {"ErrorMessage": "SourceError: <b>no grant</b> & more"} if state == "FAILED" else {}
    return {"Id": f"jr_{place}{state.lower()}", "JobRunState": state, "StartedOn": started, **ended, **message}


def run(number: int, *states: str) -> dict[str, Any]:
    """A workflow run as Glue describes it, the higher its number the newer."""
    started = NOON + timedelta(minutes=number)
    ended = {} if "RUNNING" in states else {"Status": "COMPLETED", "CompletedOn": started + timedelta(seconds=30)}
    return {
        "WorkflowRunId": f"wr_{number:010}", "Name": REFRESH, "Status": "RUNNING", "StartedOn": started,
        "Graph": graph(*states), **ended,
    }  # fmt: skip


def reports(*runs: dict[str, Any]) -> tuple[RunReport, ...]:
    """The runs, the newest first."""
    return tuple(report(item) for item in sorted(runs, key=lambda item: item["StartedOn"], reverse=True))


def well(kind: str = "local") -> Seen:
    """One source, two good runs, nothing held."""
    good = ("SUCCEEDED",) * 3
    workflow = Workflow(REFRESH, nodes_of(graph(*good)), reports(run(1, *good), run(2, *good)))
    newest = workflow.runs[0].steps[0]
    counts = {"inserts": 3, "updates": 2, "deletes": 1, "quarantined": 0}
    batch = BatchSummary(7, "data", "2026-11-24T11:58:00+00:00", **counts, tables={"staff": counts}, why="first copy")
    found = Positions(
        7, "2026-11-24T11:58:00+00:00", "", {}, (SourceTable("staff", 20, "window", "it was written", 6),), 7,
        {"dim_staff": 7}, {"dim_staff": 6},
    )  # fmt: skip
    looks = tuple(Behind(f"2026-11-24T11:{minute:02}:00+00:00", 60.0) for minute in (40, 50))
    return Seen(
        "totelake", kind, NOON + timedelta(minutes=3), [workflow],
        spending=[JobSpending("totelake-ingest-totesys", 2, "2026-11-24T12:01:00+00:00", 2, 0, 16.0, 0.0021, 0.0009)],
        sources=[SourceState("totesys", found, (batch,), (), looks)],
        quarantine=[], region="eu-west-2", audited="2026-11-24T02:00:00+00:00",
        logs=[JobLog(newest, REFRESH, "totelake logs jr_0succeeded", ("12:00:01 captured <all> & more",))],
    )  # fmt: skip


def ill() -> Seen:
    """The newest run failed, a table is held, one not captured, rows are quarantined, a part could not be looked at."""
    found = well("aws")
    failed = Workflow(
        REFRESH, found.workflows[0].nodes, reports(run(1, "SUCCEEDED"), run(3, "SUCCEEDED", "FAILED", ""))
    )
    change = Change("design", "design_name", COLUMN_REMOVED, "design_name text", "")
    state = found.sources[0]
    blocked = SourceTable("payment", 0, "not captured", "since batch 7: its key changed; mend it", 0)
    positions = Positions(
        7, "2026-11-24T11:58:00+00:00", "", {}, (*state.positions.tables, blocked), 7, {"dim_design": 5}, None,
        (HeldTable("dim_design", "verdict", 6, 26, "the schema of totesys.design breaks its contract"),),
    )  # fmt: skip
    found.workflows, found.absent = [failed], ("totelake-audit",)
    found.quarantine = [QuarantineCount("fact_payment", "not a number", "waiting", 3, 7)]
    found.sources = [
        SourceState("totesys", positions, state.batches, (Drifted("design", 6, True, (change,), ("dim_design",)),),
                    (Behind("2026-11-24T11:40:00+00:00", 3_400.0), Behind("2026-11-24T11:50:00+00:00", 4_000.0)))
    ]  # fmt: skip
    found.reconciled = [Finding("staff", "rows", "20", "19", DIFFERS, "one is missing")]
    found.alerts = [{"at": "2026-11-24T12:04:00+00:00", "count": 2, "subject": "a run failed"}]
    found.missed = {"log of totelake-watch-totesys": "CloudWatch does not answer; try again"}
    return found
