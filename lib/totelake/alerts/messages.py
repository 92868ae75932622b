"""The wording of every alert that is no drift: failed runs, quarantined rows, deletions held back, mismatches; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from totelake.alerts.model import Alert, body, without_particulars
from totelake.contracts.model import TableId
from totelake.runtime.run_reports import RunReport

# an alert of more files is longer than anybody reads
_FILES_TOLD = 10


def failed_workflow_run(run: RunReport, link: str) -> Alert:
    """A workflow run that failed; `link` is where to look at it."""
    steps = ", ".join(f"{step.name} {step.state}" for step in run.failed) or run.status
    return Alert(
        kind="run",
        subject=f"{run.workflow} failed: {steps}",
        body=body(
            "\n".join(run.problems),
            f"run {run.id}, started {run.started}\n{link}",
            "Correct what the message names, then `totelake run`. By itself watch starts a refresh again, ever more "
            "rarely; any other workflow runs again on its schedule. Every step continues where it stands, nothing is "
            "lost. See docs/operations.md, 'A run failed'.",
        ),
        key=run.id,
        cause="\n".join((run.workflow, *run.problems)),
    )


def failed_job_run(job: str, run_id: str, state: str, started: str, error: str, link: str) -> Alert:
    """A run of a job outside a workflow that failed; `link` is where to look at it."""
    error = error or "no message"
    return Alert(
        kind="job",
        subject=f"{job} {state}",
        body=body(
            error,
            f"run {run_id}, started {started}\n{link}",
            "Correct what the message names; a job on a schedule runs again by itself. "
            "See docs/operations.md, 'A job failed'.",
        ),
        key=run_id,
        cause=f"{job}\n{error}",
    )


def records_refused(table: str, rows: int, batch: int, place: str) -> Alert:
    """Records of a feed that do not fit, of a table that no star table is built of: no builder tells of them."""
    return Alert(
        kind="quarantine",
        subject=f"{_rows(rows)} of {table} in quarantine",
        body=body(
            f"{_rows(rows)} of batch {batch} did not fit and wait; everything else went on.",
            f"the objects below {place}: file, line and reason of each",
            "Correct the file, or the contract and deploy it, then `totelake backfill`. "
            "See docs/files.md, 'What does not fit'.",
        ),
        key=f"{table}/{batch}",
    )


def quarantined(table: str, rows: int, number: int) -> Alert:
    """Rows that a commit of a star table has quarantined."""
    return Alert(
        kind="quarantine",
        subject=f"{_rows(rows)} of {table} in quarantine",
        body=body(
            f"{_rows(rows)} did not fit and wait; everything else went on.",
            f"totelake quarantine list --table {table}",
            "Correct the rows in the source, or the contract and deploy it, then `totelake quarantine replay --wait`. "
            "See docs/operations.md, 'Rows in quarantine'.",
        ),
        key=f"{table}/{number}",
    )


def files_not_read(table: str, reasons: Mapping[str, str]) -> Alert:
    """Files of a source that cannot be read: the reason of each by its name and version; the others are taken."""
    told = [reasons[name] for name in sorted(reasons)]
    names = hashlib.sha256("\n".join(sorted(reasons)).encode()).hexdigest()
    more = f"\n... and {len(told) - _FILES_TOLD} more" if len(told) > _FILES_TOLD else ""
    return Alert(
        kind="files",
        subject=f"{len(told)} files of {table} cannot be read",
        body=body(
            "\n".join(told[:_FILES_TOLD]) + more,
            "The other files are taken.",
            "Correct what the message names: the next runs try these files again. See docs/files.md.",
        ),
        key=f"{table}\n{names}",
        cause="\n".join([table, *told[:_FILES_TOLD]]),
    )


def files_not_listed(table: str, reason: str, day: str) -> Alert:
    """A table whose files cannot be listed while others of its source can; one alert a day."""
    return Alert(
        kind="files",
        subject=f"the files of {table} cannot be listed",
        body=body(
            reason,
            "Files of other tables are taken.",
            "Correct what the message names: every run tries again. See docs/files.md.",
        ),
        key=f"{table}\n{reason}\n{day}",
        cause=f"{table}\n{reason}",
    )


def not_compacted(table: str, reason: str) -> Alert:
    """A star table whose small objects could not be written anew; one alert for each reason."""
    return Alert(
        kind="compaction",
        subject=f"{table} could not be compacted",
        body=body(
            f"{reason}; every row of {table} is there, in more objects than it needs.",
            "totelake logs",
            "Correct what the message names; every run that has new rows of it tries again. "
            "See docs/operations.md, 'A star table is held'.",
        ),
        key=f"{table}/{reason}",
    )


def deletions_held_back(table: TableId, rows: int, batch: int) -> Alert:
    """Deletions that the circuit breaker keeps from passing."""
    return Alert(
        kind="deletions",
        subject=f"{rows} deletions in {table} are held back",
        body=body(
            f"{rows} rows of {table} are gone from the source, too many at once; lake and warehouse still have them.",
            "totelake bookmark history",
            f"Look at the table in the source. If they are meant to be gone: `totelake run --allow-deletes {table}`. "
            "See docs/operations.md, 'Deletions held back'.",
        ),
        key=f"{table}/{batch}",
    )


def mismatch(count: int, first: str, when: str) -> Alert:
    """Comparisons of a reconciliation that do not hold; `first` says which and how."""
    return Alert(
        kind="reconciliation",
        subject=f"source, lake and warehouse differ in {count} {'comparison' if count == 1 else 'comparisons'}",
        body=body(first, "totelake reconcile", "See docs/guarantees.md, 'When `totelake reconcile` fails'."),
        key=when,
        cause=first,
    )


def rates_refused(source: str, day: str, reason: str) -> Alert:
    """A day's exchange rates that did not come, or could not be believed, while others did."""
    return Alert(
        kind="rates",
        subject=f"{source} has no rates of {day}",
        body=body(
            f"{reason}. Other days' rates came, and are in the lake.",
            f"totelake runs --source {source}",
            "Correct what the message names; later runs ask for the day again. See docs/rates.md.",
        ),
        key=f"{source}/{day}/{without_particulars(reason)}",
        cause=f"{source}\n{reason}",
    )


def rates_late(source: str, provider: str, pair: str, last: str) -> Alert:
    """A currency whose newest exchange rate is some days old; `last` is its day, '' when there is none."""
    return Alert(
        kind="rates",
        subject=f"{source} has no new rates of {pair}",
        body=body(
            f"{provider} gave no rate of {pair} {f'after {last}' if last else 'at all'}. Amounts are converted by the "
            "last rate that is known, and show its age.",
            f"totelake runs --source {source}",
            "See whether the provider still has this currency, under the hosts of source.yaml; name another provider "
            "there, or wait. See docs/rates.md.",
        ),
        key=f"{source}/{provider}/{pair}/{last}",
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
