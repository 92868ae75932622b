"""Rows joined, united, compared, sampled and unboxed."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from awsglue import gluetypes as glue
from awsglue.expressions import Column, converted, edited, find, parse_path, quoted, sql_type, text, top
from awsglue.gluetypes import StructType
from awsglue.records import Errors, count_and_schema, values_of
from awsglue.relations import selected
from awsglue.schemas import merged_structs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Typed = tuple["DataFrame", StructType]
Side = tuple["DataFrame", StructType, Sequence[str]]
_OPERATORS = ("=", "==", "!=", "<", "<=", ">", ">=")


def joined(left: Side, right: Side) -> Typed:
    """The pairs of rows with equal keys. Raises ValueError for keys that are not there or not as many."""
    if len(left[2]) != len(right[2]) or not left[2]:
        raise ValueError(f"a join needs as many keys of one frame as of the other; got {left[2]} and {right[2]}")
    first, second = (_keyed(side, mark) for side, mark in ((left, "l"), (right, "r")))
    condition = functools.reduce(
        lambda found, one: found & one,
        [first[f"lk{number}"] == second[f"rk{number}"] for number in range(len(left[2]))],
    )
    taken = {one.name for one in left[1]}
    columns = [Column(one.name, f"lc{number}", one.dataType) for number, one in enumerate(left[1])]
    for number, one in enumerate(right[1]):
        name = one.name
        while name in taken:
            name = f".{name}"
        taken.add(name)
        columns.append(Column(name, f"rc{number}", one.dataType))
    return selected(first.join(second, condition), columns)


def _keyed(side: Side, mark: str) -> DataFrame:
    """The frame with columns of names that no other has: keys, then all."""
    frame, schema, paths = side
    keys = [_key(top(schema), path).sql for path in paths]
    whole = [quoted(one.name) for one in schema]
    return frame.selectExpr(
        *[f"{sql} AS {mark}k{number}" for number, sql in enumerate(keys)],
        *[f"{sql} AS {mark}c{number}" for number, sql in enumerate(whole)],
    )


def _key(columns: Sequence[Column], path: str) -> Column:
    found = find(columns, parse_path(path))
    if found is None:
        raise ValueError(f"the frame has no field {path}; it has {', '.join(one.name for one in columns)}")
    if isinstance(found.kind, glue.ChoiceType):
        raise ValueError(f"the field {path} has values of several types; resolve the choice first")
    return found


def united(first: Typed, second: Typed) -> Typed:
    """The rows of both, with the fields of both."""
    kind = merged_structs(first[1], second[1])
    parts = [_as(frame, schema, kind) for frame, schema in (first, second)]
    return parts[0].unionByName(parts[1]), kind


def _as(frame: DataFrame, schema: StructType, kind: StructType) -> DataFrame:
    known = {one.name: one for one in top(schema)}
    null = glue.NullType()
    columns = [
        Column(one.name, converted(known.get(one.name) or Column(one.name, "NULL", null), one.dataType), one.dataType)
        for one in kind
    ]
    return selected(frame, columns)[0]


def without_keys(frame: Typed, others: Typed, paths: Sequence[str]) -> DataFrame:
    """The rows whose keys the other frame does not have."""
    mark = f"k{uuid.uuid4().hex[:8]}_"
    keys = [_key(top(frame[1]), path).sql for path in paths]
    given = [_key(top(others[1]), path).sql for path in paths]
    marked = frame[0].selectExpr("*", *[f"{sql} AS {mark}{number}" for number, sql in enumerate(keys)])
    known = others[0].selectExpr(*[f"{sql} AS {mark}{number}" for number, sql in enumerate(given)]).distinct()
    names = [f"{mark}{number}" for number in range(len(keys))]
    return marked.join(known, names, "left_anti").drop(*names)


def comparison(columns: Sequence[Column], wanted: Mapping[str, Mapping[str, Any]]) -> str:
    """The SQL condition that all comparisons hold. Raises ValueError for another operator, or no such field."""
    parts = []
    for path, one in wanted.items():
        for operator, value in one.items():
            if operator not in _OPERATORS:
                raise ValueError(
                    f"split_rows does not know the operator '{operator}'; use one of {', '.join(_OPERATORS)}"
                )
            parts.append(f"({_key(columns, path).sql} {operator} {_literal(value)})")
    return " AND ".join(parts) or "true"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else text(str(value))


def sampled(frame: DataFrame, options: Mapping[str, Any]) -> DataFrame:
    """At most `topk` rows, each with the probability `prob`."""
    share = float(options.get("prob", 1))
    return (frame.sample(fraction=share) if share < 1 else frame).limit(int(options.get("topk", 100)))


def unboxed(
    session: SparkSession, frame: DataFrame, schema: StructType, path: Sequence[str]
) -> tuple[DataFrame, StructType, Errors | None]:
    """The frame with a text field replaced by what its JSON holds, of which all records are read for the type.

    Raises ValueError when there is no such text field, and when it has JSON of several types.
    """
    found = find(top(schema), path)
    if found is None or not isinstance(found.kind, glue.StringType):
        raise ValueError(f"unbox needs a field of text; {'.'.join(path)} is none")
    texts = frame.selectExpr(f"{found.sql} AS value").rdd.map(lambda row: row[0])
    count, whole = count_and_schema(values_of(texts), None)
    if count:
        raise ValueError(
            f"unbox found {count} texts in {'.'.join(path)} that are no JSON objects or arrays; filter them first"
        )
    inner = _without_choices(whole).field_map.get("value")
    plain = inner.dataType if inner else StructType()
    words = _ddl(plain) if isinstance(plain, StructType) else sql_type(plain)
    columns = edited(top(schema), path, lambda one: [Column(one.name, f"from_json({one.sql}, {text(words)})", plain)])
    made, kind = selected(frame, columns)
    return made, kind, None


def _ddl(kind: StructType) -> str:
    return ", ".join(f"{quoted(one.name)} {sql_type(one.dataType)}" for one in kind)


def _without_choices(kind: StructType) -> StructType:
    from awsglue.choices import choices_in

    found = choices_in(kind)
    if found:
        place = ".".join(found[0][1:]) or "the field itself"
        raise ValueError(f"unbox found values of several types in {place}; parse the field with map")
    return kind
