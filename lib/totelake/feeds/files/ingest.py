"""ingest_files: the records of files that are new or changed since the last batch, as one commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from totelake.alerts.messages import files_not_read
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.feeds.batch import Position, Run, take_batch
from totelake.feeds.files.bucket import SourceBucket
from totelake.feeds.files.formats import records
from totelake.feeds.files.records import FileError, Found, Record
from totelake.feeds.files.taken import TakenFiles, list_in, position_of
from totelake.feeds.intake import Intake
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import StateFile
from totelake.ports.object_store import Listed
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import IngestFilesArguments

FREEZE = "freeze"
_NAMED = 3
_MOST_NAMES = 20
# so many files after each other that cannot be read have a reason in common
_TOO_MANY = 20


def ingest_files(job: Job[IngestFilesArguments]) -> Manifest | None:
    """Take the records of new and changed files and commit them; None when there was nothing to commit.

    A file that cannot be read is told and left to the next run, and stops no other. Raises SourceError when the bucket
    cannot be listed, or when no file can be read; RetriableError when other runs commit first each time.
    """
    source = load_contracts().source(job.arguments.source)
    bucket = SourceBucket(job.clients, source, job.arguments.prefix)

    def gather(run: Run) -> Position | None:
        tables = load_contracts().source_tables(source.name)
        lists = [(table.name, _Files(job, run, bucket, table).take()) for table in tables]
        is_nothing = not run.position and not any(file.rows for _, file in lists)
        return None if is_nothing else position_of(lists)

    return take_batch(job, gather)


@dataclass
class _Unknown:
    """Names that records have and their contract has not, and in how many records."""

    names: dict[str, int] = field(default_factory=dict)

    def add(self, names: Iterable[str]) -> None:
        """Count them; of more than some are too many to be told."""
        for name in names:
            if name in self.names or len(self.names) < _MOST_NAMES:
                self.names[name] = self.names.get(name, 0) + 1


class _Files:
    """The files of one table in one run."""

    def __init__(self, job: Job[IngestFilesArguments], run: Run, bucket: SourceBucket, table: Table) -> None:
        self._job, self._run, self._bucket, self._table = job, run, bucket, table
        self._unknown = _Unknown()
        self._failed: dict[str, TotelakeError] = {}

    def take(self) -> StateFile:
        """Take what is new or changed, the earlier file first; the list of files that are taken then."""
        name, position = self._table.name, self._run.position
        known = TakenFiles.of(position, name, self._job.ingestion)
        there = list(self._bucket.files(self._table))
        again = self._run.is_again(name)
        due = sorted(
            (item for item in there if again or not known.has(item)), key=lambda item: (item.modified, item.key)
        )
        taken = {item.key: (item.etag, item.bytes) for item in there if known.has(item) and not again}
        if due:
            intake = self._run.take(name, _told(due))
            taken.update(self._read(intake, due))
        kept = list_in(position, name)
        if kept is not None and taken == known.files:
            return kept
        return TakenFiles(taken).store(self._run.open_state(f"{name}-files", ".parquet"))

    def _read(self, intake: Intake, due: Sequence[Listed]) -> Mapping[str, tuple[str, int]]:
        """Read files one after the other; those that were taken. Raises what none of them could be read for."""
        taken, in_a_row = {}, 0
        for item in due:
            try:
                self._file(intake, item)
                taken[item.key], in_a_row = (item.etag, item.bytes), 0
            except (RetriableError, SourceError) as error:
                intake.drop()
                in_a_row += 1
                self._failed[item.key] = error
                self._job.log.warning("not taken: %s", error)
                if in_a_row >= _TOO_MANY:
                    raise
        lasting = {key: error for key, error in self._failed.items() if not isinstance(error, RetriableError)}
        if self._failed and not taken:
            raise next(iter(lasting.values()), next(iter(self._failed.values())))
        if lasting:
            note(self._job, files_not_read(str(self._table.id), len(lasting), str(next(iter(lasting.values())))))
        for name, count in self._unknown.names.items():
            self._job.log.warning(
                "%s: %d records have a value %s that its contract does not name, and it was left out; add the column "
                "to the contract, or let schemaPolicy be freeze to quarantine such records",
                self._table.id, count, name,
            )  # fmt: skip
        return taken

    def _file(self, intake: Intake, item: Listed) -> None:
        address, before = self._bucket.address(item.key), intake.refused
        intake.begin(address)
        first = ""
        try:
            for found in records(intake.table, self._bucket.read(item)):
                why = self._add(intake, found)
                first = first or why
        except FileError as error:
            intake.refuse_part(f"{error}")
            self._job.log.warning("%s is in quarantine as a whole: %s", address, error)
            return
        refused = intake.refused - before
        if first and not intake.taken and refused == intake.unreadable:
            intake.refuse_part(f"none of its {refused} lines is a record: {first}")
            self._job.log.warning("%s is in quarantine as a whole: none of its lines is a record", address)
            return
        self._job.log.info("%s: %d records fit, %d do not", address, intake.taken, refused)

    def _add(self, intake: Intake, found: Found) -> str:
        """Take what was found; why it is no record at all, '' where it is one."""
        if not isinstance(found, Record):
            intake.refuse(found.line, found.why, found.text, found.rule)
            return found.why
        unknown = found.values.keys() - intake.table.names
        if unknown and self._table.policy == FREEZE:
            name = sorted(unknown)[0]
            intake.refuse_record(found.values, found.line, name, "its contract, which is frozen, names no such column")
            return ""
        self._unknown.add(unknown)
        intake.add(found.values, found.line, found.size)
        return ""


def _told(due: Sequence[Listed]) -> str:
    names = ", ".join(item.key for item in due[:_NAMED])
    return f"{len(due)} files are new or changed: {names}{', ...' if len(due) > _NAMED else ''}"
