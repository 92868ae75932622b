"""Job bookmarks: what the runs of a job have processed, as each run that committed left it."""

from __future__ import annotations

import threading

from localapi.documents import Document, Operations
from localapi.errors import InvalidShape
from localglue.errors import GlueError, InvalidInput
from localglue.jobs import Jobs
from localglue.states import ACTIVE
from localglue.store import JOB_BOOKMARK, JOB_RUN, Store

COMMIT = "CommitJobBookmark"
"""An operation of localglue's own: AWS's jobs use one that is not public."""
_COMMITTED = (("JobName", str), ("RunId", str), ("Version", int), ("JobBookmark", str))
_MOST_ENTRIES = 200
"""Runs to which a bookmark can be rewound."""
_FORGOTTEN: Document = {"Run": 0, "JobBookmark": "{}", "RunId": "", "PreviousRunId": ""}
"""What an entry says when all is forgotten. It is of no run, so the newest run's own entry is still found."""


class Bookmarks:
    """One bookmark a job: its entries, one for each run that committed or reset, the newest last."""

    def __init__(self, store: Store, jobs: Jobs, lock: threading.RLock) -> None:
        self._store, self._jobs, self._lock = store, jobs, lock

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {
            "GetJobBookmark": lambda request: {"JobBookmarkEntry": self.get(request)},
            "ResetJobBookmark": lambda request: {"JobBookmarkEntry": self.reset(request)},
        }

    def get(self, request: Document) -> Document:
        """The entry of a run, or the newest. Raises EntityNotFound, _NoBookmark."""
        entries = self._entries(request["JobName"])
        return _as_of(entries, request) if request.get("RunId") else entries[-1]

    def reset(self, request: Document) -> Document:
        """Forget everything, or go back to what was processed after a run. Raises EntityNotFound, _NoBookmark."""
        with self._lock:
            entries = self._entries(request["JobName"])
            newest = entries[-1]
            # a rewound bookmark is that of the run, under a new version
            to = _as_of(entries, request) if request.get("RunId") else _FORGOTTEN
            entry = {**newest, **to, "Version": newest["Version"] + 1, "Attempt": 0}
            self._save(request["JobName"], [*entries, entry])
            return entry

    def commit(self, request: Document) -> Document:
        """Keep what a run has processed. Raises InvalidShape, InvalidInput, and _VersionMismatch."""
        problems = [
            f"Value at '{name}' is no {kind.__name__}"
            for name, kind in _COMMITTED
            if not isinstance(request.get(name), kind)
        ]
        if problems:
            raise InvalidShape(problems)
        name, run_id = request["JobName"], request["RunId"]
        with self._lock:
            self._jobs.get(name)
            run = self._store.run(JOB_RUN, run_id)
            if run is None or run["JobName"] != name or run["JobRunState"] not in ACTIVE:
                raise InvalidInput(f"{run_id} is no run of job {name} that is active, so it has no bookmark to commit")
            entries = self._stored(name)
            newest = entries[-1] if entries else {"Version": 0, "Run": 0}
            if newest["Version"] != request["Version"]:
                raise _VersionMismatch(name, newest["Version"], request["Version"])
            entry = {
                "JobName": name,
                "Version": newest["Version"] + 1,
                "Run": newest["Run"] + 1,
                "Attempt": run.get("Attempt", 0),
                "PreviousRunId": newest.get("RunId", ""),
                "RunId": run_id,
                "JobBookmark": request["JobBookmark"],
            }
            self._save(name, [*entries, entry])
            return entry

    def _entries(self, job_name: str) -> list[Document]:
        self._jobs.get(job_name)
        entries = self._stored(job_name)
        if not entries:
            raise _NoBookmark(job_name)
        return entries

    def _stored(self, job_name: str) -> list[Document]:
        found = self._store.get(JOB_BOOKMARK, job_name)
        entries: list[Document] = found["Entries"] if found else []
        return entries

    def _save(self, job_name: str, entries: list[Document]) -> None:
        self._store.put(JOB_BOOKMARK, job_name, {"JobName": job_name, "Entries": entries[-_MOST_ENTRIES:]})


def _as_of(entries: list[Document], request: Document) -> Document:
    """The newest entry of a run. Raises _NoBookmark."""
    run_id = request["RunId"]
    for entry in reversed(entries):
        if entry.get("RunId") == run_id:
            return entry
    raise _NoBookmark(f"{request['JobName']} after run {run_id}")


class _NoBookmark(GlueError):
    code = "EntityNotFoundException"

    def __init__(self, what: str) -> None:
        remedy = "a run has to commit first, with --job-bookmark-option job-bookmark-enable"
        super().__init__(f"Continuation for job {what} not found; {remedy}")


class _VersionMismatch(GlueError):
    code = "ConcurrentModificationException"

    def __init__(self, job_name: str, version: int, expected: int) -> None:
        super().__init__(
            f"GLUE_JOB_BOOKMARK_VERSION_MISMATCH_ERROR: the bookmark of job {job_name} is at version {version} "
            f"and not at {expected}, as another run has committed or reset it; allow the job one run at a time"
        )
