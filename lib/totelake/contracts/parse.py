"""Data contracts (Open Data Contract Standard) read into tables and columns, each error with file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Callable, TypeVar

from totelake.contracts.checks import check_references, check_registered_names, check_star_names, check_table
from totelake.contracts.conversions import check_conversions
from totelake.contracts.documents import line_of, place
from totelake.contracts.feed_checks import check_feeds
from totelake.contracts.key_checks import check_star_keys
from totelake.contracts.model import SOURCE, Column, Conversion, Dataset, Reference, Table, TableId
from totelake.contracts.sources import Source, is_source
from totelake.contracts.types import UnknownTypeError, check_star_type, lake_type, stored_type
from totelake.errors import ContractError

_SOURCES, _WAREHOUSE = "sources/", "warehouse/"
_Built = TypeVar("_Built")


def parse_tables(
    files: Mapping[str, Any], sources: Mapping[str, Source]
) -> tuple[dict[TableId, Table], dict[str, Table]]:
    """The source tables by id and the star tables by name, checked against each other. Raises ContractError."""
    by_id: dict[TableId, Table] = {}
    stars: dict[str, Table] = {}
    for name in sorted(files):
        if not name.endswith((".yaml", ".yml")) or not name.startswith((_SOURCES, _WAREHOUSE)):
            continue
        if is_source(name):
            continue
        for table in tables_of(name, files[name]):
            if table.kind == SOURCE:
                _add(by_id, table.id, table)
            else:
                _add(stars, table.name, table)
    check_references(sources, by_id, stars)
    check_feeds(sources, by_id, stars)
    check_star_keys(by_id, stars)
    check_conversions(stars)
    check_star_names(stars)
    check_registered_names(sources, by_id)
    return by_id, stars


_Key = TypeVar("_Key")


def _add(found: dict[_Key, Table], key: _Key, table: Table) -> None:
    if key in found:
        raise ContractError(f"catalog/{table.origin} names {table}, which catalog/{found[key].origin} has; remove one")
    found[key] = table


def tables_of(name: str, document: Any) -> Iterator[Table]:
    """The tables of one document, each checked by itself. Raises ContractError."""
    if not isinstance(document, Mapping) or not isinstance(document.get("schema"), list):
        raise ContractError(f"catalog/{name} is no data contract: it needs a list 'schema' with the table in it")
    for entry in document["schema"]:
        yield _formed(name, entry, partial(_table, name, str(document.get("domain", ""))))


def _formed(name: str, entry: Any, build: Callable[[Any], _Built]) -> _Built:
    """What `build` makes of an entry. Raises ContractError with the line of an entry that it cannot read."""
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
    is_source = custom["kind"] == SOURCE
    columns = tuple(_formed(name, item, partial(_column, name, is_source)) for item in entry["properties"])
    table = Table(
        name=entry["name"],
        kind=custom["kind"],
        source=_source_of(name, domain, custom),
        schema=str(entry["physicalName"]).split(".")[0],
        grain=entry["dataGranularityDescription"],
        columns=columns,
        policy=custom.get("schemaPolicy", "evolve"),
        driving=custom.get("drivingTable"),
        source_key=custom.get("sourceKey"),
        partition_by=custom.get("partitionBy"),
        short_name=custom.get("shortName"),
        alias=custom.get("alias"),
        unique_index=custom.get("uniqueIndex"),
        conversion=_conversion(custom.get("converted")),
        dataset=Dataset(str(custom.get("prefix", "")), str(custom["format"])) if "format" in custom else None,
        origin=name,
        line=line_of(entry),
    )
    check_table(table)
    if (table.kind == SOURCE) != name.startswith(_SOURCES):
        folder = f"catalog/sources/{table.source}" if table.kind == SOURCE else "catalog/warehouse"
        raise ContractError(f"{place(name, table.line)}: {table.name} is a {table.kind}; move its file to {folder}")
    return table


def _conversion(entry: Mapping[str, str] | None) -> Conversion | None:
    """What a fact's property `converted` says; None without one."""
    return None if entry is None else Conversion(entry["view"], entry["quote"], entry["quantity"], entry["price"])


def _source_of(name: str, domain: str, custom: Mapping[str, Any]) -> str:
    """The name of a table's source: its folder, for a star table its custom property `source`."""
    if not name.startswith(_SOURCES):
        return str(custom["source"])
    folder = name.split("/")[1]
    if domain != folder:
        raise ContractError(f"catalog/{name}: the domain is '{domain}', its folder {folder}; write the folder's name")
    return folder


def _column(name: str, is_source: bool, entry: Mapping[str, Any]) -> Column:
    custom = _custom(entry)
    keys = [item["to"] for item in entry.get("relationships", []) if item.get("type", "foreignKey") == "foreignKey"]
    check_type = lake_type if is_source else check_star_type
    check_type(entry["physicalType"])
    return Column(
        name=entry["name"],
        type=entry["physicalType"],
        required=_flag(name, entry, "required", entry),
        primary_key=_flag(name, entry, "primaryKey", entry),
        key_position=_key_position(name, entry),
        unique=_flag(name, entry, "unique", entry),
        foreign_key=_reference(name, line_of(entry), keys[0]) if keys else None,
        on_delete=custom.get("onDelete", "RESTRICT"),
        default=custom.get("default"),
        enum=_texts(name, entry, "enum", custom),
        pattern=entry.get("logicalTypeOptions", {}).get("pattern"),
        minimum=custom.get("minimum"),
        maximum=custom.get("maximum"),
        serial=_flag(name, entry, "serial", custom),
        sources=tuple(_reference(name, line_of(entry), item) for item in entry.get("transformSourceObjects", ())),
        description=entry.get("description", "") or entry.get("transformLogic", ""),
        stored=stored_type(entry["physicalType"]) if is_source else "",
        number_of=_texts(name, entry, "numberOf", custom),
        line=line_of(entry),
    )


def _key_position(name: str, entry: Mapping[str, Any]) -> int:
    """The column's place in the key. Raises ContractError for one that is no number."""
    position = entry.get("primaryKeyPosition", 1)
    if type(position) is not int:
        where = place(name, line_of(entry, "primaryKeyPosition"))
        raise ContractError(f"{where}: the primaryKeyPosition of {entry['name']} is {position!r}; write 1, 2, ...")
    return position


def _flag(name: str, entry: Mapping[str, Any], key: str, among: Mapping[str, Any]) -> bool:
    """A property of a column that is true or false. Raises ContractError for any other value."""
    value = among.get(key, False)
    if not isinstance(value, bool):
        where = place(name, line_of(entry, key))
        raise ContractError(f"{where}: {key} of {entry['name']} is {value!r}; write true or false, without quotes")
    return value


def _texts(name: str, entry: Mapping[str, Any], key: str, custom: Mapping[str, Any]) -> tuple[str, ...]:
    """A property of a column that lists texts. Raises ContractError for any other: YAML reads yes as true."""
    values = custom.get(key, [])
    wrong = [item for item in values if not isinstance(item, str)] if isinstance(values, list) else [values]
    if wrong:
        raise ContractError(
            f"{place(name, line_of(entry))}: {key} of {entry['name']} has {wrong[0]!r}, which is no list of texts; "
            "write a list, and in it yes, no, on, off, true, false, null and numbers in quotes"
        )
    return tuple(values)


def _reference(name: str, line: int, text: str) -> Reference:
    table, dot, column = text.partition(".")
    if not dot:
        raise ContractError(f"{place(name, line)}: '{text}' is no column; write it as table.column")
    return Reference(table, column)
