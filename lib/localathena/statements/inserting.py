"""INSERT INTO: the rows of a query as further objects of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from localathena.lake.catalog import columns_of, is_view, keys_of, location_of
from localathena.lake.formats import CSV, JSON, LAZY, Format, form_of_partition, format_of
from localathena.lake.projection import is_projected
from localathena.sql.casts import coerced
from localathena.sql.quoting import identifier
from localathena.sql.refusals import not_here, refuse
from localathena.sql.types import Type, becomes, type_of
from localathena.statements import parsed
from localathena.statements.storage import storage_of
from localathena.statements.work import Work, take_back
from localathena.statements.writing import discard, manifest, partition_inputs, write_rows


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
    if form.name == CSV:
        not_here("INSERT INTO a table of OpenCSVSerDe")
    if form.skipped_lines:
        not_here("INSERT INTO a table of which the first lines of each object are skipped")
    storage = storage_of({"format": form.name, "write_compression": _compression(document, form)})
    if form.is_text:
        storage = replace(storage, text=form.text)
    with work.asked(statement.query) as (connection, translation):
        sql = _inserted(translation.sql, translation.columns, columns, statement.columns)
        known = {tuple(item["Values"]): item for item in work.lake.partitions(database, name)} if keys else {}
        place_of = partial(_place_of, known, form, f"{database}.{name}")
        written = write_rows(work, connection, sql, columns, len(keys), location_of(document), storage, place_of)
    with ExitStack() as undo:
        undo.callback(discard, work, written.objects)
        work.settle()
        inputs = [item for item in partition_inputs(document, written) if tuple(item["Values"]) not in known]
        there = work.lake.add_partitions(database, name, inputs)
        new = [item["Values"] for item in inputs if item["Values"] not in there]
        drop = partial(work.lake.drop_partitions, database, name, new)
        undo.callback(take_back, f"a partition of {database}.{name}", drop)
        manifest(work, written)
        undo.pop_all()


def _place_of(known: Mapping[tuple[str, ...], Any], form: Format, table: str, values: tuple[str, ...]) -> str | None:
    partition = known.get(values)
    if partition is None:
        return None
    own = form_of_partition(partition, form)
    if (own.name, own.is_text and own.text) != (form.name, form.is_text and form.text) or own.skipped_lines:
        not_here(f"INSERT INTO the partition {', '.join(values)} of {table}, whose format is not its table's,")
    return location_of(partition)


def _compression(document: Any, form: Format) -> str:
    given = {str(key).lower(): str(value) for key, value in (document.get("Parameters") or {}).items()}
    names = ("write.compression", "parquet.compression", "orc.compress", "write_compression")
    usual = "NONE" if form.name in (LAZY, JSON) else "SNAPPY"
    return next((given[name] for name in names if name in given), usual)


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
