"""The judged batches of a source, read once for all tables of a run."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock

from totelake.contracts.model import Table, inputs_of
from totelake.errors import DamagedError, LakeError
from totelake.lake.checksums import ObjectChecks
from totelake.lake.commits import CommitLog
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import JudgedBatch, Verdict, held_for, judged_batches, verdicts_since


class JudgedBatches:
    """What the log of verdicts says at the first look, so that all tables of a run plan by the same verdicts."""

    def __init__(self, verdicts: CommitLog, source: str) -> None:
        self._log, self._source = verdicts, source
        self._lock = Lock()
        self._checks = ObjectChecks(verdicts.store)
        self._after: int | None = None
        self._verdicts: list[Verdict] = []
        self._newest: Verdict | None = None

    def pending(self, table: Table, before: StarCommit) -> list[JudgedBatch]:
        """At least the batches that a star table may take after a commit.

        None while it stands before the first batch that is held for it, however many verdicts came since.
        """
        held = held_for(self._newest_verdict(), inputs_of(table))
        if held and before.through >= held[0].batch - 1:
            return []
        return self.since(before.verdict)

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

    def check(self, keys: Collection[str]) -> None:
        """Raises DamagedError unless the objects at these keys are as the verdicts that were read name them.

        Each is compared once in a run, for all tables.
        """
        with self._lock:
            commits = [commit for verdict in self._verdicts for commit in verdict.objects.values()]
        named = {item.key: item for commit in commits for item in (*commit.objects, *commit.quarantine)}
        self._checks.check(named[key] for key in keys if key in named)

    def _newest_verdict(self) -> Verdict:
        with self._lock:
            if self._newest is None:
                self._newest = Verdict.of(self._log.newest())
            return self._newest

    def _read(self, verdict: int) -> None:
        if self._after is None:
            self._after, self._verdicts = verdict, list(verdicts_since(self._log, verdict))
        elif verdict < self._after:
            missing = [Verdict.of(manifest) for manifest in self._log.since(verdict, self._after - verdict)]
            self._after, self._verdicts = verdict, [*missing, *self._verdicts]
