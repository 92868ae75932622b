"""check_schemas: judge every new batch of a source, move what is accepted to its table, register it, report it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from totelake.contracts import load_contracts
from totelake.lake.commits import CommitLog
from totelake.lake.manifest import Manifest, TableCommit
from totelake.lake.records.batch import Batch
from totelake.lake.records.verdict import LOG, Verdict
from totelake.registry.finish import Registration
from totelake.registry.judge import Judgement, judge
from totelake.registry.placement import Place, next_verdict, released_commits
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import CheckArguments
from totelake.runtime.run_properties import BUILD_TO


def check_schemas(job: Job[CheckArguments]) -> Verdict | None:
    """Judge what is pending, and what is held; the verdict, None when there was nothing to decide."""
    check = _Check(job)
    committed = check.verdicts.append(check.decide)
    if committed is not None:
        check.finish(committed)
    verdict = Verdict.of(committed)
    through = verdict.of_source(check.source).through if committed is not None else check.judged_to
    job.put_run_property(BUILD_TO.format(source=check.source), str(through))
    job.log.info("judged to batch %d", through)
    return verdict if committed is not None else None


class _Check:
    """One run over one source; `judged_to` is the newest batch that a verdict is about."""

    def __init__(self, job: Job[CheckArguments]) -> None:
        self._job, self.source = job, job.arguments.source
        self._crawler = job.crawler(job.arguments.crawler)
        # one for the whole run: what a table is refused once, and a crawl for it, is not tried again
        self._registration = Registration(job, self.source)
        self._batches = CommitLog(job.ingestion, self.source)
        self.verdicts = CommitLog(job.ingestion, LOG)
        self.judged_to = 0

    def decide(self, newest: Manifest | None) -> Manifest | None:
        """The verdict on the batches after the newest one's, as many as the row limit takes, and on what is held.

        None when there are no batches and nothing is released.
        """
        before = Verdict.of(newest)
        # whoever judges a source has finished its verdict before, so none is ever left behind
        self._finish_before(before, newest)
        known = before.of_source(self.source)
        self.judged_to = known.through
        batches = list(_up_to(self._pending(known.through), self._job.arguments.row_limit))
        judgement = judge(self.source, batches, known.standings, load_contracts())
        if not batches and not judgement.released:
            return None
        if batches:
            rows = sum(batch.rows for batch in batches)
            self._job.log.info("judging batches %d to %d, %d rows", batches[0].number, batches[-1].number, rows)
        released = released_commits(self.source, self._released(judgement, batches), load_contracts())
        verdict = next_verdict(self.source, before, batches, judgement, released)
        return verdict.manifest(self.verdicts.attempt(newest, self._job.arguments.run.id), self._job.now())

    def finish(self, verdict: Manifest) -> None:
        """Copy, register and report what a verdict decides."""
        self._registration.finish_verdict(verdict, self._crawler)

    def _finish_before(self, before: Verdict, newest: Manifest | None) -> None:
        judged_in = before.of_source(self.source).judged_in
        if newest is None or not judged_in:
            return
        self.finish(newest if judged_in == newest.number else self.verdicts.get(judged_in))

    def _pending(self, through: int) -> Iterator[Batch]:
        return (Batch.of(manifest) for manifest in self._batches.since(through))

    def _released(self, judgement: Judgement, batches: Sequence[Batch]) -> Mapping[Place, TableCommit]:
        """The commits of what is released, read again where their batch is not at hand."""
        at_hand = {batch.number: batch.commits for batch in batches}
        return {
            (number, name): (at_hand[number] if number in at_hand else self._batches.get(number).tables)[name]
            for name, numbers in judgement.released.items()
            for number in numbers
        }


def _up_to(batches: Iterator[Batch], rows: int) -> Iterator[Batch]:
    """Batches until they reach that many rows, but at least one."""
    taken = 0
    for batch in batches:
        yield batch
        taken += batch.rows
        if taken >= rows:
            return
