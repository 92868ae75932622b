"""The Data Catalog and its crawlers on AWS Glue, by a client of boto3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from totelake.ports.aws_causes import kind_and_remedy
from totelake.ports.aws_errors import code_of, translated
from totelake.ports.schema_catalog import Crawl, Document

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_MOST_AT_ONCE = 100
_MISSING, _THERE, _CHANGED = "EntityNotFoundException", "AlreadyExistsException", "ConcurrentModificationException"
_RUNNING = "CrawlerRunningException"


class GlueCatalog:
    """One database of the Data Catalog."""

    def __init__(self, client: GlueClient, database: str) -> None:
        self._client, self._database = client, database

    @property
    def database(self) -> str:
        """The database's name."""
        return self._database

    def table(self, name: str) -> Document | None:
        """The table as GetTable gives it; None when there is none."""
        with translated():
            try:
                return self._client.get_table(DatabaseName=self._database, Name=name)["Table"]
            except ClientError as error:
                # Glue does not always say what was not found; a missing database shows when the table is made
                if code_of(error) != _MISSING:
                    raise
                return None

    def tables(self) -> Iterator[Document]:
        """All tables and views of the database."""
        with translated():
            for page in self._client.get_paginator("get_tables").paginate(DatabaseName=self._database):
                yield from page["TableList"]

    def create(self, table: Document) -> bool:
        """Create a table from a TableInput; False when one of its name is there."""
        wanted: Any = dict(table)
        with translated():
            try:
                self._client.create_table(DatabaseName=self._database, TableInput=wanted)
            except ClientError as error:
                if code_of(error) != _THERE:
                    raise
                return False
        return True

    def replace(self, table: Document, over: Document, keep_version: bool) -> bool:
        """Put a TableInput in the place of the table that was read; False when it was changed since.

        `keep_version` makes a new version in the table's history.
        """
        wanted: Any = dict(table)
        version: Any = {"VersionId": over["VersionId"]} if "VersionId" in over else {}
        with translated():
            try:
                self._client.update_table(
                    DatabaseName=self._database, TableInput=wanted, SkipArchive=not keep_version, **version
                )
            except ClientError as error:
                if code_of(error) != _CHANGED:
                    raise
                return False
        return True

    def versions(self, name: str) -> Sequence[Document]:
        """The versions of a table as GetTableVersions gives them, the oldest first; none when there is no table."""
        if self.table(name) is None:
            return []
        with translated():
            pages = self._client.get_paginator("get_table_versions").paginate(
                DatabaseName=self._database, TableName=name
            )
            found = [version for page in pages for version in page["TableVersions"]]
        return sorted(found, key=lambda version: int(version["VersionId"]))

    def partitions(self, name: str) -> Iterator[Document]:
        """The partitions of a table as GetPartitions gives them; none when there is no table."""
        with translated():
            pages = self._client.get_paginator("get_partitions").paginate(DatabaseName=self._database, TableName=name)
            try:
                for page in pages:
                    yield from page["Partitions"]
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise

    def add_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Add partitions (PartitionInput); those that are there already stay.

        Raises LakeError when one is refused, RetriableError when it may be taken later.
        """
        for start in range(0, len(partitions), _MOST_AT_ONCE):
            wanted: Any = [dict(item) for item in partitions[start : start + _MOST_AT_ONCE]]
            with translated():
                answer = self._client.batch_create_partition(
                    DatabaseName=self._database, TableName=name, PartitionInputList=wanted
                )
            for refused in answer.get("Errors", ()):
                self._check(name, refused["PartitionValues"], refused["ErrorDetail"], _THERE)

    def replace_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Put each PartitionInput in the place of the partition of its values, where there is one.

        Raises LakeError when one is refused, RetriableError when it may be taken later; others may have been replaced
        by then.
        """
        for start in range(0, len(partitions), _MOST_AT_ONCE):
            some = partitions[start : start + _MOST_AT_ONCE]
            entries: Any = [{"PartitionValueList": item["Values"], "PartitionInput": dict(item)} for item in some]
            with translated():
                try:
                    answer = self._client.batch_update_partition(
                        DatabaseName=self._database, TableName=name, Entries=entries
                    )
                except ClientError as error:
                    if code_of(error) != _MISSING:
                        raise
                    return
            for refused in answer.get("Errors", ()):
                self._check(name, refused["PartitionValueList"], refused["ErrorDetail"], _MISSING)

    def _check(self, name: str, values: Sequence[str], detail: Any, expected: str) -> None:
        """Raises LakeError for a refused partition, unless it is for the expected reason; RetriableError when Glue was
        only too busy for it."""
        if detail["ErrorCode"] != expected:
            said = detail.get("ErrorMessage", detail["ErrorCode"])
            kind, remedy = kind_and_remedy(detail["ErrorCode"], said, "correct the table")
            raise kind(f"the partition {'/'.join(values)} of {self._database}.{name} was refused: {said}; {remedy}")

    def replace_partition(self, name: str, partition: Document) -> bool:
        """Put a PartitionInput in the place of the partition of its values; False when there is none."""
        wanted: Any = dict(partition)
        with translated():
            try:
                self._client.update_partition(
                    DatabaseName=self._database,
                    TableName=name,
                    PartitionValueList=wanted["Values"],
                    PartitionInput=wanted,
                )
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                return False
        return True


class GlueCrawler:
    """One crawler of AWS Glue."""

    def __init__(self, client: GlueClient, name: str) -> None:
        self._client, self._name = client, name

    @property
    def name(self) -> str:
        """The crawler's name."""
        return self._name

    def look(self) -> Crawl:
        """The crawler as it is now."""
        with translated():
            found = self._client.get_crawler(Name=self._name)["Crawler"]
        last: Any = found.get("LastCrawl", {})
        return Crawl(
            is_ready=found["State"] == "READY",
            state=found["State"],
            last_crawl=repr(sorted(last.items())) if last else "",
            last_start=last.get("StartTime"),
            last_status=last.get("Status", ""),
            last_message=last.get("ErrorMessage", ""),
        )

    def start(self) -> bool:
        """Start a crawl; False when one is running."""
        with translated():
            try:
                self._client.start_crawler(Name=self._name)
            except ClientError as error:
                if code_of(error) != _RUNNING:
                    raise
                return False
        return True
