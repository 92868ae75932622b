"""ingest_files: the records of files that are new or changed since the last batch, as one commit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from totelake.alerts.messages import files_not_listed, files_not_read
from totelake.alerts.store import note
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.errors import RetriableError, SourceError, TotelakeError
from totelake.feeds.batch import Position, Run, take_batch
from totelake.feeds.files.bucket import ObjectChangedError, SourceBucket, UnreadableFileError
from totelake.feeds.files.formats import records
from totelake.feeds.files.records import FileError, Found, Record, UnknownNames
from totelake.feeds.files.taken import TAKEN, TRIED, UNREAD, TakenFiles, Version, list_in, position_of, version_of
from totelake.feeds.intake import Intake
from totelake.feeds.quarantine import shown_name
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import StateFile
from totelake.ports.object_store import Listed
from totelake.runtime.job import Job
from totelake.runtime.job_arguments import IngestFilesArguments
from totelake.schemas.changes import FREEZE

_NAMED = 3
# so many files after each other that cannot be read now, though each was tried again, have a reason in common
_TOO_MANY = 20
# a run begins no other file then, commits, and leaves the rest to the next: a job has 60 minutes, and sorting,
# comparing and writing take about as long as reading; the disk has 14 GiB free, for records, runs and staged objects
_MOST_SECONDS, _MOST_BYTES = 20 * 60, 4 * 1024**3
# what does not fit is on disk with file, line and reason, many times its size: a file that has more of it, or so many
# lines and no record yet, is none that anybody meant
_MOST_REFUSED, _MOST_LINES = 2 * 1024**3, 1000
# so many files that could not be read before are tried again in a run, a minute of requests
_MOST_AGAIN = 1000


def ingest_files(job: Job[IngestFilesArguments]) -> Manifest | None:
    """Take the records of new and changed files and commit them; None when there was nothing to commit.

    A file that cannot be read is told once and left to later runs, and so is a table whose files cannot be listed:
    neither stops another. Raises SourceError or RetriableError when nothing can be taken for a reason that is the
    source's, RetriableError when other runs commit first each time.
    """
    source = load_contracts().source(job.arguments.source)
    bucket = SourceBucket(job.clients, source, job.arguments.prefix)

    def gather(run: Run) -> Position | None:
        found = [_Files(job, run, bucket, table) for table in load_contracts().source_tables(source.name)]
        budget = _Budget(time.monotonic() + _MOST_SECONDS, _MOST_BYTES)
        for place, files in enumerate(found):
            share = budget.share(len(found) - place)
            before = share.bytes
            files.take(share)
            budget.bytes -= before - share.bytes
        if not any(files.taken for files in found):
            _raise_common(found)
        for files in found:
            files.tell()
        lists = {which: _stored(found, which) for which in (TAKEN, UNREAD)}
        is_nothing = not run.position and not any(file.rows for files in lists.values() for file in files.values())
        return None if is_nothing else position_of(lists, {files.name: files.tried for files in found if files.tried})

    return take_batch(job, gather)


def _stored(found: Sequence[_Files], which: str) -> Mapping[str, StateFile]:
    lists = {files.name: files.stored(which) for files in found}
    return {name: file for name, file in lists.items() if file is not None}


def _raise_common(found: Sequence[_Files]) -> None:
    """Raise what keeps the whole source from giving anything, where a run has taken nothing.

    That is a bucket that cannot be listed, AWS that does not answer now, or a role that has never read a file. That one
    file of a source cannot be read, or changes, is that file's own matter.
    """
    failures = [error for files in found for error in files.failures]
    common = [error for error in failures if not isinstance(error, (ObjectChangedError, UnreadableFileError))]
    passing = [error for error in common if isinstance(error, RetriableError)]
    unlisted = [files.unlisted for files in found if files.unlisted]
    has_read = any(files.known.files for files in found)
    for error in (*unlisted, *passing, *(() if has_read else common)):
        raise error


@dataclass
class _Budget:
    """What may still be read: until when, and so many bytes. A file that is begun is read to its end."""

    ends: float
    bytes: int

    def share(self, tables: int) -> _Budget:
        """The share of one table, where so many are left: none is to wait for the others' files for ever."""
        now = time.monotonic()
        return _Budget(now + (self.ends - now) / tables, self.bytes // tables)

    @property
    def is_spent(self) -> bool:
        """Whether the next file is left to the next run."""
        return self.bytes <= 0 or time.monotonic() >= self.ends


class _Files:
    """The files of one table in one run."""

    def __init__(self, job: Job[IngestFilesArguments], run: Run, bucket: SourceBucket, table: Table) -> None:
        self._job, self._run, self._bucket, self._table = job, run, bucket, table
        self.name = table.name
        self.known, self._unread = (TakenFiles.of(run.position, table.name, job.ingestion, w) for w in (TAKEN, UNREAD))
        # the last file that was tried again, where not all are
        self.tried = str(run.position.get(TRIED, {}).get(table.name, ""))
        # the lists after the run
        self._lists: dict[str, dict[str, Version]] = {TAKEN: {}, UNREAD: {}}
        self._unknown = UnknownNames()
        # bytes of the records of the file that is read, which may be a gzip
        self._size = 0
        # how many files were taken in this run, and what those that were not raised
        self.taken = 0
        self.unlisted: TotelakeError | None = None
        self._passing: list[TotelakeError] = []
        self._lasting: dict[str, TotelakeError] = {}

    @property
    def failures(self) -> Sequence[TotelakeError]:
        """What the files that were not taken raised."""
        return [*self._passing, *self._lasting.values()]

    def take(self, budget: _Budget) -> None:
        """Take what is new or changed, the earlier file first, one at least.

        Raises nothing that a file or its bucket raises, unless a table that was asked for again cannot be listed: that
        it was asked for would be forgotten.
        """
        again = self._run.is_again(self.name)
        if self.name in self._run.blocked:
            # a table that was asked for again is taken again once it can be
            self._lists = {TAKEN: {} if again else dict(self.known.files), UNREAD: dict(self._unread.files)}
            return
        try:
            there = list(self._bucket.files(self._table))
        except (RetriableError, SourceError) as error:
            if again:
                raise
            self._job.log.warning("%s is left to the next run: %s", self.name, error)
            self.unlisted = error
            self._lists = {TAKEN: dict(self.known.files), UNREAD: dict(self._unread.files)}
            return
        due = sorted(
            (item for item in there if again or not self.known.has(item)), key=lambda item: (item.modified, item.key)
        )
        self._lists[TAKEN] = {item.key: version_of(item) for item in there if self.known.has(item) and not again}
        due = self._without_most_unread(due)
        if due:
            self._read(self._run.take(self.name, _told(due)), due, budget)

    def stored(self, which: str) -> StateFile | None:
        """One of the two lists, stored where it differs from the last; None where there is none and never was."""
        known, found = {TAKEN: self.known, UNREAD: self._unread}[which], self._lists[which]
        if which == UNREAD and not found:
            return None
        kept = list_in(self._run.position, self.name, which)
        if found == known.files and (kept is not None or self.unlisted):
            return kept
        suffix = "-files" if which == TAKEN else "-unread"
        return TakenFiles(found).store(self._run.open_state(f"{self.name}{suffix}", ".parquet"))

    def tell(self) -> None:
        """Alert of files that cannot be read, each version once; warn of names that the contract has not."""
        table = str(self._table.id)
        if self.unlisted is not None:
            note(self._job, files_not_listed(table, str(self.unlisted), self._run.captured_at.date().isoformat()))
        reasons = {" ".join((key, etag)): str(self._lasting[key]) for key, etag in self._new_failures()}
        if reasons:
            note(self._job, files_not_read(table, reasons))
        for name, count in self._unknown.names.items():
            self._job.log.warning(
                "%s: %d records have a value %s that its contract does not name, and it was left out; add the column "
                "to the contract, or let schemaPolicy be freeze to quarantine such records",
                table, count, shown_name(name),
            )  # fmt: skip

    def _new_failures(self) -> Iterator[tuple[str, str]]:
        """Key and ETag of the files that cannot be read and are not known for it."""
        for which in (TAKEN, UNREAD):
            for key in self._lasting.keys() & self._lists[which].keys():
                if self._unread.files.get(key) != self._lists[which][key]:
                    yield key, self._lists[which][key][0]

    def _without_most_unread(self, due: list[Listed]) -> list[Listed]:
        """The files without most of those that could not be read before: of very many, the next ones are tried."""
        unread = sorted((item for item in due if self._unread.has(item)), key=lambda item: item.key)
        if len(unread) <= _MOST_AGAIN:
            self.tried = ""
            return due
        next_ones = sorted(unread, key=lambda item: item.key <= self.tried)[:_MOST_AGAIN]
        self.tried, tried = next_ones[-1].key, {item.key for item in next_ones}
        self._left([item for item in unread if item.key not in tried])
        return [item for item in due if item.key in tried or not self._unread.has(item)]

    def _read(self, intake: Intake, due: Sequence[Listed], budget: _Budget) -> None:
        """Read files one after the other, until the budget is spent."""
        in_a_row = 0
        for place, item in enumerate(due):
            if place and (budget.is_spent or in_a_row >= _TOO_MANY):
                self._left(due[place:])
                self._job.log.warning(
                    "%s: %d of %d files are left to the next run, which watch starts; %s",
                    self.name, len(due) - place, len(due),
                    "this one has read all that a run reads" if budget.is_spent else "none can be read now",
                )  # fmt: skip
                return
            self._size, before = 0, intake.bytes
            try:
                self._file(intake, item)
            except (RetriableError, SourceError) as error:
                intake.drop()
                self._job.log.warning("not taken: %s", error)
                in_a_row += self._failed(item, error)
                continue
            finally:
                budget.bytes -= max(item.bytes, self._size, intake.bytes - before)
            self._lists[TAKEN][item.key] = version_of(item)
            self.taken, in_a_row = self.taken + 1, 0

    def _left(self, due: Sequence[Listed]) -> None:
        """Keep what is known of files that the run does not reach."""
        self._lists[UNREAD].update({item.key: version_of(item) for item in due if self._unread.has(item)})

    def _failed(self, item: Listed, error: TotelakeError) -> bool:
        """Keep a failure; whether it may be one that the next files have, too, and that passes."""
        if isinstance(error, RetriableError):
            self._passing.append(error)
            return not isinstance(error, ObjectChangedError)
        self._lasting[item.key] = error
        # one that was taken, and is to be read again, is still taken
        which = TAKEN if self.known.has(item) else UNREAD
        self._lists[which][item.key] = version_of(item)
        return False

    def _file(self, intake: Intake, item: Listed) -> None:
        address, before = self._bucket.address(item.key), intake.refused
        intake.begin(address)
        first = ""
        try:
            for found in records(intake.table, self._bucket.read(item)):
                why = self._add(intake, found)
                first = first or why
                refused = intake.refused - before
                has_record = intake.taken or refused > intake.unreadable
                if not has_record and refused >= _MOST_LINES:
                    raise FileError(f"none of its first {refused} lines is a record: {first}")
                if intake.refused_bytes > _MOST_REFUSED:
                    raise FileError(
                        f"{refused} of its first {intake.taken + refused} records do not fit, more than a run keeps; "
                        "correct the file, or its contract"
                    )
            refused = intake.refused - before
            if first and not intake.taken and refused == intake.unreadable:
                raise FileError(f"none of its {refused} lines is a record: {first}")
        except FileError as error:
            intake.refuse_part(f"{error}")
            self._job.log.warning("%s is in quarantine as a whole: %s", address, error)
            return
        self._job.log.info("%s: %d records fit, %d do not", address, intake.taken, refused)

    def _add(self, intake: Intake, found: Found) -> str:
        """Take what was found; why it is no record at all, '' where it is one."""
        if not isinstance(found, Record):
            intake.refuse(found.line, found.why, found.text, found.rule)
            return found.why
        self._size += found.size
        unknown = intake.table.unknown(found.values)
        if unknown and self._table.policy == FREEZE:
            intake.refuse_record(
                found.values, found.line, unknown[0], "its contract, which is frozen, names no such column"
            )
            return ""
        self._unknown.add(unknown)
        intake.add(found.values, found.line, found.size)
        return ""


def _told(due: Sequence[Listed]) -> str:
    names = ", ".join(item.key for item in due[:_NAMED])
    return f"{len(due)} files are new or changed: {names}{', ...' if len(due) > _NAMED else ''}"
