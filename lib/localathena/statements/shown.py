"""SHOW and DESCRIBE, as Athena writes them into a result of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localathena.lake.catalog import is_view, keys_of, location_of, view_of
from localathena.results import Row
from localathena.sql.refusals import refuse
from localathena.sql.types import VARCHAR
from localathena.statements import parsed
from localathena.statements.work import Work

_Answer = tuple["list[str]", "list[Row]"]
_WIDTH = 20
_PLAIN_FORMAT = ("serialization.format", "1")


def show(work: Work, statement: parsed.Show) -> None:
    """Answer SHOW or DESCRIBE."""
    names, rows = _ANSWERS[statement.what](work, statement)
    work.show([(name, VARCHAR) for name in names], rows)


def _tables(work: Work, statement: parsed.Show) -> _Answer:
    database = statement.of[0]
    if database not in work.lake.databases():
        refuse("FAILED", f"SemanticException [Error 10072]: Database does not exist: {database}")
    only_views = statement.what == "VIEWS"
    found = [item["Name"] for item in work.lake.tables(database) if is_view(item) or not only_views]
    return ["view_name" if only_views else "tab_name"], [[name] for name in found if _like(name, statement.like)]


def _databases(work: Work, statement: parsed.Show) -> _Answer:
    return ["database_name"], [[name] for name in work.lake.databases() if _like(name, statement.like)]


def _like(name: str, pattern: str | None) -> bool:
    """Whether Hive's pattern fits: a star for any letters, a bar between patterns."""
    if pattern is None:
        return True
    options = ("".join(".*" if letter == "*" else re.escape(letter) for letter in item) for item in pattern.split("|"))
    return any(re.fullmatch(option, name, re.IGNORECASE) for option in options)


def _columns(work: Work, statement: parsed.Show) -> _Answer:
    document = work.lake.existing(*statement.of)
    found = [*(document["StorageDescriptor"].get("Columns") or ()), *(document.get("PartitionKeys") or ())]
    return ["field"], [[f"{item['Name']:<{_WIDTH}}"] for item in found]


def _partitions(work: Work, statement: parsed.Show) -> _Answer:
    document = work.lake.existing(*statement.of)
    keys = [key for key, _ in keys_of(document)]
    if not keys:
        refuse("FAILED", f"SemanticException [Error 10241]: Table {statement.of[1]} is not a partitioned table")
    found = sorted(tuple(item["Values"]) for item in work.lake.partitions(*statement.of))
    return ["partition"], [["/".join(f"{key}={value}" for key, value in zip(keys, values))] for values in found]


def _properties(work: Work, statement: parsed.Show) -> _Answer:
    parameters: Mapping[str, str] = work.lake.existing(*statement.of).get("Parameters") or {}
    if statement.like is not None:
        value = parameters.get(statement.like)
        missing = f"Table {'.'.join(statement.of)} does not have property: {statement.like}"
        return ["prpt_name", "prpt_value"], [[value if value is not None else missing, None]]
    return ["prpt_name", "prpt_value"], [[name, value] for name, value in sorted(parameters.items())]


def _describe(work: Work, statement: parsed.Show) -> _Answer:
    """Columns, and then the partition keys once more under a headline of their own."""
    document = work.lake.existing(*statement.of)
    own, keys = document["StorageDescriptor"].get("Columns") or (), document.get("PartitionKeys") or ()
    rows: list[Row] = [_described(item) for item in (*own, *keys)]
    if keys:
        head: list[Row] = [[f"{'':<{_WIDTH}}", f"{'':<{_WIDTH}}", f"{'':<{_WIDTH}}"]]
        head += [["# Partition Information", "", ""], [f"{'# col_name':<24}", f"{'data_type':<24}", f"{'comment':<24}"]]
        rows += [*head, *head[:1], *(_described(item) for item in keys)]
    return ["col_name", "data_type", "comment"], rows


