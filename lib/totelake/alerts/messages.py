"""What jobs have to say that is no failure: rows set apart, deletions held back, sides that differ; pure."""

from __future__ import annotations

from totelake.alerts.model import Alert, body


def quarantined(table: str, rows: int, number: int) -> Alert:
    """Rows that a commit of a star table has set apart."""
    return Alert(
        kind="quarantine",
        subject=f"{_rows(rows)} of {table} in quarantine",
        body=body(
            f"{_rows(rows)} did not fit; they wait, everything else has gone on.",
            f"totelake quarantine list --table {table}",
            "Correct the rows in the source, or the contract and deploy it, then `totelake quarantine replay --wait`. "
            "See docs/operations.md, 'Rows in quarantine'.",
        ),
        key=f"{table}/{number}",
    )


def deletions_held_back(table: str, rows: int, batch: int) -> Alert:
    """Deletions that the circuit breaker keeps from passing."""
    return Alert(
        kind="deletions",
        subject=f"{rows} deletions in {table} are held back",
        body=body(
            f"{rows} rows of {table} are gone from the source, too many at once; so far nothing downstream knows.",
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


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
