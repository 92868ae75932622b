"""Checks of the contracts, each by itself and all together. An error names file, line and remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from totelake.contracts.documents import place
from totelake.contracts.identifiers import METADATA, is_contract_name, source_view_names
from totelake.contracts.identifiers import RESERVED as RESERVED_COLUMNS
from totelake.contracts.key_checks import check_key
from totelake.contracts.model import DIMENSION, FACT, SOURCE, Column, Reference, Table, TableId
from totelake.contracts.sources import Source
from totelake.errors import ContractError

_KINDS = (SOURCE, DIMENSION, FACT)
_POLICIES = ("evolve", "freeze")
# logs and folders of the processed bucket that a star table's own log and folder would fall into
RESERVED = frozenset(["compacted", "dead_letters", "holds", "warehouse"])
# what is registered beside the star tables
_QUARANTINE = "quarantine"


def check_table(table: Table) -> None:
    """Raises ContractError for a contract that contradicts itself."""
    where = place(table.origin, table.line)
    names = [column.name for column in table.columns]
    _check_names(where, table, (table.name, table.schema, table.partition_by, table.short_name, table.alias))
    for column in table.columns:
        _check_names(place(table.origin, column.line), table, (column.name,))
        _check_reserved(table, column)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        again = [column for column in table.columns if column.name == twice[0]][-1]
        raise ContractError(
            f"{place(table.origin, again.line)}: {table.name} names {', '.join(twice)} more than once; keep one"
        )
    if table.kind not in _KINDS:
        raise ContractError(f"{where}: the kind of {table.name} is '{table.kind}'; use source, dimension or fact")
    if table.policy not in _POLICIES:
        raise ContractError(f"{where}: the schemaPolicy of {table.name} is '{table.policy}'; use evolve or freeze")
    if table.kind == FACT and not (table.short_name and table.source_key):
        lacking = "sourceKey" if table.short_name else "shortName"
        raise ContractError(f"{where}: the fact {table.name} has no {lacking}; add it to its customProperties")
    check_key(table)
    if table.source_key and table.source_key not in names:
        raise ContractError(f"{where}: the sourceKey {table.source_key} is no column of {table.name}")
    for column in table.columns:
        _check_column(table, column)


def _check_names(where: str, table: Table, names: tuple[str | None, ...]) -> None:
    for name in names:
        if name is not None and not is_contract_name(name):
            raise ContractError(
                f"{where}: '{name}' of {table.name} is no identifier; use small letters, digits and _, at most 63"
            )


def _check_reserved(table: Table, column: Column) -> None:
    """Raises ContractError for a column with the name of one that the lake adds, or of the table's partition key."""
    kept = RESERVED_COLUMNS if table.kind == SOURCE else {*METADATA, table.partition_by}
    if column.name in kept:
        raise ContractError(
            f"{place(table.origin, column.line)}: {table.name} has a column {column.name}, a name the lake keeps for "
            "itself; use another one"
        )


def _check_column(table: Table, column: Column) -> None:
    """Raises ContractError for a column whose properties contradict each other."""
    where = f"{place(table.origin, column.line)}: {table.name}.{column.name}"
    if column.primary_key and not column.required:
        raise ContractError(f"{where} is a primary key and not required; set required: true")
    if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
        raise ContractError(f"{where} has the minimum {column.minimum} above the maximum {column.maximum}; swap them")
    if column.enum and column.pattern is not None:
        raise ContractError(f"{where} has both an enum and a pattern; keep one")
    if column.pattern is not None:
        try:
            re.compile(column.pattern)
        except re.error as error:
            raise ContractError(
                f"{where} has a pattern that is not a valid regular expression ({error}); correct it"
            ) from error


def check_references(sources: Mapping[str, Source], by_id: Mapping[TableId, Table], stars: Mapping[str, Table]) -> None:
    """Raises ContractError for a reference to a source, table or column that does not exist."""
    for table in [*by_id.values(), *stars.values()]:
        where = place(table.origin, table.line)
        if table.source not in sources:
            raise ContractError(
                f"{where}: {table.name} is of the source {table.source}, which has no "
                f"catalog/sources/{table.source}/source.yaml; write it, or name another source"
            )
        if table.driving is not None and TableId(table.source, table.driving) not in by_id:
            raise ContractError(
                f"{where}: the drivingTable of {table.name} is {table.driving}, which no contract of {table.source} "
                "has; write its contract under catalog/sources, or name another table"
            )
        siblings = {item.name: item for item in by_id.values() if item.source == table.source}
        for column in table.columns:
            keys = (column.foreign_key,) if column.foreign_key else ()
            _check_columns(table, column, keys, siblings if table.kind == SOURCE else stars)
            _check_columns(table, column, column.sources, siblings)


def _check_columns(table: Table, column: Column, references: Sequence[Reference], among: Mapping[str, Table]) -> None:
    for reference in references:
        target = among.get(reference.table)
        if target is None or reference.column not in target.column_names:
            raise ContractError(
                f"{place(table.origin, column.line)}: {table.name}.{column.name} refers to {reference}, "
                "which no contract has; name an existing column"
            )


def relation_names(star: Table) -> tuple[str, ...]:
    """The names of a star table's relations, in the Data Catalog and in the warehouse: of rows, log and views."""
    views = (star.alias, f"current_{star.short_name}", f"history_{star.short_name}") if star.kind == FACT else ()
    more = (star.conversion.view,) if star.conversion else ()
    return tuple(name for name in (star.name, f"{star.name}_log", *views, *more) if name)


def check_star_names(stars: Mapping[str, Table]) -> None:
    """Raises ContractError when a star table would lie where something else does, or share the name of a relation."""
    taken: dict[str, str] = {_QUARANTINE: "the lake's own table of quarantined rows"}
    for table in stars.values():
        where = place(table.origin, table.line)
        if table.name in RESERVED or table.name.startswith("_"):
            raise ContractError(f"{where}: {table.name} is the name of a log or folder of the lake; use another one")
        for name in relation_names(table):
            if name in taken:
                raise ContractError(
                    f"{where}: {table.name} has the relation {name}, and so has {taken[name]}; "
                    "give it another name, alias or shortName"
                )
            taken[name] = table.name


def check_registered_names(sources: Mapping[str, Source], by_id: Mapping[TableId, Table]) -> None:
    """Raises ContractError when two source tables, or views over them, would have one name in the Data Catalog."""
    taken: dict[str, tuple[Table, str]] = {}
    for table in by_id.values():
        registered = sources[table.source].registered_name(table.name)
        for name in (registered, *source_view_names(registered)):
            what = "" if name == registered else "a view over "
            if name in taken:
                other, its = taken[name]
                raise ContractError(
                    f"{place(table.origin, table.line)}: {what}{table.id} and {its}{other.id} would both be registered "
                    f"as {name}; give one of their sources another table_prefix in its source.yaml"
                )
            taken[name] = (table, what)
