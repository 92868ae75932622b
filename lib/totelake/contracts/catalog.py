"""The catalogue of contracts: the single list of tables, columns, keys and lineage that all code is driven by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Callable, TypeVar

from totelake.contracts.checks import check_references, check_table
from totelake.contracts.documents import documents, line_of, place
from totelake.contracts.model import DIMENSION, FACT, SOURCE, Column, Reference, Table
from totelake.contracts.publishing import active
from totelake.contracts.types import UnknownTypeError, hive_type
from totelake.errors import ContractError

_Built = TypeVar("_Built")


@dataclass(frozen=True)
class Catalog:
    """All contracts and the pipeline's description."""

    tables: Mapping[str, Table]
    pipeline: Mapping[str, Any]

    def table(self, name: str) -> Table:
        """The table of that name. Raises ContractError when no contract names it."""
        if name not in self.tables:
            raise ContractError(
                f"no contract under catalog/ names the table {name}; known are {', '.join(self.tables)}"
            )
        return self.tables[name]

    def source_tables(self, domain: str) -> tuple[Table, ...]:
        """The tables of one source in an order in which every parent precedes its children."""
        return in_dependency_order([t for t in self.tables.values() if t.kind == SOURCE and t.domain == domain])

    def dimensions(self) -> tuple[Table, ...]:
        """All dimensions, by name."""
        return tuple(t for t in self.tables.values() if t.kind == DIMENSION)

    def facts(self) -> tuple[Table, ...]:
        """All facts, by name."""
        return tuple(t for t in self.tables.values() if t.kind == FACT)

    def warehouse_tables(self) -> tuple[Table, ...]:
        """Dimensions first, then facts: the order in which rows can be inserted."""
        return self.dimensions() + self.facts()


def in_dependency_order(tables: list[Table]) -> tuple[Table, ...]:
    """Sort so that a referenced table precedes those that refer to it. Raises ContractError on a cycle."""
    by_name = {table.name: table for table in tables}
    done: dict[str, Table] = {}

    def visit(table: Table, path: tuple[str, ...]) -> None:
        if table.name in path:
            raise ContractError(f"the foreign keys {' -> '.join(path + (table.name,))} form a cycle; break it")
        for column in table.columns:
            parent = column.foreign_key and by_name.get(column.foreign_key.table)
            if parent and parent.name not in done and parent is not table:
                visit(parent, path + (table.name,))
        done[table.name] = table

    for table in tables:
        if table.name not in done:
            visit(table, ())
    return tuple(done.values())


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """The catalogue this installation was built with. Raises ContractError when a contract is malformed."""
    return parse_catalog(documents())


def parse_catalog(files: Mapping[str, Any]) -> Catalog:
    """Build the catalogue from parsed documents and check that its parts agree. Raises ContractError."""
    tables: dict[str, Table] = {}
    for name in sorted(files):
        if not name.endswith((".yaml", ".yml")) or not name.startswith(("sources/", "warehouse/")):
            continue
        for table in _tables_of(name, files[name]):
            if table.name in tables:
                raise ContractError(
                    f"catalog/{name} names {table.name}, which catalog/{tables[table.name].origin} has; remove one"
                )
            tables[table.name] = table
    check_references(tables)
    return Catalog(tables, active(files.get("pipeline.yaml") or {}))


def _tables_of(name: str, document: Any) -> Iterator[Table]:
    if not isinstance(document, Mapping) or not isinstance(document.get("schema"), list):
        raise ContractError(f"catalog/{name} is no data contract: it needs a list 'schema' with the table in it")
    for entry in document["schema"]:
        yield _formed(name, entry, partial(_table, name, str(document.get("domain", ""))))


def _formed(name: str, entry: Any, build: Callable[[Any], _Built]) -> _Built:
    """What is built of an entry. Raises ContractError with its line when it cannot be."""
    try:
        return build(entry)
    except UnknownTypeError as error:
        raise ContractError(f"{place(name, line_of(entry, 'physicalType'))}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ContractError(
            f"{place(name, line_of(entry))}: {error} is missing or of the wrong form; see the contracts beside it"
        ) from error


def _custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties", [])}


def _table(name: str, domain: str, entry: Mapping[str, Any]) -> Table:
    custom = _custom(entry)
    columns = tuple(_formed(name, item, partial(_column, name)) for item in entry["properties"])
    table = Table(
        name=entry["name"],
        kind=custom["kind"],
        domain=domain,
        schema=str(entry["physicalName"]).split(".")[0],
        grain=entry["dataGranularityDescription"],
        columns=columns,
        policy=custom.get("schemaPolicy", "evolve"),
        source=custom.get("source"),
        source_key=custom.get("sourceKey"),
        partition_by=custom.get("partitionBy"),
        short_name=custom.get("shortName"),
        alias=custom.get("alias"),
        origin=name,
        line=line_of(entry),
    )
    check_table(table)
    return table


def _column(name: str, entry: Mapping[str, Any]) -> Column:
    custom = _custom(entry)
    keys = [item["to"] for item in entry.get("relationships", []) if item.get("type", "foreignKey") == "foreignKey"]
    hive_type(entry["physicalType"])
    return Column(
        name=entry["name"],
        type=entry["physicalType"],
        required=bool(entry.get("required", False)),
        primary_key=bool(entry.get("primaryKey", False)),
        unique=bool(entry.get("unique", False)),
        foreign_key=_reference(name, line_of(entry), keys[0]) if keys else None,
        on_delete=custom.get("onDelete", "RESTRICT"),
        default=custom.get("default"),
        enum=tuple(custom.get("enum", ())),
        pattern=entry.get("logicalTypeOptions", {}).get("pattern"),
        minimum=custom.get("minimum"),
        maximum=custom.get("maximum"),
        serial=bool(custom.get("serial", False)),
        sources=tuple(_reference(name, line_of(entry), item) for item in entry.get("transformSourceObjects", ())),
        description=entry.get("description", "") or entry.get("transformLogic", ""),
        line=line_of(entry),
    )


def _reference(name: str, line: int, text: str) -> Reference:
    table, dot, column = text.partition(".")
    if not dot:
        raise ContractError(f"{place(name, line)}: '{text}' is no column; write it as table.column")
    return Reference(table, column)