def _described(item: Any) -> Row:
    return [
        f"{item['Name']:<{_WIDTH}}",
        f"{item.get('Type') or 'string':<{_WIDTH}}",
        f"{item.get('Comment') or '':<{_WIDTH}}",
    ]


def _create_view(work: Work, statement: parsed.Show) -> _Answer:
    document = work.lake.existing(*statement.of)
    text = f"CREATE VIEW {statement.of[0]}.{statement.of[1]} AS\n{view_of(document)['originalSql']}"
    return ["Create View"], [[line] for line in text.split("\n")]


def _create_table(work: Work, statement: parsed.Show) -> _Answer:
    document = work.lake.existing(*statement.of)
    if is_view(document):
        refuse("FAILED", f"SemanticException: {statement.of[1]} is a view; use SHOW CREATE VIEW")
    descriptor = document["StorageDescriptor"]
    lines = [f"CREATE EXTERNAL TABLE `{statement.written}`(", *_listed(descriptor["Columns"])]
    if document.get("Description"):
        lines += ["COMMENT", f"  {_text(document['Description'])}"]
    if document.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_listed(document["PartitionKeys"])]
    buckets = descriptor.get("BucketColumns")
    if buckets:
        lines += ["CLUSTERED BY ( ", "  " + ", ".join(buckets) + ") ", f"INTO {descriptor['NumberOfBuckets']} BUCKETS"]
    serde = descriptor.get("SerdeInfo") or {}
    lines += ["ROW FORMAT SERDE ", f"  {_text(serde.get('SerializationLibrary', ''))} "]
    # Hive leaves out what is so without being said
    given = {key: value for key, value in (serde.get("Parameters") or {}).items() if (key, value) != _PLAIN_FORMAT}
    if given:
        lines += ["WITH SERDEPROPERTIES ( ", *_pairs(given)]
    lines += ["STORED AS INPUTFORMAT ", f"  {_text(descriptor.get('InputFormat', ''))} "]
    lines += ["OUTPUTFORMAT ", f"  {_text(descriptor.get('OutputFormat', ''))}"]
    lines += ["LOCATION", f"  {_text(location_of(document))}"]
    if document.get("Parameters"):
        lines += ["TBLPROPERTIES (", *_pairs(document["Parameters"])]
    return ["createtab_stmt"], [[line] for line in lines]


def _text(value: str) -> str:
    return "'" + value.replace("'", "\\'") + "'"


def _listed(columns: Any) -> list[str]:
    found = []
    for item in columns:
        comment = f" COMMENT {_text(item['Comment'])}" if item.get("Comment") else ""
        found.append(f"  `{item['Name']}` {item.get('Type') or 'string'}{comment}")
    return [f"{line}, " for line in found[:-1]] + [f"{line})" for line in found[-1:]]


def _as_hashed(names: Iterable[str]) -> list[str]:
    """The names in the order of a hash map of Java, in which Hive writes them."""
    found, size = list(names), 16
    while len(found) > size * 3 // 4:
        size *= 2

    def place(name: str) -> int:
        value = 0
        for letter in name:
            value = (31 * value + ord(letter)) & 0xFFFFFFFF
        return (value ^ value >> 16) & (size - 1)

    return sorted(found, key=place)


def _pairs(given: Mapping[str, str]) -> list[str]:
    found = [
        f"  {_text(name)}={_text(str(value))}" for name, value in ((name, given[name]) for name in _as_hashed(given))
    ]
    return [f"{line}, " for line in found[:-1]] + [f"{line})" for line in found[-1:]]


_ANSWERS: dict[str, Callable[[Work, parsed.Show], _Answer]] = {
    "TABLES": _tables,
    "VIEWS": _tables,
    "DATABASES": _databases,
    "COLUMNS": _columns,
    "PARTITIONS": _partitions,
    "TBLPROPERTIES": _properties,
    "DESCRIBE": _describe,
    "CREATE_VIEW": _create_view,
    "CREATE_TABLE": _create_table,
}
