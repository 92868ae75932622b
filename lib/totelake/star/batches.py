"""The judged batches of a source, read once for all tables of a run."""

from __future__ import annotations

from threading import Lock

from totelake.errors import DamagedError, LakeError
from totelake.lake.commits import CommitLog
from totelake.lake.records.verdict import JudgedBatch, Verdict, judged_batches, verdicts_since


class JudgedBatches:
    """What the log of verdicts says at the first look, so that all tables of a run plan by the same verdicts."""

    def __init__(self, verdicts: CommitLog, source: str) -> None:
        self._log, self._source = verdicts, source
        self._lock = Lock()
        self._after: int | None = None
        self._verdicts: list[Verdict] = []

    def since(self, verdict: int) -> list[JudgedBatch]:
        """At least the batches of the verdicts beyond that number, releases applied; no verdict is read twice.

        Raises LakeError when one is damaged.
        """
        with self._lock:
            try:
                self._read(verdict)
            except DamagedError as error:
                # a damaged verdict is the matter of all tables
                raise LakeError(str(error)) from error
            return judged_batches(self._verdicts, self._source)

    def _read(self, verdict: int) -> None:
        if self._after is None:
            self._after, self._verdicts = verdict, list(verdicts_since(self._log, verdict))
        elif verdict < self._after:
            missing = [Verdict.of(manifest) for manifest in self._log.since(verdict, self._after - verdict)]
            self._after, self._verdicts = verdict, [*missing, *self._verdicts]
