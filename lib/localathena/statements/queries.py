"""SELECT, and what writes the rows of one as new objects: CREATE TABLE AS and UNLOAD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from localathena.lake.catalog import CATALOG, DEFAULT, answering
from localathena.results import Row
from localathena.sql.answers import selected, text
from localathena.sql.refusals import not_here, refuse
from localathena.sql.types import Type
from localathena.statements import parsed
from localathena.statements.hive_types import hive_type
from localathena.statements.storage import CLASSES, Storage, check_properties, storage_of
from localathena.statements.work import Work, take_back
from localathena.statements.writing import check_empty, discard, manifest, partition_inputs, write_rows

_FETCHED = 10_000


def select(work: Work, statement: parsed.Select) -> None:
    """Answer a query."""
    with work.asked(statement.query) as (connection, translation):
        cursor = connection.execute(selected(translation))
        work.answer(translation.columns, _texts(cursor, [kind for _, kind in translation.columns]))


def _texts(cursor: Any, kinds: list[Type]) -> Iterator[Row]:
    while rows := cursor.fetchmany(_FETCHED):
        for row in rows:
            yield [_text(value, kind) for value, kind in zip(row, kinds)]


def _text(value: Any, kind: Type) -> str | None:
    """A value as a result of the API has it: a time has no more digits than its type."""
    found = text(value, kind)
    return found[:8] if found is not None and kind.name == "time" and kind.numbers == (0,) else found


def _named(columns: Sequence[tuple[str, Type]]) -> list[tuple[str, Type]]:
    """The columns of a new table. Raises Refused for what no table has."""
    found: dict[str, Type] = {}
    for number, (name, kind) in enumerate(columns):
        if name == f"_col{number}":
            refuse("SYNTAX_ERROR", f"line 1:1: Column name not specified at position {number + 1}")
        if kind.name == "unknown":
            refuse("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {name}")
        if name.lower() in found:
            refuse("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name}' specified more than once")
        hive_type(kind)
        found[name.lower()] = kind
    return list(found.items())


def create_table_as(work: Work, statement: parsed.Ctas) -> None:
    """Write the rows of a query as a new table."""
    database, name, given = statement.database, statement.name, dict(statement.properties)
    check_properties(given, of_table=True)
    if given.get("table_type", "hive").lower() != "hive":
        not_here(f"a table of the type {given['table_type']}")
    if given.get("bucketed_by") and given.get("bucket_count") != "1":
        not_here("bucketed_by with more than one bucket")
    if database not in work.lake.databases() and database != DEFAULT:
        refuse("SCHEMA_NOT_FOUND", f"line 1:1: Schema {database} not found")
    if work.lake.table(database, name) is not None:
        if statement.if_not_exists:
            work.show([], [])
            return
        refuse("TABLE_ALREADY_EXISTS", f"line 1:1: Destination table '{CATALOG}.{database}.{name}' already exists")
    work.lake.ensure_default(database)
    location = given.get("external_location") or f"{work.output}/"
    form = storage_of(given)
    check_empty(work, location, f"table '{database}.{name}'")
    with work.asked(statement.query) as (connection, translation):
        columns = _named(translation.columns)
        keys = [key.strip().lower() for key in given.get("partitioned_by", "").split(",") if key.strip()]
        if keys and [column for column, _ in columns[-len(keys) :]] != keys:
            refuse(
                "HIVE_COLUMN_ORDER_MISMATCH",
                "Partition keys must be the last columns in the table and in the same order as the table properties: "
                f"[{', '.join(keys)}]",
            )
        sql = translation.sql if statement.with_data else f"SELECT * FROM ({translation.sql}) AS s WHERE false"
        written = write_rows(work, connection, sql, columns, len(keys), location, form)
    with ExitStack() as undo:
        undo.callback(discard, work, written.objects)
        table = _table_input(name, columns, len(keys), location, form, given)
        work.settle()
        with answering(f"{database}.{name} cannot be registered"):
            work.clients.glue.create_table(DatabaseName=database, TableInput=table)
        drop = partial(work.clients.glue.delete_table, DatabaseName=database, Name=name)
        undo.callback(take_back, f"the table {database}.{name}", drop)
        work.lake.add_partitions(database, name, partition_inputs(table, written))
        manifest(work, written)
        undo.pop_all()


def _table_input(
    name: str, columns: list[tuple[str, Type]], keys: int, location: str, form: Storage, given: dict[str, str]
) -> Any:
    reads, writes, serde = CLASSES[form.format]
    described = [{"Name": column, "Type": hive_type(kind)} for column, kind in columns]
    own, keyed = (described[:-keys], described[-keys:]) if keys else (described, [])
    delimiter = form.text.delimiter
    parameters = {"serialization.format": delimiter, "field.delim": delimiter}
    bucketed = [column.strip().lower() for column in given.get("bucketed_by", "").split(",") if column.strip()]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "has_encrypted_data": "false",
            "classification": "csv" if form.format == "TEXTFILE" else form.format.lower(),
        },
        "PartitionKeys": keyed,
        "StorageDescriptor": {
            "Columns": own,
            "Location": location.rstrip("/"),
            "InputFormat": reads,
            "OutputFormat": writes,
            "NumberOfBuckets": int(given["bucket_count"]) if bucketed else -1,
            "BucketColumns": bucketed,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": parameters if form.format == "TEXTFILE" else {"serialization.format": "1"},
            },
        },
    }


def unload(work: Work, statement: parsed.Unload) -> None:
    """Write the rows of a query as objects, without a table."""
    given = dict(statement.properties)
    check_properties(given, of_table=False)
    if "format" not in given:
        refuse("INVALID_TABLE_PROPERTY", "UNLOAD names no format; say WITH (format = 'PARQUET')")
    form = storage_of(given)
    check_empty(work, statement.location, "UNLOAD")
    with work.asked(statement.query) as (connection, translation):
        columns = _named(translation.columns)
        keys = [key.strip().lower() for key in given.get("partitioned_by", "").split(",") if key.strip()]
        if keys and [column for column, _ in columns[-len(keys) :]] != keys:
            refuse(
                "HIVE_COLUMN_ORDER_MISMATCH", "the partition columns must be the last columns of the query, in order"
            )
        written = write_rows(work, connection, translation.sql, columns, len(keys), statement.location, form)
    with ExitStack() as undo:
        undo.callback(discard, work, written.objects)
        work.settle()
        manifest(work, written)
        undo.pop_all()
