"""Frames of records in Python: read from text, or made by a script's function; a record that fails becomes an error."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel

from awsglue import gluetypes as glue
from awsglue.gluetypes import DataType, StructType
from awsglue.schemas import merged_structs, struct_of
from awsglue.values import as_json, of_row, to_row, type_of

if TYPE_CHECKING:
    from pyspark.rdd import RDD
    from pyspark.sql import DataFrame, SparkSession

ERROR_COLUMNS = "message string, stack_trace string, record string"


@dataclass(frozen=True)
class Failed:
    """A record that could not be made: what was said, where, and what it was made of, as JSON."""

    message: str
    stack_trace: str
    record: str


@dataclass(frozen=True)
class Errors:
    """The errors of one step: how many, and a DataFrame with a row for each, None when there are none."""

    count: int
    rows: DataFrame | None = None


def frame_of(
    session: SparkSession, made: RDD[Any], hint: StructType | None = None, schema: StructType | None = None
) -> tuple[DataFrame, StructType, Errors]:
    """The frame of an RDD of records and of Failed; each record is made once.

    The schema is that of all records, unless it is given. `hint` is what their fields were before. A record that has
    a value which does not fit the schema is an error, too.
    """
    kept = made.persist(StorageLevel.MEMORY_AND_DISK)
    count, kind = (0, schema) if schema else count_and_schema(kept, hint)
    if schema or _may_not_fit(kind):
        kept = kept.map(lambda one: _row_of(one, kind)).persist(StorageLevel.MEMORY_AND_DISK)
        count = kept.filter(lambda one: isinstance(one, Failed)).count()
        rows = kept.filter(lambda one: not isinstance(one, Failed))
    else:
        rows = kept.filter(lambda one: not isinstance(one, Failed)).map(lambda one: to_row(one, kind))
    frame = session.createDataFrame(rows, struct_of(kind), verifySchema=False)
    if not count:
        return frame, kind, Errors(0)
    failed = kept.filter(lambda one: isinstance(one, Failed)).map(
        lambda one: (one.message, one.stack_trace, one.record)
    )
    return frame, kind, Errors(count, session.createDataFrame(failed, ERROR_COLUMNS, verifySchema=False))


def _may_not_fit(kind: DataType) -> bool:
    """Whether values may not fit the schema of all: decimal numbers, whose digits no type may have, and maps."""
    inner: list[DataType] = []
    if isinstance(kind, StructType):
        inner = [one.dataType for one in kind]
    elif isinstance(kind, glue.ChoiceType):
        inner = list(kind.choices.values())
    elif isinstance(kind, glue.ArrayType):
        inner = [kind.elementType]
    elif isinstance(kind, glue.MapType):
        inner = [kind.keyType, kind.valueType]
    return isinstance(kind, (glue.DecimalType, glue.MapType)) or any(map(_may_not_fit, inner))


def _row_of(record: Any, kind: StructType) -> Any:
    if isinstance(record, Failed):
        return record
    try:
        return to_row(record, kind)
    except (TypeError, ValueError) as problem:
        return _failed(problem, _as_text(record))


def _failed(problem: Exception, record: str) -> Failed:
    return Failed(f"{type(problem).__name__}: {problem}", traceback.format_exc(), record)


def _as_text(record: Any) -> str:
    """The record as JSON, or as Python writes it when JSON cannot have it."""
    try:
        return json.dumps(record, default=as_json)
    except (TypeError, ValueError, RecursionError):
        return repr(record)


def count_and_schema(made: RDD[Any], hint: StructType | None) -> tuple[int, StructType]:
    """How many have failed, and the schema of the others."""

    def of_partition(items: Iterable[Any]) -> Iterator[tuple[int, StructType]]:
        count, kind = 0, StructType()
        for one in items:
            if isinstance(one, Failed):
                count += 1
            else:
                kind = merged_structs(kind, _struct_type_of(one, hint))
        yield count, kind

    total, schema = 0, StructType()
    for count, kind in made.mapPartitions(of_partition).collect():
        total, schema = total + count, merged_structs(schema, kind)
    return total, _with_hints(schema, hint)


def _struct_type_of(record: Any, hint: StructType | None) -> StructType:
    found = type_of(record, hint)
    if not isinstance(found, StructType):
        raise TypeError(f"a record is a dict; {record!r} is a {type(record).__name__}")
    return found


def _with_hints(schema: StructType, hint: StructType | None) -> StructType:
    """The schema, in which a field that is null in every record keeps the type that it had."""
    if hint is None:
        return schema
    known = hint.field_map

    def of_field(one: glue.Field) -> DataType:
        is_null = isinstance(one.dataType, glue.NullType) and one.name in known
        return known[one.name].dataType if is_null else one.dataType

    return StructType([glue.Field(one.name, of_field(one)) for one in schema])


def records_of(frame: DataFrame, schema: StructType) -> RDD[Any]:
    """The rows of a frame as records."""
    return frame.rdd.map(lambda row: of_row(tuple(row), schema))


def applied(function: Callable[[Any], Any], records: RDD[Any]) -> RDD[Any]:
    """Each record as the script's function makes it, Failed where that raises."""

    def make(record: Any) -> Any:
        before = _as_text(record)
        try:
            return _checked(function(record))
        except Exception as problem:  # whatever the script's function raises is an error of the record, as on AWS
            return _failed(problem, before)

    return records.map(make)


