"""DDL: what changes the Data Catalog alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from localathena.lake.catalog import CATALOG, VIEW_TYPE, answering, is_view, keys_of, location_of, view_text
from localathena.lake.projection import is_projected
from localathena.locations import folder
from localathena.sql.refusals import not_here, refuse
from localathena.sql.statements import translate
from localathena.sql.types import VARCHAR
from localathena.statements import alter, parsed
from localathena.statements.hive_types import hive_type
from localathena.statements.storage import CLASSES
from localathena.statements.work import Work

_TYPED_AS = {"JSONFILE": "JSON"}


def create_view(work: Work, statement: parsed.CreateView) -> None:
    """Register a view, once its query is one."""
    database, name = statement.database, statement.name
    work.lake.ensure_default(database)
    translation = translate(statement.query, work.lake)
    columns = []
    for number, (column, kind) in enumerate(translation.columns):
        if column == f"_col{number}":
            refuse("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {number + 1}")
        columns.append((column.lower(), kind))
    former = work.lake.table(database, name)
    if former is not None and not statement.replace:
        refuse("TABLE_ALREADY_EXISTS", f"line 1:1: View already exists: '{CATALOG}.{database}.{name}'")
    if former is not None and not is_view(former):
        refuse("TABLE_ALREADY_EXISTS", f"line 1:1: Table already exists: '{CATALOG}.{database}.{name}'")
    document = {
        "originalSql": statement.query,
        "catalog": CATALOG,
        "schema": work.lake.database,
        "columns": [{"name": column, "type": str(kind)} for column, kind in columns],
    }
    table: Any = {
        "Name": name,
        "TableType": VIEW_TYPE,
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": view_text(document),
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": hive_type(kind)} for column, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
        "PartitionKeys": [],
    }
    with answering(f"the view {database}.{name} cannot be registered"):
        if former is None:
            work.clients.glue.create_table(DatabaseName=database, TableInput=table)
        else:
            work.clients.glue.update_table(DatabaseName=database, TableInput=table)
    work.show([], [])


def create_table(work: Work, statement: parsed.CreateTable) -> None:
    """Register a table over objects that are there."""
    database, name = statement.database, statement.name
    if folder(statement.location) is None:
        refuse("FAILED", f"Error: LOCATION '{statement.location}' is no place in S3; name one that begins with s3://")
    work.lake.ensure_default(database)
    if work.lake.table(database, name) is not None:
        if not statement.if_not_exists:
            refuse("FAILED", f"AlreadyExistsException: Table {name} already exists in {database}")
        work.show([], [])
        return
    stored = statement.stored_as or "TEXTFILE"
    if isinstance(stored, tuple):
        reads, writes, serde = (*stored, "")
    elif (known := CLASSES.get(_TYPED_AS.get(stored, stored))) is not None:
        reads, writes, serde = known
    else:
        not_here(f"STORED AS {stored}")
    parameters = {"EXTERNAL": "TRUE", **statement.properties}
    table: Any = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Description": statement.comment,
        "Parameters": parameters,
        "PartitionKeys": [_column(item) for item in statement.keys],
        "StorageDescriptor": {
            "Columns": [_column(item) for item in statement.columns],
            "Location": statement.location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "NumberOfBuckets": statement.buckets[1] or -1,
            "BucketColumns": list(statement.buckets[0]),
            "SerdeInfo": {
                "SerializationLibrary": statement.serde or serde,
                "Parameters": {"serialization.format": "1", **statement.serde_properties},
            },
        },
    }
    with answering(f"{database}.{name} cannot be registered"):
        work.clients.glue.create_table(DatabaseName=database, TableInput=table)
    work.show([], [])


def _column(item: tuple[str, str, str]) -> dict[str, str]:
    name, kind, comment = item
    return {"Name": name, "Type": kind, **({"Comment": comment} if comment else {})}


def create_database(work: Work, statement: parsed.CreateDatabase) -> None:
    """Register a database."""
    if statement.name in work.lake.databases():
        if not statement.if_not_exists:
            refuse("FAILED", f"SemanticException [Error 10242]: Database {statement.name} already exists")
        work.show([], [])
        return
    given: Any = {"Name": statement.name, "Description": statement.comment, "Parameters": dict(statement.properties)}
    if statement.location:
        given["LocationUri"] = statement.location
    with answering(f"the database {statement.name} cannot be registered"):
        work.clients.glue.create_database(DatabaseInput=given)
    work.show([], [])


def drop(work: Work, statement: parsed.Drop) -> None:
    """Take a table, a view or a database out of the Data Catalog; the objects stay."""
    if statement.what == "DATABASE":
        _drop_database(work, statement)
    else:
        document = work.lake.table(statement.database, statement.name)
        wants_view = statement.what == "VIEW"
        if document is None and not statement.if_exists:
            refuse("FAILED", f"SemanticException [Error 10001]: Table not found {statement.database}.{statement.name}")
        if document is not None:
            if is_view(document) != wants_view:
                refuse("FAILED", f"SemanticException: {statement.name} is {'no' if wants_view else 'a'} view")
            with answering(f"{statement.database}.{statement.name} cannot be dropped"):
                work.clients.glue.delete_table(DatabaseName=statement.database, Name=statement.name)
    work.show([], [])


def _drop_database(work: Work, statement: parsed.Drop) -> None:
    if statement.name not in work.lake.databases():
        if not statement.if_exists:
            refuse("FAILED", f"SemanticException [Error 10072]: Database does not exist: {statement.name}")
        return
    if not statement.cascade and work.lake.tables(statement.name):
        refuse("FAILED", f"Database {statement.name} is not empty. One or more tables exist; say CASCADE to drop them")
    with answering(f"the database {statement.name} cannot be dropped"):
        work.clients.glue.delete_database(Name=statement.name)


def repair(work: Work, statement: parsed.Repair) -> None:
    """Register the partitions whose folders are there and that the Data Catalog lacks."""
    document = work.lake.existing(statement.database, statement.name)
    keys = [key for key, _ in keys_of(document)]
    if is_projected(document.get("Parameters") or {}):
        refuse("FAILED", "MSCK REPAIR TABLE is not supported for tables with partition projection enabled")
    if not keys:
        refuse("FAILED", f"SemanticException: {statement.database}.{statement.name} has no partitions to repair")
    place = folder(location_of(document))
    if place is None:
        refuse("FAILED", f"'{location_of(document)}' is no place in S3; correct the table's location")
    location = f"s3://{place[0]}/{place[1]}"
    known = {tuple(item["Values"]) for item in work.lake.partitions(statement.database, statement.name)}
    found: dict[tuple[str, ...], str] = {}
    for item in work.objects.listed(location):
        parts = item.address[len(location) :].split("/")[: len(keys)]
        if len(parts) == len(keys) and all(part.lower().startswith(f"{key}=") for part, key in zip(parts, keys)):
            values = tuple(unquote(part.partition("=")[2]) for part in parts)
            found[values] = location + "/".join(parts)
    new = {values: place for values, place in found.items() if values not in known}
    work.lake.add_partitions(statement.database, statement.name, [_input(document, *item) for item in new.items()])
    lines = [f"Partitions not in metastore:\t{statement.name}:{_shown(keys, values)}" for values in new]
    lines += [f"Repair: Added partition to metastore {statement.name}:{_shown(keys, values)}" for values in new]
    work.show([("result", VARCHAR)], [[line] for line in lines])


def _shown(keys: list[str], values: tuple[str, ...]) -> str:
    return "/".join(f"{key}={value}" for key, value in zip(keys, values))


def _input(document: Any, values: tuple[str, ...], place: str) -> dict[str, Any]:
    return {"Values": list(values), "StorageDescriptor": {**document["StorageDescriptor"], "Location": place}}


def alter_table(work: Work, statement: parsed.AlterTable) -> None:
    """Change a table's definition or its partitions."""
    document = work.lake.existing(statement.database, statement.name)
    of = (statement.database, statement.name)
    if statement.action == alter.ADD_PARTITIONS:
        _add_partitions(work, statement, document)
    elif statement.action == alter.DROP_PARTITIONS:
        _drop_partitions(work, statement, document)
    elif statement.action == alter.SET_LOCATION:
        if folder(statement.location) is None:
            refuse("FAILED", f"'{statement.location}' is no place in S3; name one that begins with s3://")
        work.lake.change(*of, lambda table: table["StorageDescriptor"].update(Location=statement.location))
    elif statement.action == alter.SET_PROPERTIES:
        work.lake.change(*of, lambda table: table.setdefault("Parameters", {}).update(statement.properties))
    else:
        columns = [_column(item) for item in statement.columns]
        there = [] if statement.action == alter.REPLACE_COLUMNS else list(document["StorageDescriptor"]["Columns"])
        known = {item["Name"].lower() for item in [*there, *(document.get("PartitionKeys") or ())]}
        doubled = [item["Name"] for item in columns if item["Name"] in known]
        if doubled:
            refuse("FAILED", f"SemanticException: Duplicate column name: {doubled[0]}")
        work.lake.change(*of, lambda table: table["StorageDescriptor"].update(Columns=[*there, *columns]))
    work.show([], [])


