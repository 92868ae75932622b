"""One execution of a statement: what was asked, how far it is, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from localapi.documents import Document
from localathena.columns import Columns
from localathena.errors import USER_CANCELLED

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
ENDED = (SUCCEEDED, FAILED, CANCELLED)
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
# seconds
_AGAIN = 0.05
DDL, DML, UTILITY = "DDL", "DML", "UTILITY"


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(timezone.utc)


@dataclass
class Execution:
    """A statement that was submitted. Threads change it under its lock alone."""

    id: str
    request: Document
    workgroup: str
    statement_type: str
    substatement_type: str
    result: Document
    """Its ResultConfiguration, with the address of the result itself."""
    cutoff: int | None = None
    submitted: datetime = field(default_factory=now)
    started: datetime | None = None
    completed: datetime | None = None
    state: str = QUEUED
    reason: str = ""
    error: Document | None = None
    scanned: int = 0
    manifest: str = ""
    reused: bool = False
    columns: Columns = ()
    file: Path | None = None
    """The rows; None when it has none, or has not succeeded."""
    update_count: int = 0
    is_settled: bool = False
    """Whether what it makes is being registered: it is not stopped any more."""
    interrupt: Callable[[], None] | None = None
    finished: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when no thread works on it any more."""
    lock: Any = field(default_factory=threading.Lock, repr=False)

    @property
    def sql(self) -> str:
        """The statement as it was submitted."""
        return str(self.request["QueryString"])

    @property
    def database(self) -> str:
        """The database that names without one are of."""
        given = self.request.get("QueryExecutionContext", {}).get("Database") or "default"
        return str(given).strip('`"').lower()

    def begin(self) -> bool:
        """Note that it runs; False when it was stopped before."""
        with self.lock:
            if self.state != QUEUED:
                return False
            self.state, self.started = RUNNING, now()
            return True

    def settle(self) -> bool:
        """Note that it is not stopped any more; False when it was stopped before."""
        with self.lock:
            self.is_settled = self.state not in ENDED
            return self.is_settled

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        with self.lock:
            return self.state in ENDED

    def end(self, state: str, reason: str = "", error: Document | None = None) -> None:
        """Note how it ended, unless it has ended before."""
        with self.lock:
            self._end(state, reason, error)

    def _end(self, state: str, reason: str = "", error: Document | None = None) -> None:
        if self.state not in ENDED:
            self.state, self.reason, self.error, self.completed = state, reason, error, now()

    def interruptible_by(self, interrupt: Callable[[], None] | None) -> bool:
        """Note what stops it; False when it was stopped before."""
        with self.lock:
            self.interrupt = interrupt
            return self.state not in ENDED

    def stop(self) -> None:
        """End it as CANCELLED, if it has not ended, and what it makes is not being registered."""
        with self.lock:
            if self.state in ENDED or self.is_settled:
                return
            is_worked_on = self.state == RUNNING
            self._end(CANCELLED, USER_CANCELLED)
        if is_worked_on:
            threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        """Interrupt until the work has ended: between two steps of it an interrupt goes unnoticed."""
        while not self.finished.wait(_AGAIN):
            with self.lock:
                if self.interrupt is not None:
                    self.interrupt()

    def document(self) -> Document:
        """As GetQueryExecution answers it."""
        with self.lock:
            status: Document = {"State": self.state, "SubmissionDateTime": self.submitted}
            if self.completed is not None:
                status["CompletionDateTime"] = self.completed
            if self.reason:
                status["StateChangeReason"] = self.reason
            if self.error is not None:
                status["AthenaError"] = self.error
            found: Document = {
                "QueryExecutionId": self.id,
                "Query": self.sql,
                "StatementType": self.statement_type,
                "SubstatementType": self.substatement_type,
                "ResultConfiguration": self.result,
                "QueryExecutionContext": self.request.get("QueryExecutionContext", {}),
                "Status": status,
                "Statistics": self._statistics(),
                "WorkGroup": self.workgroup,
                "EngineVersion": ENGINE,
            }
        for name in ("ExecutionParameters", "ResultReuseConfiguration"):
            if name in self.request:
                found[name] = self.request[name]
        return found

    def _statistics(self) -> Document:
        end = self.completed or now()
        begun = self.started or end
        found: Document = {
            "EngineExecutionTimeInMillis": _milliseconds(begun, end),
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": _milliseconds(self.submitted, end),
            "QueryQueueTimeInMillis": _milliseconds(self.submitted, begun),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
        }
        if self.manifest:
            found["DataManifestLocation"] = self.manifest
        return found


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds() * 1000))
