"""The partitions of a crawled table, brought in line with what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from localglue.catalogue import Catalogue
from localglue.crawl_policy import Policy
from localglue.crawled_tables import changed_partition, new_partition
from localglue.discovery import Found, Values
from localglue.documents import Document
from localglue.errors import AlreadyExists, GlueError

_CREATED_AT_ONCE, _UPDATED_AT_ONCE, _DELETED_AT_ONCE = 100, 100, 25


class Partitions:
    """Reads and writes the partitions of one table."""

    def __init__(
        self, catalogue: Catalogue, database: str, table: str, policy: Policy, check: Callable[[], None]
    ) -> None:
        self._catalogue = catalogue
        self._names = {"DatabaseName": database, "TableName": table}
        self._policy = policy
        self._check = check

    def known(self) -> frozenset[Values]:
        """The values of every registered partition."""
        return frozenset(self._present())

    def register(self, found: Found, table: Document) -> dict[str, int]:
        """Add what is new and, as the policy allows, change and delete the rest; how many of each."""
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
        self._each("BatchCreatePartition", "PartitionInputList", added, _CREATED_AT_ONCE)
        self._each("BatchUpdatePartition", "Entries", changed, _UPDATED_AT_ONCE)
        self._each("BatchDeletePartition", "PartitionsToDelete", gone, _DELETED_AT_ONCE)
        counts = {"ADD": len(added), "UPDATE": len(changed), "DELETE": len(gone)}
        return {what: number for what, number in counts.items() if number}

    def _present(self) -> dict[Values, Document]:
        answer = self._catalogue.call("GetPartitions", dict(self._names))
        return {tuple(one["Values"]): one for one in answer["Partitions"]}

    @staticmethod
    def _changed(present: dict[Values, Document], wanted: dict[Values, Document]) -> list[Document]:
        pairs = [
            (values, changed_partition(present[values], one)) for values, one in wanted.items() if values in present
        ]
        return [{"PartitionValueList": list(values), "PartitionInput": one} for values, one in pairs if one]

    @staticmethod
    def _gone(present: dict[Values, Document], found: Found) -> list[Document]:
        """Partitions whose folder was below the target and is not there any more."""
        return [
            {"Values": list(values)}
            for values, one in present.items()
            if values not in found.partitions and one["StorageDescriptor"]["Location"].startswith(found.location)
        ]

    def _each(self, operation: str, member: str, items: Sequence[Document], at_once: int) -> None:
        for batch in _batches(items, at_once):
            self._check()
            errors = self._catalogue.call(operation, {**self._names, member: batch}).get("Errors", [])
            # somebody else may have registered the same partition meanwhile
            serious = [one for one in errors if one.get("ErrorDetail", {}).get("ErrorCode") != AlreadyExists.code]
            if serious:
                raise _Refused(operation, self._names["TableName"], serious[0])


class _Refused(GlueError):
    code = "InvalidInputException"

    def __init__(self, operation: str, table: str, error: Document) -> None:
        super().__init__(f"{operation} on table {table} was refused: {error}")


def _batches(items: Sequence[Document], size: int) -> Iterator[list[Document]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