def _values(statement: parsed.AlterTable, document: Any, partition: parsed.Partition) -> tuple[str, ...]:
    keys = [key for key, _ in keys_of(document)]
    if set(keys) != set(partition.values):
        refuse(
            "FAILED",
            f"SemanticException: the partition ({', '.join(partition.values)}) does not name the partition keys of "
            f"{statement.database}.{statement.name}: {', '.join(keys) or 'it has none'}",
        )
    return tuple(partition.values[key] for key in keys)


def _add_partitions(work: Work, statement: parsed.AlterTable, document: Any) -> None:
    keys = [key for key, _ in keys_of(document)]
    inputs = []
    for partition in statement.partitions:
        values = _values(statement, document, partition)
        place = partition.location or f"{location_of(document).rstrip('/')}/{_shown(keys, values)}"
        inputs.append(_input(document, values, place))
    there = work.lake.add_partitions(statement.database, statement.name, inputs)
    if there and not statement.condition:
        refuse("FAILED", f"AlreadyExistsException: Partition already exists: {there[0]}")


def _drop_partitions(work: Work, statement: parsed.AlterTable, document: Any) -> None:
    known = {tuple(item["Values"]) for item in work.lake.partitions(statement.database, statement.name)}
    wanted = [_values(statement, document, partition) for partition in statement.partitions]
    lost = [values for values in wanted if values not in known]
    if lost and not statement.condition:
        refuse("FAILED", f"SemanticException [Error 10006]: Partition not found {lost[0]}")
    for values in wanted:
        if values in known:
            with answering(f"the partition {values} cannot be dropped"):
                work.clients.glue.delete_partition(
                    DatabaseName=statement.database, TableName=statement.name, PartitionValues=list(values)
                )
