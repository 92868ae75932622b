"""The bucket of a source of kind files: what is in it, and each object as one version, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from totelake.contracts.model import Table
from totelake.contracts.sources import Source
from totelake.errors import LakeError, RetriableError, SourceError, TotelakeError
from totelake.ports.aws_errors import code_of, status_of, translated, translation_of
from totelake.ports.object_store import Listed
from totelake.ports.s3 import S3Store
from totelake.runtime.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 1024**2
_TRIES = 4
_CHANGED = 412
_HIDDEN = ("_", ".")


class ObjectChangedError(RetriableError):
    """An object was replaced or removed while it was read; the next run takes what is there then."""


class UnreadableFileError(SourceError):
    """An object cannot be read as it is, whatever becomes of others."""


class SourceBucket:
    """The bucket that a source.yaml names, by its role where it has one."""

    def __init__(self, clients: Clients, source: Source, prefix: str) -> None:
        self._clients, self._source = clients, source
        self.name = source.option("bucket", prefix)
        self._prefix = source.option("prefix")

    def address(self, key: str) -> str:
        """An object's address, for people."""
        return f"s3://{self.name}/{key}"

    def prefix_of(self, table: Table) -> str:
        """The prefix below which the files of a table lie."""
        return f"{self._prefix}{table.dataset.prefix if table.dataset else ''}"

    def files(self, table: Table) -> Iterator[Listed]:
        """The files of a table by key; folders, and what has a name or folder that begins with _ or ., are none.

        Raises SourceError when the bucket cannot be listed, RetriableError when it only cannot now.
        """
        prefix = self.prefix_of(table)
        try:
            for item in S3Store(self._client, self.name).list(prefix):
                names = item.key[len(prefix) :].split("/")
                if names[-1] and not any(name.startswith(_HIDDEN) for name in names):
                    yield item
        except LakeError as error:
            raise SourceError(f"{self.address(prefix)} cannot be listed: {error}") from error

    def read(self, item: Listed) -> Iterator[bytes]:
        """A file's bytes, all of that version.

        A connection that breaks is made again. Raises ObjectChangedError when another version is there meanwhile,
        SourceError when it cannot be read, UnreadableFileError where that is a matter of this file alone.
        """
        given, failed = 0, 0
        while given < item.bytes:
            try:
                for chunk in self._chunks(item, given):
                    given, failed = given + len(chunk), 0
                    yield chunk
            except RetriableError:
                failed += 1
                if failed >= _TRIES:
                    raise
                continue
            if given != item.bytes:
                raise RetriableError(
                    f"{self.address(item.key)} ended after {given} of its {item.bytes} bytes; run the job again"
                )

    def _chunks(self, item: Listed, start: int) -> Iterator[bytes]:
        wanted: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
        try:
            answer = self._client.get_object(Bucket=self.name, Key=item.key, IfMatch=item.etag, **wanted)
            yield from answer["Body"].iter_chunks(_CHUNK)
        except ClientError as error:
            raise self._refused(error, item) from error
        except BotoCoreError as error:
            raise translation_of(error) from error
        except (OSError, HTTPError) as error:
            raise RetriableError(
                f"{self.address(item.key)}: no answer to its end ({error}); run the job again"
            ) from error

    def _refused(self, error: ClientError, item: Listed) -> TotelakeError:
        if status_of(error) == _CHANGED or code_of(error) in ("PreconditionFailed", "NoSuchKey", "404"):
            said = "was replaced or removed while it was read; the next run takes what is there then"
            return ObjectChangedError(f"{self.address(item.key)} {said}")
        if code_of(error) in ("InvalidObjectState", "ObjectNotInActiveTierError"):
            said = "is archived; restore it (`aws s3api restore-object`)"
            return UnreadableFileError(f"{self.address(item.key)} {said}")
        found = translation_of(error)
        return found if isinstance(found, RetriableError) else SourceError(f"{self.address(item.key)}: {found}")

    @cached_property
    def _client(self) -> S3Client:
        role, region = self._source.option("role"), self._source.option("region")
        if not role:
            return self._clients.s3 if not region else self._clients.elsewhere(region).s3
        with translated():
            try:
                return self._clients.of_role(role, region or None).s3
            except ClientError as error:
                said = translation_of(error)
                if isinstance(said, RetriableError):
                    raise
                raise SourceError(f"the role {role} of {self._source.name} cannot be taken: {said}") from error
