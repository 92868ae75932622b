"""What Athena's engine refuses of a Data Catalog, as Trino 435 was seen to do with every pair of types.

It finds columns by name. A partition may be narrower than its table, never wider. An object may be narrower than its
partition, never wider. A view may declare a wider type than its log has, never a narrower one or a column that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

from totelake.lake.tables import columns_of
from totelake.lake.views import view_sql
from totelake.ports.memory import MemoryCatalog, MemoryStore
from totelake.schemas.hive_widening import is_wider

Types = Mapping[str, str]
WRITES = ("put", "create", "copy", "delete")
CHANGES = ("create", "replace", "add_partitions", "replace_partition", "replace_partitions")


def is_read_as(found: str, declared: str) -> bool:
    """Whether values of one type are read where another is declared."""
    return found == declared or is_wider(found, declared)


def refusals(catalog: MemoryCatalog, store: MemoryStore, types_of: Callable[[str], Types]) -> list[str]:
    """What is refused of every table and view; `types_of` knows the Hive types of an object's columns by its key."""
    return [said for table in catalog.tables() for said in _of_table(catalog, store, table, types_of)]


def _of_table(
    catalog: MemoryCatalog, store: MemoryStore, table: Mapping[str, Any], types_of: Callable[[str], Types]
) -> Iterator[str]:
    name, columns = table["Name"], dict(columns_of(table))
    if table.get("TableType") == "VIRTUAL_VIEW":
        yield from _of_view(catalog, table)
        return
    for part in catalog.partitions(name) if table["PartitionKeys"] else [table]:
        location = part["StorageDescriptor"]["Location"]
        present = dict(columns_of(part))
        for column, kind in present.items():
            if column in columns and not is_read_as(kind, columns[column]):
                yield f"{name}.{column} is {columns[column]}, the partition {location} has {kind}"
        for item in store.list(location.split("/", 3)[3]):
            for column, kind in types_of(item.key).items():
                declared = present.get(column, columns.get(column))
                if declared is not None and not is_read_as(kind, declared):
                    yield f"{name}.{column} is {declared} in {location}, the object {item.key} has {kind}"


def _of_view(catalog: MemoryCatalog, view: Mapping[str, Any]) -> Iterator[str]:
    text = view_sql(view)
    for log in catalog.tables():
        if f'"{log["Name"]}"' not in text:
            continue
        columns = dict(columns_of(log)) | {key["Name"]: key["Type"] for key in log["PartitionKeys"]}
        for column, kind in columns_of(view):
            if f'SELECT "{column}"' not in text and f', "{column}"' not in text:
                continue
            if column not in columns and f'AS "{column}"' not in text:
                yield f"{view['Name']} shows {column}, which {log['Name']} does not have"
            elif column in columns and not is_read_as(columns[column], kind):
                yield f"{view['Name']}.{column} is {kind}, {log['Name']} has {columns[column]}"


class Killed(Exception):
    """The process died here."""


class Watched:
    """Looks at a store and a Data Catalog after each of their writes, and lets the process die at one of them."""

    def __init__(self, store: MemoryStore, catalog: MemoryCatalog, types_of: Callable[[str], Types]) -> None:
        self._store, self._catalog, self._types_of = store, catalog, types_of
        self.refused: list[str] = []
        self.left: int | None = None
        self.between: Callable[[], None] | None = None
        for thing, names in ((store, WRITES), (catalog, CHANGES)):
            for name in names:
                setattr(thing, name, self._watching(getattr(thing, name)))

    def _watching(self, write: Any) -> Any:
        def call(*words: Any, **values: Any) -> Any:
            if self.left is not None:
                if self.left == 0:
                    raise Killed
                self.left -= 1
            answer = write(*words, **values)
            self.refused += refusals(self._catalog, self._store, self._types_of)
            return answer

        return call
