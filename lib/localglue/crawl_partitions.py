"""Updates the partitions of a crawled table in the Data Catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from localapi.documents import Document
from localglue.crawl_policy import Policy
from localglue.data_catalog import DataCatalog
from localglue.discovery import FoundTable, PartitionValues
from localglue.errors import AlreadyExists, GlueError
from localglue.table_inputs import changed_partition, new_partition

_CREATE_BATCH, _UPDATE_BATCH, _DELETE_BATCH = 100, 100, 25
"""Glue's limits for the partitions of one request."""


class Partitions:
    """Reads and writes the partitions of one table."""

    def __init__(
        self, catalog: DataCatalog, database: str, table: str, policy: Policy, raise_if_stopped: Callable[[], None]
    ) -> None:
        self._catalog = catalog
        self._names = {"DatabaseName": database, "TableName": table}
        self._policy = policy
        self._raise_if_stopped = raise_if_stopped

    def registered(self) -> frozenset[PartitionValues]:
        """The values of every registered partition."""
        return frozenset(self._present())

    def register(self, found: FoundTable, table: Document) -> dict[str, int]:
        """Add new partitions; update and delete others as the policy allows. Returns the number of each change."""
        if not found.keys:
            return {}
        present = self._present()
        inherited = table["StorageDescriptor"]["Columns"] if self._policy.inherits else None
        wanted = {
            values: new_partition(values, location, content, inherited)
            for values, (location, content) in found.partitions.items()
        }
        added = [one for values, one in wanted.items() if values not in present]
        changed = self._changed(present, wanted) if self._policy.updates else []
        gone = self._gone(present, found) if self._policy.deletion == "DELETE_FROM_DATABASE" else []
        self._in_batches("BatchCreatePartition", "PartitionInputList", added, _CREATE_BATCH)
        self._in_batches("BatchUpdatePartition", "Entries", changed, _UPDATE_BATCH)
        self._in_batches("BatchDeletePartition", "PartitionsToDelete", gone, _DELETE_BATCH)
        counts = {"ADD": len(added), "UPDATE": len(changed), "DELETE": len(gone)}
        return {change: number for change, number in counts.items() if number}

    def _present(self) -> dict[PartitionValues, Document]:
        answer = self._catalog.call("GetPartitions", dict(self._names))
        return {tuple(one["Values"]): one for one in answer["Partitions"]}

    @staticmethod
    def _changed(present: dict[PartitionValues, Document], wanted: dict[PartitionValues, Document]) -> list[Document]:
        pairs = [
            (values, changed_partition(present[values], one)) for values, one in wanted.items() if values in present
        ]
        return [{"PartitionValueList": list(values), "PartitionInput": one} for values, one in pairs if one]

    @staticmethod
    def _gone(present: dict[PartitionValues, Document], found: FoundTable) -> list[Document]:
        """Partitions below the target whose folder no longer exists."""
        return [
            {"Values": list(values)}
            for values, one in present.items()
            if values not in found.partitions and one["StorageDescriptor"]["Location"].startswith(found.location)
        ]

    def _in_batches(self, operation: str, member: str, items: Sequence[Document], size: int) -> None:
        for start in range(0, len(items), size):
            batch = list(items[start : start + size])
            self._raise_if_stopped()
            errors = self._catalog.call(operation, {**self._names, member: batch}).get("Errors", [])
            # another client may have registered the same partition in the meantime
            serious = [one for one in errors if one.get("ErrorDetail", {}).get("ErrorCode") != AlreadyExists.code]
            if serious:
                raise _PartitionsRejected(operation, self._names["TableName"], serious[0])


class _PartitionsRejected(GlueError):
    code = "InvalidInputException"

    def __init__(self, operation: str, table: str, error: Document) -> None:
        super().__init__(f"{operation} on table {table} was rejected: {error}")
