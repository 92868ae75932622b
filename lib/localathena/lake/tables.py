"""The tables that a statement reads, as views of DuckDB over the files of their objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlglot import exp

from localathena.lake.catalog import Document, Lake, columns_of, keys_of, location_of
from localathena.lake.formats import Format, form_of_partition, format_of, selected
from localathena.lake.objects import Object, Objects
from localathena.lake.projection import Projection, injected, is_projected
from localathena.sql.quoting import identifier, quoted
from localathena.sql.refusals import refuse
from localathena.sql.types import Type, type_of
from localathena.sql.words import parse

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class Tables:
    """Makes the views, and counts the bytes of the objects behind them."""

    def __init__(self, lake: Lake, objects: Objects, cutoff: int | None = None) -> None:
        self._lake, self._objects, self._cutoff = lake, objects, cutoff
        self.scanned = 0
        self._addresses: dict[str, str] = {}

    @contextmanager
    def defined(self, connection: Any, names: Sequence[tuple[str, str]], sql: str) -> Iterator[None]:
        """The tables of these names for as long as the block goes on; `sql` is the statement that reads them."""
        with ExitStack() as stack:
            for database, name in names:
                text = self._relation(connection, database, name, sql, stack)
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(database)}")
                connection.execute(f"CREATE VIEW {identifier(database)}.{identifier(name)} AS {text}")
            yield

    def told(self, said: str) -> str:
        """What DuckDB says, about objects and not about the files that hold them."""
        for path, address in self._addresses.items():
            # an object may have been brought into another form, beside it
            said = re.sub(rf"{re.escape(path)}(?:\.[\w-]+)*", lambda _, address=address: address, said)  # type: ignore[misc]
        return said

    def _relation(self, connection: Any, database: str, name: str, sql: str, stack: ExitStack) -> str:
        document = self._lake.existing(database, name)
        keys = [(key, type_of(kind)) for key, kind in keys_of(document)]
        columns = [(column, type_of(kind)) for column, kind in columns_of(document)]
        own = columns[: len(columns) - len(keys)]
        parts = []
        for values, form, objects in self._parts(document, database, name, [key for key, _ in keys], sql):
            self.scanned += sum(item.size for item in objects)
            if self._cutoff is not None and self.scanned > self._cutoff:
                refuse("EXCEEDED_BYTES_SCANNED_LIMIT", f"Bytes scanned limit was exceeded: {self._cutoff}")
            paths = stack.enter_context(self._objects.files(objects))
            named = (str(path.with_name(path.name.partition(".")[0])) for path in paths)
            self._addresses.update((path, item.address) for path, item in zip(named, objects))
            read = selected(connection, form, own, paths)
            constants = "".join(
                f", {_constant(value, kind)} AS {identifier(key)}" for value, (key, kind) in zip(values, keys)
            )
            parts.append(f"SELECT *{constants} FROM ({read})" if own else f"SELECT {constants[2:]} FROM ({read})")
        nothing = ", ".join(f"CAST(NULL AS {kind.duckdb}) AS {identifier(column)}" for column, kind in columns)
        return " UNION ALL ".join([*parts, f"SELECT {nothing} WHERE false"])

    def _parts(
        self, document: Document, database: str, name: str, keys: list[str], sql: str
    ) -> Iterator[tuple[tuple[str, ...], Format, list[Object]]]:
        """The values of each partition that has objects, its format, and the objects."""
        form = format_of(document)
        if not keys:
            objects = self._objects.listed(location_of(document))
            if objects:
                yield (), form, objects
        elif is_projected(document.get("Parameters") or {}):
            found = self._projected(document, keys, sql)
            yield from ((values, form, objects) for values, objects in sorted(found.items()))
        else:
            for partition in self._lake.partitions(database, name):
                objects = self._objects.listed(location_of(partition))
                if objects:
                    yield tuple(partition["Values"]), form_of_partition(partition, form), objects

    def _projected(self, document: Document, keys: list[str], sql: str) -> dict[tuple[str, ...], list[Object]]:
        parameters = document.get("Parameters") or {}
        for key in injected(parameters, keys):
            if not _is_compared(sql, key):
                refuse(
                    "CONSTRAINT_VIOLATION",
                    f"For the injected projected partition column {key}, the WHERE clause must contain only static "
                    "equality conditions, and at least one such condition must be present",
                )
        projection = Projection(parameters, keys, location_of(document))
        found: dict[tuple[str, ...], list[Object]] = defaultdict(list)
        for item in self._objects.listed(projection.root):
            values = projection.values(item.address)
            if values is not None:
                found[values].append(item)
        return found


def _is_compared(sql: str, key: str) -> bool:
    """Whether a statement says which values of a column it wants: by = or IN with nothing but literals."""
    for node in parse(sql).find_all(exp.EQ, exp.In):
        sides = [node.this, *(node.expressions if isinstance(node, exp.In) else [node.expression])]
        columns = [side for side in sides if isinstance(side, exp.Column) and side.name.lower() == key]
        others = [side for side in sides if not isinstance(side, exp.Column)]
        if columns and others and not any(side.find(exp.Column, exp.Query) for side in others):
            return True
    return False


def _constant(value: str, kind: Type) -> str:
    if value == _NULL_PARTITION:
        return f"CAST(NULL AS {kind.duckdb})"
    return f"CAST({quoted(value)} AS {kind.duckdb})"