def _checked(record: Any) -> Any:
    """The record, when it can become a row."""
    _struct_type_of(record, None)
    return record


def selected(function: Callable[[Any], Any], records: RDD[Any]) -> RDD[Any]:
    """The records for which the script's function is true, Failed where that raises."""

    def look(record: Any) -> list[Any]:
        try:
            return [record] if function(record) else []
        except Exception as problem:  # whatever the script's function raises is an error of the record, as on AWS
            return [_failed(problem, _as_text(record))]

    return records.flatMap(look)


@dataclass(frozen=True)
class Survey:
    """What texts of JSON hold: the type of all records, and whether each text is one record and none has failed."""

    schema: StructType
    is_plain: bool


def surveyed(texts: RDD[Any], path: tuple[str, ...]) -> Survey:
    """Look at all texts once. See `parsed`."""

    def of_partition(items: Iterable[Any]) -> Iterator[tuple[StructType, bool]]:
        kind, is_plain = StructType(), not path
        for text in items:
            found = _parse(text, path)
            is_plain = is_plain and len(found) == (1 if text.strip() else 0) and text.lstrip()[:1] in ("{", "")
            for one in found:
                if isinstance(one, Failed):
                    is_plain = False
                else:
                    kind = merged_structs(kind, _struct_type_of(one, None))
        yield kind, is_plain

    parts = texts.mapPartitions(of_partition).collect()
    schema = StructType()
    for kind, _ in parts:
        schema = merged_structs(schema, kind)
    return Survey(schema, all(is_plain for _, is_plain in parts))


def parsed(texts: RDD[Any], path: tuple[str, ...]) -> RDD[Any]:
    """The records of JSON texts: objects, or the objects of an array; Failed for what is none.

    A text comes alone, or in a tuple with a dict of more fields. `path` leads to the records in each text.
    """

    def parse(given: Any) -> list[Any]:
        content, more = given if isinstance(given, tuple) else (given, {})
        found = _parse(content, path)
        return [one if isinstance(one, Failed) else {**one, **more} for one in found]

    return texts.flatMap(parse)


def _parse(content: str | None, path: tuple[str, ...]) -> list[Any]:
    if not content or not content.strip():
        return []
    try:
        found = _at(json.loads(content), path)
    except ValueError as problem:
        return [Failed(f"not JSON: {problem}", "", content)]
    return [
        one if isinstance(one, dict) else Failed("a JSON record is an object", "", json.dumps(one)) for one in found
    ]


def values_of(texts: RDD[Any]) -> RDD[Any]:
    """What texts of JSON hold, each as the field `value`: an object or an array; Failed for what is none."""

    def parse(content: str | None) -> list[Any]:
        if not content or not content.strip():
            return []
        try:
            found = json.loads(content)
        except ValueError as problem:
            return [Failed(f"not JSON: {problem}", "", content)]
        is_whole = isinstance(found, (dict, list))
        return [{"value": found} if is_whole else Failed("this is neither an object nor an array", "", content)]

    return texts.flatMap(parse)


def _at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """The values at a path; an array stands for its elements."""
    found = value if isinstance(value, list) else [value]
    for name in path:
        if name != "*":
            found = [one[name] for one in found if isinstance(one, dict) and name in one]
        found = [item for one in found for item in (one if isinstance(one, list) else [one])]
    return found
