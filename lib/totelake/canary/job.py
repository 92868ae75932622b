"""A job of the canary as it runs: its looks, a line of the log for each, a report, and a failure where one is due."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from totelake.canary.look import UNKNOWN, Look, examine, problems
from totelake.canary.report import CanaryReport, put
from totelake.errors import TotelakeError
from totelake.runtime.job import Job
from totelake.runtime.outcome import OK, PROBLEM, WARNING
from totelake.runtime.plain_text import plain

_LEVELS: Mapping[str, int] = {OK: logging.INFO, UNKNOWN: logging.INFO, WARNING: logging.WARNING, PROBLEM: logging.ERROR}


class CanaryError(TotelakeError):
    """A deployment does not give its jobs what the pipeline needs."""


def look_and_report(job: Job[Any], run: str, label: str, looks: Iterable[Look]) -> None:
    """Look, tell each finding, leave the report of that run under the job's label.

    Raises CanaryError when a finding would stop the pipeline, LakeError when the report cannot be written.
    """
    findings = []
    for finding in examine(looks):
        job.log.log(_LEVELS[finding.outcome], "%s", plain(finding.sentence))
        findings.append(finding)
    put(job.ingestion, CanaryReport(run, label, job.now().isoformat(), tuple(findings)))
    wrong = problems(findings)
    if wrong:
        raise CanaryError(
            f"{len(wrong)} of {len(findings)} looks found what would stop the pipeline "
            f"({', '.join(finding.look for finding in wrong)}); see the run's log or what `totelake canary` shows"
        )
