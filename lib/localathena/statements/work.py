"""What carrying out a statement needs, and where its result goes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from localathena.clients import Clients
from localathena.columns import Columns, metadata
from localathena.execution import Execution
from localathena.lake.catalog import Lake
from localathena.lake.engine import engine
from localathena.lake.objects import Objects
from localathena.lake.tables import Tables
from localathena.locations import split
from localathena.results import Row, rows_of, text_line, write
from localathena.settings import Settings
from localathena.sql.python_functions import prepare
from localathena.sql.refusals import Refused, refusal_of, refuse
from localathena.sql.statements import Translation, translate

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_LOG = logging.getLogger(__name__)


class Stopped(Exception):
    """The statement was stopped."""


@dataclass(frozen=True)
class Work:
    """An execution, and all that it works with."""

    execution: Execution
    settings: Settings
    clients: Clients
    objects: Objects
    lake: Lake

    @property
    def is_managed(self) -> bool:
        """Whether the result is kept here alone."""
        return "OutputLocation" not in self.execution.result

    @property
    def output(self) -> str:
        """The address of its result."""
        return str(self.execution.result["OutputLocation"])

    @contextmanager
    def asked(self, query: str) -> Iterator[tuple[DuckDBPyConnection, Translation]]:
        """A connection to DuckDB that has the tables of a query, and the query in its words."""
        translation = translate(query, self.lake)
        tables = Tables(self.lake, self.objects, self.execution.cutoff)
        with engine(self.objects.folder, self.settings.memory) as connection:
            try:
                if not self.execution.interruptible_by(connection.interrupt):
                    raise Stopped
                prepare(connection, translation.sql)
                with tables.defined(connection, list(translation.tables), query):
                    self.execution.scanned = tables.scanned
                    yield connection, translation
            except duckdb.Error as error:
                raise refusal_of(tables.told(str(error))) from error
            except Refused as refused:
                raise Refused(refused.kind, tables.told(refused.sentence)) from refused
            finally:
                self.execution.scanned = tables.scanned
                self.execution.interruptible_by(None)

    def check(self) -> None:
        """Raise Stopped when the statement was stopped."""
        if self.execution.has_ended:
            raise Stopped

    def settle(self) -> None:
        """Begin what cannot be stopped any more. Raises Stopped when the statement was stopped before."""
        if not self.execution.settle():
            raise Stopped

    def check_output(self) -> None:
        """Raise Refused when the bucket of the result is not there."""
        place = None if self.is_managed else split(self.output)
        if place is None:
            return
        try:
            self.clients.s3.head_bucket(Bucket=place[0])
        except (ClientError, BotoCoreError) as error:
            raise cannot_write(self.output, error) from error

    def answer(self, columns: Columns, rows: Iterable[Row]) -> None:
        """Keep a result of rows, and put it into S3 as CSV."""
        with self._kept(columns, [name for name, _ in columns], rows) as path:
            if not self.is_managed:
                self.put(self.output, path.read_bytes() if path.stat().st_size < 1 << 20 else None)
                self.put(f"{self.output}.metadata", metadata(columns))

    def show(self, columns: Columns, rows: Iterable[Row]) -> None:
        """Keep a result of SHOW, DESCRIBE or DDL, and put it into S3 as text."""
        with self._kept(columns, None, rows) as path:
            if not self.is_managed:
                self.put(self.output, "".join(map(text_line, rows_of(path, columns))).encode())
                self.put(f"{self.output}.metadata", metadata(columns))

    @contextmanager
    def _kept(self, columns: Columns, header: Row | None, rows: Iterable[Row]) -> Iterator[Path]:
        """The file of a result, which is left only when the block succeeds."""
        path = self.settings.state / "results" / self.execution.id
        try:
            write(path, header, rows)
            self.settle()
            self.execution.columns, self.execution.file = columns, path
            yield path
        except BaseException:
            self.execution.file = None
            path.unlink(missing_ok=True)
            raise

    def put(self, address: str, content: bytes | None) -> None:
        """Write an object; without content the file of the result. Raises Refused when S3 refuses it."""
        place = split(address)
        if place is None:
            refuse("INVALID_INPUT", f"'{address}' is no place in S3")
        options: dict[str, Any] = {"Bucket": place[0], "Key": place[1], **self._encryption()}
        try:
            if content is None and self.execution.file is not None:
                extra = {name: value for name, value in options.items() if name not in ("Bucket", "Key")}
                self.clients.s3.upload_file(str(self.execution.file), place[0], place[1], ExtraArgs=extra)
            else:
                self.clients.s3.put_object(Body=content or b"", **options)
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise cannot_write(address, error) from error

    def _encryption(self) -> dict[str, str]:
        given = self.execution.result.get("EncryptionConfiguration", {})
        if given.get("EncryptionOption") == "SSE_S3":
            return {"ServerSideEncryption": "AES256"}
        if given.get("EncryptionOption") == "SSE_KMS":
            return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": given.get("KmsKey", "")}
        return {}


def take_back(what: str, call: Callable[[], Any]) -> None:
    """Undo a step of a statement that fails; the failure that is told is the first."""
    try:
        call()
    except Exception:
        _LOG.exception("%s is left behind", what)


def cannot_write(address: str, error: Exception) -> Refused:
    """That S3 does not take an object."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
    if code in ("NoSuchBucket", "404"):
        return Refused("S3_BUCKET_NOT_FOUND", f"the bucket of {address} does not exist; create it, or name another")
    return Refused("INVALID_INPUT", f"{address} cannot be written: {error}")
