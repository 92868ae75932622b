"""The sections of the monitor's page, each from what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from totelake.deploy.target import AWS
from totelake.lake.records.verdict import BLOCKED
from totelake.monitor import drawn
from totelake.monitor.gather import Seen
from totelake.monitor.lake import SourceState
from totelake.monitor.workflows import Workflow
from totelake.operate.positions import Positions
from totelake.operate.reconcile.finding import DIFFERS
from totelake.pages.frame import Section
from totelake.pages.html import Html, element, joined, state, table, text
from totelake.runtime.run_reports import short


def sections(seen: Seen) -> Iterator[Section]:
    """Each section, in their order. One whose parts could not be looked at says so before what there is of them."""
    yield Section("trouble", "What needs somebody", _trouble(seen))
    yield _section(seen, "workflows", "Workflows", _workflows, ("workflow",))
    yield _section(seen, "data", "How far the data is", _data, ("source", "warehouse"))
    yield _section(seen, "drift", "Drift and what it reaches", _drift, ("source",))
    yield _section(seen, "quarantine", "Quarantine", _quarantine, ("quarantine",))
    yield _section(seen, "reconciliation", "Reconciliation", _reconciliation, ("audit", "reconciliation"))
    yield _section(seen, "alerts", "Alerts", _alerts, ("alerts",))
    yield _section(seen, "cost", "DPU-hours and dollars", _cost, ("cost",))
    yield _section(seen, "logs", "Logs", _logs, ("log", "workflow"))


def _section(seen: Seen, name: str, title: str, content: Callable[[Seen], Html], parts: Sequence[str]) -> Section:
    missed = [f"{part} could not be looked at: {why}" for part, why in seen.missed.items() if _is_of(part, parts)]
    told = element("ul", joined(element("li", line) for line in missed), class_="bad") if missed else Html("")
    return Section(name, title, joined((told, content(seen))))


def _is_of(part: str, kinds: Sequence[str]) -> bool:
    """Whether a part that was missed, such as `workflow refresh`, is of one of these kinds."""
    return part.split(" ", 1)[0] in kinds


def _is_missed(seen: Seen, *kinds: str) -> bool:
    return any(_is_of(part, kinds) for part in seen.missed)


def _trouble(seen: Seen) -> Html:
    lines: list[str] = [f"{part} could not be looked at: {why}" for part, why in seen.missed.items()]
    lines += [f"{name} is not deployed; run `totelake deploy`" for name in seen.absent]
    for workflow in seen.workflows:
        if workflow.runs and workflow.runs[0].has_failed:
            newest = workflow.runs[0]
            lines.append(f"{workflow.name}, run {short(newest.id)}: {'; '.join(newest.problems)}")
    for source in seen.sources:
        lines += _troubles(source, seen)
    differing = [item for item in seen.reconciled or () if item.outcome == DIFFERS]
    lines += [f"{item.check} of {item.table} differs: {item.left} against {item.right}" for item in differing]
    if not lines:
        return element("p", "Nothing failed, nothing is held, nothing is late.", class_="good")
    return element("ul", joined(element("li", line) for line in lines), class_="bad")


def _troubles(source: SourceState, seen: Seen) -> Iterator[str]:
    """What of a source needs somebody: tables that stand still, and a lake that is late or is not watched."""
    blocked = (table for table in source.positions.tables if table.search == BLOCKED)
    yield from (f"{source.name}.{one.name} is not captured {one.why}" for one in blocked)
    yield from (item.line for item in source.positions.held)
    for item in source.drifted:
        if item.is_held:
            yield f"{source.name}.{item.table} breaks its contract: its events are held since batch {item.since}"
    if source.is_late:
        minutes, promised = source.looks[-1].seconds / 60, source.promised / 60
        yield f"{source.name} was {minutes:,.0f} minutes behind at the last two looks; {promised:,.0f} are promised"
    unseen = source.unseen_for(seen.at)
    if seen.kind == AWS and unseen is not None:
        yield f"watch has not looked at {source.name} for {_words(unseen)}; see whether its trigger is activated"


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
    none = "" if _is_missed(seen, "workflow") else "No workflow is deployed."
    overview = table("Workflows and their newest runs", heads, rows, none)
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


def _data(seen: Seen) -> Html:
    return joined(_source(item, seen.at) for item in seen.sources)


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
        drawn.behind(source.looks, source.promised),
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
    none = "" if _is_missed(seen, "source") else "Every captured table is as its contract says."
    return table("Drift", heads, rows, none)


def _quarantine(seen: Seen) -> Html:
    if _is_missed(seen, "quarantine"):
        return Html("")
    if seen.quarantine is None:
        return element("p", "Only the jobs reach this warehouse; ask the table quarantine of the lake with Athena.")
    rows = [(item.target_table, item.rule, item.status, item.rows, item.newest_batch) for item in seen.quarantine]
    heads = ("star table", "rule", "status", "rows", "newest batch")
    return table("Quarantined rows", heads, rows, "No row is quarantined.")


def _reconciliation(seen: Seen) -> Html:
    when = f"The audit last found the lake as it should be at {_time(seen.audited)} UTC." if seen.audited else (
        "" if _is_missed(seen, "audit") else "No audit of the lake has ended well yet.")  # fmt: skip
    if seen.reconciled is None:
        return joined((element("p", when), element("p", "Not compared at this look; --reconcile does.")))
    rows = [(item.check, item.table, item.left, state(item.outcome), item.detail) for item in seen.reconciled]
    heads = ("check", "table", "found", "outcome", "detail")
    none = "" if _is_missed(seen, "reconciliation") else "Nothing to compare yet."
    return joined((element("p", when), table("Source, lake and warehouse", heads, rows, none)))


def _alerts(seen: Seen) -> Html:
    rows = [(_time(item["at"]), item["count"], item["subject"]) for item in seen.alerts]
    none = "" if _is_missed(seen, "alerts") else "No message was sent so far."
    return table("Alerts that were sent", ("sent (UTC)", "incidents", "subject"), rows, none)


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
    none = "" if _is_missed(seen, "cost") else "No job has run."
    return joined((
        element("p", f"{hours} DPU-hours, {total} for the newest runs of each job, by prices of {seen.region}.{words}"),
        table("Cost of the newest runs of each job", heads, rows, none),
    ))  # fmt: skip


def _logs(seen: Seen) -> Html:
    if not seen.logs:
        return element("p", "" if _is_missed(seen, "log", "workflow") else "No job has run in a workflow yet.")
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
