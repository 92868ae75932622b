"""The columns of partitions, which Athena reads each by its own: they follow those of their table.

The order in which no reader fails is: the table, its partitions, the objects that need it. Athena brings a narrower
partition to its table's type, refuses a wider one, and cannot read an object that is wider than its partition. A query
reads the table when it begins, then partitions, then objects; so that one under way meets nothing newer than what it
has read, there is a pause of its planning time between these changes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from totelake.contracts.identifiers import catalogue_name
from totelake.errors import ContendedError
from totelake.lake.tables import as_partition_input, columns_input, columns_of, storage_of
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.schemas.hive_widening import is_wider

PLANNING = 2.0
"""The seconds within which a query reads the Data Catalog and lists objects."""
_TRIES = 8


def follow_table(catalog: SchemaCatalog, name: str) -> int:
    """Give a table's partitions its columns; how many had others. None when there is no such table.

    The Data Catalog does not check what a partition's change replaces, so what another run put back meanwhile is
    looked for once more. Raises ContendedError when others keep changing it.
    """
    followed = 0
    for _ in range(_TRIES):
        behind = partitions_behind(catalog, name)
        if not behind:
            return followed
        time.sleep(PLANNING)
        catalog.replace_partitions(name, behind)
        time.sleep(PLANNING)
        followed = max(followed, len(behind))
    raise ContendedError(
        f"the partitions of {catalog.database}.{name} are changed by others all the time; run the job again"
    )


def partitions_behind(catalog: SchemaCatalog, name: str) -> list[Document]:
    """The partitions that do not have their table's columns, each as the PartitionInput that has them.

    None when the table has no columns, as somebody may leave it: partitions keep theirs until it is put back.
    """
    table = catalog.table(name)
    columns = columns_of(table) if table is not None and table.get("PartitionKeys") else []
    if not columns:
        return []
    return [changed for item in catalog.partitions(name) if (changed := _followed(item, columns)) is not None]


def _followed(partition: Document, columns: Sequence[tuple[str, str]]) -> Document | None:
    """The partition with the table's columns; None when it has them.

    A column of another type that is no narrower one keeps it: the partition's objects have that type, and by the
    table's an integer would be read as the digits of a decimal.
    """
    present = {catalogue_name(name): kind for name, kind in columns_of(partition)}
    wanted = [(name, _type(present.get(catalogue_name(name), kind), kind)) for name, kind in columns]
    if columns_of(partition) == wanted:
        return None
    storage = {**storage_of(partition), "Columns": columns_input(wanted)}
    return {**as_partition_input(partition), "StorageDescriptor": storage}


def _type(present: str, wanted: str) -> str:
    return wanted if not present or is_wider(present, wanted) else present
