"""The Data Catalog as the suite needs it: tables and partitions of one database, changed only over what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

# tables and partitions as the Glue API describes them (GetTable, GetPartitions): a free form, kept as it is, because
# what others have set there has to survive our changes
Document = Mapping[str, Any]


class SchemaCatalog(Protocol):
    """Tables and partitions of one database.

    Every call raises RetriableError when the Data Catalog cannot be reached, and LakeError when it refuses.
    """

    @property
    def database(self) -> str:
        """The database's name."""

    def table(self, name: str) -> Document | None:
        """The table as GetTable gives it; None when there is none."""

    def tables(self) -> Iterator[Document]:
        """All tables and views of the database."""

    def create(self, table: Document) -> bool:
        """Create a table from a TableInput; False when one of its name is there."""

    def replace(self, table: Document, over: Document, keep_version: bool) -> bool:
        """Put a TableInput in the place of the table that was read; False when it was changed since.

        `keep_version` makes a new version in the table's history.
        """

    def versions(self, name: str) -> Sequence[Document]:
        """The versions of a table as GetTableVersions gives them, the oldest first; none when there is no table."""

    def partitions(self, name: str) -> Iterator[Document]:
        """The partitions of a table as GetPartitions gives them; none when there is no table."""

    def add_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Add partitions (PartitionInput); those that are there already stay. Raises LakeError when one is refused."""

    def replace_partition(self, name: str, partition: Document) -> bool:
        """Put a PartitionInput in the place of the partition of its values; False when there is none."""

    def replace_partitions(self, name: str, partitions: Sequence[Document]) -> None:
        """Put each PartitionInput in the place of the partition of its values, where there is one.

        Raises LakeError when one is refused; others may have been replaced by then.
        """


@dataclass(frozen=True)
class Crawl:
    """A crawler as it is now: whether it can be started, and its last crawl: its start, its end and what it said.

    `last_crawl` differs from one crawl to the next; it is empty before the first.
    """

    is_ready: bool
    state: str
    last_crawl: str = ""
    last_start: datetime | None = None
    last_status: str = ""
    last_message: str = ""


class Crawler(Protocol):
    """One crawler."""

    @property
    def name(self) -> str:
        """The crawler's name."""

    def look(self) -> Crawl:
        """The crawler as it is now."""

    def start(self) -> bool:
        """Start a crawl; False when one is running."""
