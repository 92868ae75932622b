"""SELECT and what writes the rows of one: CREATE TABLE AS, INSERT INTO and UNLOAD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from localathena.columns import metadata
from localathena.lake.catalog import CATALOG, DEFAULT, answering, columns_of, is_view, keys_of, location_of
from localathena.lake.formats import format_of
from localathena.lake.projection import is_projected
from localathena.locations import folder
from localathena.results import Row
from localathena.sql.answers import selected, text
from localathena.sql.casts import coerced
from localathena.sql.quoting import identifier
from localathena.sql.refusals import not_here, refuse
from localathena.sql.types import BIGINT, Type, becomes, type_of
from localathena.statements import parsed
from localathena.statements.hive_types import hive_type
from localathena.statements.storage import CLASSES, Storage, storage_of
from localathena.statements.work import Work
from localathena.statements.writing import Written, discard, write_rows

_FETCHED = 10_000
COUNT = [("rows", BIGINT)]
_STORED = {"OPENCSV": "TEXTFILE"}


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
    _check_empty(work, location, f"table '{database}.{name}'")
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
    try:
        table = _table_input(name, columns, len(keys), location, form, given)
        with answering(f"{database}.{name} cannot be registered"):
            work.clients.glue.create_table(DatabaseName=database, TableInput=table)
        _register(work, database, name, table, written)
    except Exception:
        discard(work, written.objects)
        raise
    _manifest(work, written)


def _check_empty(work: Work, location: str, what: str) -> None:
    place = folder(location)
    if place is None:
        refuse("INVALID_TABLE_PROPERTY", f"'{location}' is no place in S3; name one that begins with s3://")
    found = work.clients.s3.list_objects_v2(Bucket=place[0], Prefix=place[1], MaxKeys=1)
    if found.get("KeyCount"):
        refuse("HIVE_PATH_ALREADY_EXISTS", f"Target directory for {what} already exists: {location}")


def _table_input(
    name: str, columns: list[tuple[str, Type]], keys: int, location: str, form: Storage, given: dict[str, str]
) -> Any:
    reads, writes, serde = CLASSES[form.format]
    described = [{"Name": column, "Type": hive_type(kind)} for column, kind in columns]
    own, keyed = (described[:-keys], described[-keys:]) if keys else (described, [])
    parameters = {"serialization.format": form.delimiter, "field.delim": form.delimiter}
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


def _register(work: Work, database: str, name: str, table: Any, written: Written) -> None:
    partitions = [
        {"Values": list(values), "StorageDescriptor": {**table["StorageDescriptor"], "Location": place.rstrip("/")}}
        for values, place in written.partitions.items()
    ]
    work.lake.add_partitions(database, name, partitions)


def _manifest(work: Work, written: Written) -> None:
    """List the objects beside the result, and say how many rows there are."""
    work.execution.columns, work.execution.update_count = COUNT, written.rows
    work.execution.manifest = f"{work.output}-manifest.csv"
    work.put(work.execution.manifest, "".join(f"{address}\n" for address in written.objects).encode())
    work.put(f"{work.output}.metadata", metadata(COUNT))


def insert(work: Work, statement: parsed.Insert) -> None:
    """Write the rows of a query as further objects of a table."""
    database, name = statement.database, statement.name
    document = work.lake.existing(database, name)
    if is_view(document):
        refuse("NOT_SUPPORTED", f"line 1:1: Inserting into views is not supported: {database}.{name}")
    if is_projected(document.get("Parameters") or {}):
        not_here("INSERT INTO a table whose partitions are projected")
    columns = [(column, type_of(kind)) for column, kind in columns_of(document)]
    keys = [key for key, _ in keys_of(document)]
    form = format_of(document)
    storage = storage_of({"format": _STORED.get(form.name, form.name), "write_compression": _compression(document)})
    if form.name == "OPENCSV":
        not_here("INSERT INTO a table of OpenCSVSerDe")
    delimiter = form.parameters.get("field.delim", "\x01")
    with work.asked(statement.query) as (connection, translation):
        sql = _inserted(translation.sql, translation.columns, columns, statement.columns)
        written = write_rows(
            work,
            connection,
            sql,
            columns,
            len(keys),
            location_of(document),
            Storage(storage.format, storage.compression, delimiter),
        )
    try:
        _register(work, database, name, document, written)
    except Exception:
        discard(work, written.objects)
        raise
    _manifest(work, written)


def _compression(document: Any) -> str:
    given = {str(key).lower(): str(value) for key, value in (document.get("Parameters") or {}).items()}
    named = next(
        (
            given[key]
            for key in ("write.compression", "parquet.compression", "orc.compress", "write_compression")
            if key in given
        ),
        "",
    )
    return named or (
        "SNAPPY"
        if "parquet" in given.get("classification", "")
        else "NONE"
        if given.get("classification") in ("csv", "json")
        else "SNAPPY"
    )


def _inserted(
    sql: str, given: Sequence[tuple[str, Type]], columns: list[tuple[str, Type]], named: tuple[str, ...]
) -> str:
    """The rows of a query with the columns of the table; those that INSERT does not name are NULL."""
    wanted = dict(columns)
    unknown = [name for name in named if name not in wanted]
    if unknown:
        refuse("COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {unknown[0]}")
    targets = list(named) or [name for name, _ in columns]
    fits = len(targets) == len(given) and all(
        becomes(kind, wanted[name]) or kind.name == wanted[name].name for name, (_, kind) in zip(targets, given)
    )
    if not fits:
        table = ", ".join(str(wanted[name]) for name in targets)
        query = ", ".join(str(kind) for _, kind in given)
        refuse(
            "TYPE_MISMATCH", f"line 1:1: Insert query has mismatched column types: Table: [{table}], Query: [{query}]"
        )
    places = {name: number for number, name in enumerate(targets)}
    parts = []
    for name, kind in columns:
        number = places.get(name)
        value = "NULL" if number is None else coerced(f"c{number}", given[number][1], kind)
        parts.append(f"CAST({value} AS {kind.duckdb}) AS {identifier(name)}")
    return f"SELECT {', '.join(parts)} FROM ({sql}) AS s"


def unload(work: Work, statement: parsed.Unload) -> None:
    """Write the rows of a query as objects, without a table."""
    given = dict(statement.properties)
    if "format" not in given:
        refuse("INVALID_TABLE_PROPERTY", "UNLOAD names no format; say WITH (format = 'PARQUET')")
    form = storage_of(given)
    _check_empty(work, statement.location, "UNLOAD")
    with work.asked(statement.query) as (connection, translation):
        columns = _named(translation.columns)
        keys = [key.strip().lower() for key in given.get("partitioned_by", "").split(",") if key.strip()]
        if keys and [column for column, _ in columns[-len(keys) :]] != keys:
            refuse(
                "HIVE_COLUMN_ORDER_MISMATCH", "the partition columns must be the last columns of the query, in order"
            )
        written = write_rows(work, connection, translation.sql, columns, len(keys), statement.location, form)
    _manifest(work, written)
