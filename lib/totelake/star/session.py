"""Spark for the builders: opened once, and only when a table has something to write."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from totelake.runtime.job import Job
from totelake.runtime.job_arguments import BuildArguments

if TYPE_CHECKING:
    from totelake.star.replay_writer import ReplayWriter
    from totelake.star.write import UnitWriter


class StarSession:
    """The writers of one run, which share its Spark session; any thread may ask for them.

    A run that has nothing to build ends without starting Java, so Spark is imported here and no earlier.
    """

    def __init__(self, job: Job[BuildArguments]) -> None:
        self._job = job
        self._lock = Lock()
        self._writers: tuple[UnitWriter, ReplayWriter] | None = None

    def writer(self) -> UnitWriter:
        """Writes units and compactions."""
        return self._open()[0]

    def replay_writer(self) -> ReplayWriter:
        """Writes replays."""
        return self._open()[1]

    def _open(self) -> tuple[UnitWriter, ReplayWriter]:
        with self._lock:
            if self._writers is None:
                self._writers = _writers(self._job)
            return self._writers


def _writers(job: Job[BuildArguments]) -> tuple[UnitWriter, ReplayWriter]:
    from totelake.runtime.spark import open_spark
    from totelake.star.build import Builder
    from totelake.star.events import EventReader
    from totelake.star.replay_writer import ReplayWriter
    from totelake.star.write import UnitWriter

    spark = open_spark(job.arguments.run.job)
    writer = UnitWriter(job.processed, Builder(spark, EventReader(spark, job.ingestion), job.processed))
    return writer, ReplayWriter(spark, job.processed, writer)
