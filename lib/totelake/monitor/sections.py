"""The sections of the monitor's page, each from what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from totelake.monitor import drawn
from totelake.monitor.gather import Seen
from totelake.monitor.lake import PROMISED_SECONDS, SourceState
from totelake.monitor.workflows import Workflow
from totelake.operate.positions import Positions
from totelake.operate.reconcile.finding import DIFFERS
from totelake.pages.frame import Section
from totelake.pages.html import Html, element, joined, state, table, text
from totelake.runtime.run_reports import short

_LATE_MINUTES = PROMISED_SECONDS // 60


def sections(seen: Seen) -> Iterator[Section]:
    """Each section, in their order."""
    yield Section("trouble", "What needs somebody", _trouble(seen))
    yield Section("workflows", "Workflows", _workflows(seen))
    yield Section("data", "How far the data is", joined(_source(item, seen.at) for item in seen.sources))
    yield Section("drift", "Drift and what it reaches", _drift(seen))
    yield Section("quarantine", "Quarantine", _quarantine(seen))
    yield Section("reconciliation", "Reconciliation", _reconciliation(seen))
    yield Section("alerts", "Alerts", _alerts(seen))
    yield Section("cost", "DPU-hours and dollars", _cost(seen))
    yield Section("logs", "Logs", _logs(seen))


def _trouble(seen: Seen) -> Html:
    lines: list[str] = [f"{part} could not be looked at: {why}" for part, why in seen.missed.items()]
    lines += [f"{name} is not deployed; run `totelake deploy`" for name in seen.absent]
    for workflow in seen.workflows:
        if workflow.runs and workflow.runs[0].has_failed:
            newest = workflow.runs[0]
            lines.append(f"{workflow.name}, run {short(newest.id)}: {'; '.join(newest.problems)}")
    for source in seen.sources:
        lines += [
            f"{source.name}.{item.name} is not captured {item.why}"
            for item in source.positions.tables
            if item.search == "not captured"
        ]
        lines += [item.line for item in source.positions.held]
        if source.looks and source.looks[-1].seconds > PROMISED_SECONDS:
            lines.append(
                f"{source.name} was {source.looks[-1].seconds / 60:,.0f} minutes behind at the last look; "
                f"{_LATE_MINUTES} are promised"
            )
    differing = [item for item in seen.reconciled or () if item.outcome == DIFFERS]
    lines += [f"{item.check} of {item.table} differs: {item.left} against {item.right}" for item in differing]
    if not lines:
        return element("p", "Nothing failed, nothing is held, nothing is late.", class_="good")
    return element("ul", joined(element("li", line) for line in lines), class_="bad")


def _workflows(seen: Seen) -> Html:
    rows = [
        (
            workflow.name,
            state(workflow.runs[0].outcome) if workflow.runs else state("NOT_RUN"),
            _time(workflow.runs[0].started) if workflow.runs else None,
            None if workflow.success_rate is None else f"{workflow.success_rate:.0%} of {len(workflow.ended)}",
            workflow.median_seconds,
        )
        for workflow in seen.workflows
    ]
    heads = ("workflow", "newest run", "started (UTC)", "succeeded", "median seconds")
    overview = table("Workflows and their newest runs", heads, rows, "No workflow is deployed.")
    return joined((overview, *(_workflow(item, seen) for item in seen.workflows if item.runs)))


def _workflow(workflow: Workflow, seen: Seen) -> Html:
    newest = workflow.runs[0]
    prefix = f"{seen.prefix}-"
    steps = [
        (step.name, state(step.state), step.seconds, step.message or step.parts)
        for step in newest.steps
    ]  # fmt: skip
    runs = [
        (short(run.id), _time(run.started), state(run.outcome), run.seconds, "; ".join(run.problems))
        for run in workflow.runs
    ]
    return element("article", joined((
        element("h3", workflow.name),
        element("p", f"Run {short(newest.id)}, started {_time(newest.started)} UTC"),
        drawn.graph(workflow, prefix, {item.step.run_id for item in seen.logs}),
        drawn.timeline(newest, seen.at, prefix),
        table(f"Newest run of {workflow.name}", ("step", "state", "seconds", "message"), steps, "No step has run."),
        drawn.durations(workflow.runs),
        _folded(f"runs-{workflow.name}", f"The newest runs, {len(runs)}", table(
            f"Newest runs of {workflow.name}", ("run", "started (UTC)", "outcome", "seconds", "why"), runs, "")),
    )))  # fmt: skip


def _source(source: SourceState, now: datetime) -> Html:
    found = source.positions
    if found.batch is None:
        return element("article", joined((element("h3", source.name), element("p", "Nothing is captured yet."))))
    age = (now - datetime.fromisoformat(found.captured_at)).total_seconds()
    newest = f"Batch {found.batch:,}, captured {_time(found.captured_at)} UTC, {_words(age)} ago"
    looked = (
        f"behind by {source.looks[-1].seconds:,.0f} s at the last look of watch, {_time(source.looks[-1].at)} UTC"
        if source.looks
        else "watch has not looked in the last 24 hours"
    )
    batches = [
        (item.number, _time(item.committed_at), item.inserts, item.updates, item.deletes, item.quarantined, item.why)
        for item in source.batches
    ]
    heads = ("batch", "committed (UTC)", "inserts", "updates", "deletes", "quarantined", "why it was searched")
    return element("article", joined((
        element("h3", source.name),
        element("p", f"{newest}; {looked}."),
        drawn.behind(source.looks),
        table(f"Source tables of {source.name}", ("table", "keys", "events in the newest batch", "accepted", "search"),
              _captured(found), "No table is captured."),
        table(f"Star tables of {source.name}", ("table", "built through", "loaded through", "held"), _stars(found),
              "No star table is built of it."),
        _folded(f"batches-{source.name}", f"The newest batches, {len(batches)}", joined((
            table(f"Newest batches of {source.name}", heads, batches, "No batch."),
            table(f"Newest batches of {source.name} by table", ("batch", "table", *heads[2:6]), _by_table(source),
                  "They brought no rows."),
        ))),
    )))  # fmt: skip


def _captured(found: Positions) -> list[tuple[object, ...]]:
    judged = "nothing yet" if found.judged is None else f"through batch {found.judged:,}"
    return [(item.name, item.keys, item.events, judged, item.why or item.search) for item in found.tables]


def _stars(found: Positions) -> list[tuple[object, ...]]:
    held = {item.table: str(item) for item in found.held}
    applied = found.applied
    return [
        (name, built, "not asked" if applied is None else applied.get(name), held.get(name))
        for name, built in found.built.items()
    ]


def _by_table(source: SourceState) -> list[tuple[object, ...]]:
    return [
        (batch.number, name, counts["inserts"], counts["updates"], counts["deletes"], counts["quarantined"])
        for batch in source.batches
        for name, counts in batch.tables.items()
        if any(counts.values())
    ]


def _drift(seen: Seen) -> Html:
    rows = [
        (
            f"{source.name}.{item.table}",
            item.since,
            state("HELD") if item.is_held else state("ACCEPTED"),
            "; ".join(map(str, item.changes)),
            ", ".join(item.reaches) or "nothing",
        )
        for source in seen.sources
        for item in source.drifted
    ]
    heads = ("table", "since batch", "events", "what differs from the contract", "what uses it")
    return table("Drift", heads, rows, "Every captured table is as its contract says.")


def _quarantine(seen: Seen) -> Html:
    if seen.quarantine is None:
        return element("p", "Only the jobs reach this warehouse; ask the table quarantine of the lake with Athena.")
    rows = [(item.target_table, item.rule, item.status, item.rows, item.newest_batch) for item in seen.quarantine]
    heads = ("star table", "rule", "status", "rows", "newest batch")
    return table("Quarantined rows", heads, rows, "No row is quarantined.")


def _reconciliation(seen: Seen) -> Html:
    when = f"The audit last found the lake as it should be at {_time(seen.audited)} UTC." if seen.audited else (
        "No audit of the lake has ended well yet.")  # fmt: skip
    if seen.reconciled is None:
        return joined((element("p", when), element("p", "Not compared at this look; --reconcile does.")))
    rows = [(item.check, item.table, item.left, state(item.outcome), item.detail) for item in seen.reconciled]
    heads = ("check", "table", "found", "outcome", "detail")
    return joined((element("p", when), table("Source, lake and warehouse", heads, rows, "Nothing to compare yet.")))


def _alerts(seen: Seen) -> Html:
    rows = [(_time(item["at"]), item["count"], item["subject"]) for item in seen.alerts]
    return table("Alerts that were sent", ("sent (UTC)", "incidents", "subject"), rows, "No message was sent so far.")


def _cost(seen: Seen) -> Html:
    rows = [
        (item.job, item.runs, _time(item.since), item.succeeded, item.failed, item.seconds, f"{item.dpu_hours:.4f}",
         f"${item.usd:.4f}")
        for item in seen.spending
        if item.runs
    ]  # fmt: skip
    total = f"${sum(item.usd for item in seen.spending):.4f}"
    hours = f"{sum(item.dpu_hours for item in seen.spending):.4f}"
    words = "" if seen.kind == "aws" else " What ran on this machine cost nothing: it is what AWS would bill for it."
    heads = ("job", "runs", "since (UTC)", "succeeded", "failed", "seconds", "DPU-hours", "dollars")
    return joined((
        element("p", f"{hours} DPU-hours, {total} for the newest runs of each job.{words}"),
        table("Cost of the newest runs of each job", heads, rows, "No job has run."),
    ))  # fmt: skip


def _logs(seen: Seen) -> Html:
    if not seen.logs:
        return element("p", "No job has run in a workflow yet.")
    return joined(
        element("details", joined((
            element("summary", f"{item.step.name} {item.step.state}, {_time(item.step.started)} UTC"),
            element("p", joined(("All of it: ", _address(item.place)))),
            element("pre", "\n".join(item.lines) or "It wrote nothing.", tabindex=0),
        )), id=drawn.anchor(item.step))
        for item in {item.step.run_id: item for item in seen.logs}.values()
    )  # fmt: skip


def _address(place: str) -> Html:
    return element("a", place, href=place) if place.startswith("https://") else element("code", place)


def _folded(identity: str, title: str, content: Html) -> Html:
    return element("details", joined((element("summary", title), content)), id=identity)


def _time(iso: str) -> Html:
    return text(iso[:19].replace("T", " "))


def _words(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
