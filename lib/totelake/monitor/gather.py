"""All that the monitor shows, gathered in one look; a part that cannot be looked at hides no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from totelake.alerts.failures import Links
from totelake.alerts.scan import links_of
from totelake.alerts.store import sent_messages
from totelake.contracts import Contracts
from totelake.deploy.target import Target
from totelake.errors import TotelakeError
from totelake.lake.commits import CommitLog
from totelake.monitor import lake, spending, workflows
from totelake.monitor.lake import SourceState
from totelake.monitor.spending import JobSpending
from totelake.monitor.workflows import Workflow
from totelake.operate import logs
from totelake.operate.deployed import deployed
from totelake.operate.logs import LogLine
from totelake.operate.prices import Prices
from totelake.operate.quarantine import QuarantineCount
from totelake.operate.quarantine import summary as quarantined
from totelake.operate.reconcile.finding import Finding
from totelake.runtime.clients import Clients
from totelake.runtime.run_reports import JOB, Step

_AUDIT = "audit"
_ALERTS = 20
_LINES = 40
_LONGEST = 2_000
"""Characters of a line of a log that are shown."""
_ERRORS = (TotelakeError, ClientError, BotoCoreError, psycopg2.Error)


@dataclass(frozen=True)
class Wanted:
    """What to look at: a deployment and its contracts, the prices of its region, and how many of the newest runs and
    batches. `sentence` says an error to people; `compare` reconciles a source
    with lake and warehouse, None for not."""

    target: Target
    contracts: Contracts
    prices: Prices
    limit: int
    sentence: Callable[[BaseException], str]
    compare: Callable[[str], Iterable[Finding]] | None = None


@dataclass(frozen=True)
class JobLog:
    """The last lines of a job run's log, and where the whole is: an address of AWS's console, or a command."""

    step: Step
    workflow: str
    place: str
    lines: tuple[str, ...]


@dataclass
class Seen:
    """One look at the deployment `prefix`, which began at the moment `at` and took `took` seconds.

    `missed` are the parts that could not be looked at, each with why; `reconciled` is None when it was not asked for,
    `quarantine` None where only jobs reach the warehouse; `region` is that of the prices.
    """

    prefix: str
    kind: str
    at: datetime
    workflows: list[Workflow] = field(default_factory=list)
    absent: tuple[str, ...] = ()
    spending: list[JobSpending] = field(default_factory=list)
    sources: list[SourceState] = field(default_factory=list)
    quarantine: list[QuarantineCount] | None = None
    alerts: list[Mapping[str, Any]] = field(default_factory=list)
    audited: str = ""
    reconciled: list[Finding] | None = None
    logs: list[JobLog] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    region: str = ""
    took: float = 0.0

    def document(self) -> dict[str, Any]:
        """The look for machines; times are ISO 8601."""
        return {**asdict(self), "at": self.at.isoformat(timespec="seconds")}


def look(wanted: Wanted, now: datetime) -> Seen:
    """Look at everything. What fails by a known error is told in `missed`, and the rest is looked at all the same."""
    seen, begun = Seen(wanted.target.prefix, wanted.target.kind, now, region=wanted.prices.region), time.monotonic()
    for name, part in (
        ("workflows", _workflows),
        ("spending", _spending),
        ("sources", _sources),
        ("quarantine", _quarantine),
        ("alerts", _alerts),
        ("audit", _audit),
        ("reconciliation", _reconciled),
        ("logs", _logs),
    ):
        with _missing(seen, name, wanted):
            part(wanted, seen)
    seen.took = time.monotonic() - begun
    return seen


@contextmanager
def _missing(seen: Seen, part: str, wanted: Wanted) -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        seen.missed[part] = wanted.sentence(error)


def _workflows(wanted: Wanted, seen: Seen) -> None:
    absent = []
    for name in deployed(wanted.contracts.pipeline, wanted.target.prefix).workflows:
        with _missing(seen, f"workflow {name}", wanted):
            found = workflows.read(wanted.target.clients.glue, name, wanted.limit)
            if found is None:
                absent.append(name)
            else:
                seen.workflows.append(found)
    seen.absent = tuple(absent)


def _spending(wanted: Wanted, seen: Seen) -> None:
    defaults = wanted.contracts.pipeline["defaults"]
    for name, job in wanted.contracts.pipeline["jobs"].items():
        whole, full = {**defaults[job["kind"]], **job}, f"{wanted.target.prefix}-{name}"
        with _missing(seen, f"cost of {full}", wanted):
            found = spending.read(wanted.target.clients.glue, full, whole, wanted.prices, wanted.limit)
            if found:
                seen.spending.append(found)


def _sources(wanted: Wanted, seen: Seen) -> None:
    target = wanted.target
    for name in wanted.contracts.sources:
        with _missing(seen, f"source {name}", wanted):
            found = lake.looks_of(target.clients.cloudwatch, target.prefix, name, seen.at)
            places = (target.ingestion, target.processed, wanted.contracts, name)
            dsn = target.warehouse_dsn
            try:
                state = lake.read(*places, dsn, found, wanted.limit)
            except _ERRORS as error:
                if dsn is None:
                    raise
                seen.missed[f"warehouse of {name}"] = wanted.sentence(error)
                state = lake.read(*places, None, found, wanted.limit)
            seen.sources.append(state)


def _quarantine(wanted: Wanted, seen: Seen) -> None:
    if wanted.target.warehouse_dsn:
        seen.quarantine = quarantined(wanted.target.warehouse_dsn)


def _alerts(wanted: Wanted, seen: Seen) -> None:
    seen.alerts = sent_messages(wanted.target.ingestion, _ALERTS)


def _audit(wanted: Wanted, seen: Seen) -> None:
    newest = CommitLog(wanted.target.ingestion, _AUDIT).newest()
    seen.audited = newest.committed_at if newest else ""


def _reconciled(wanted: Wanted, seen: Seen) -> None:
    if wanted.compare is None:
        return
    seen.reconciled = []
    for source in wanted.contracts.sources:
        with _missing(seen, f"reconciliation of {source}", wanted):
            seen.reconciled.extend(wanted.compare(source))


def _logs(wanted: Wanted, seen: Seen) -> None:
    """Those of each workflow's newest run and of its newest failed one."""
    clients, links = wanted.target.clients, links_of(wanted.target.clients)
    for workflow in seen.workflows:
        for step in _logged(workflow):
            with _missing(seen, f"log of {step.name}", wanted):
                text = tuple(f"{line.time[11:19]} {_cut(line.text)}" for line in _tail(clients, step))
                seen.logs.append(JobLog(step, workflow.name, _place(links, step), text))


def _tail(clients: Clients, step: Step) -> list[LogLine]:
    """The last lines of a job run; none of a run or job that Glue does not keep any more."""
    try:
        return logs.tail(clients.glue, clients.logs, step, _LINES)
    except clients.glue.exceptions.EntityNotFoundException:
        return []


def _cut(text: str) -> str:
    line = text.rstrip("\n")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} … ({len(line):,} characters)"


def _logged(workflow: Workflow) -> list[Step]:
    """The job runs of the newest run and of the newest failed one that have begun; crawlers have a log of their own."""
    jobs = {node.name for node in workflow.nodes if node.kind == JOB}
    failed = next((run for run in workflow.runs if run.has_failed), None)
    chosen = {run.id for run in (*workflow.runs[:1], *((failed,) if failed else ()))}
    runs = [run for run in workflow.runs if run.id in chosen]
    return [step for run in runs for step in run.steps if step.run_id and step.name in jobs]


def _place(links: Links, step: Step) -> str:
    return links.job_run(step.name, {"Id": step.run_id})
