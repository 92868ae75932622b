"""Nested frames made flat: `unnest` for structs, `relationalize` for arrays, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awsglue import gluetypes as glue
from awsglue.expressions import Column, inside, quoted, top
from awsglue.gluetypes import StructType

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_KEY = "awsglue.key"
_LONG = glue.LongType()


def flattened(columns: list[Column]) -> list[Column]:
    """The columns with structs replaced by their fields, named a.b."""
    found: list[Column] = []
    for one in columns:
        if isinstance(one.kind, StructType):
            found += flattened([Column(f"{one.name}.{item.name}", item.sql, item.kind) for item in inside(one)])
        else:
            found.append(one)
    return found


def selected(frame: DataFrame, columns: list[Column]) -> tuple[DataFrame, StructType]:
    """The frame of these columns, and its schema."""
    made = frame.selectExpr(*[f"{one.sql} AS {quoted(one.name)}" for one in columns])
    return made, StructType([glue.Field(one.name, one.kind) for one in columns])


def relationalized(
    frame: DataFrame, schema: StructType, root: str, name: str = ""
) -> dict[str, tuple[DataFrame, StructType]]:
    """The tables by name: one for the rows, and one for each array at any depth, named root_path.

    An array's column holds a key instead; the array's table has a row for each element, with that key as `id`, its
    position as `index`, and its value as `array.val`, or `array.val.field` for each field of a struct.
    """
    flat, kind = selected(frame, flattened(top(schema)))
    arrays = [one for one in kind if isinstance(one.dataType, glue.ArrayType)]
    if not arrays:
        return {name or root: (flat, kind)}
    # the keys of both tables come of one computation: a second one could number the rows in another way
    kept = flat.selectExpr("*", f"monotonically_increasing_id() + 1 AS {quoted(_KEY)}").localCheckpoint()
    names = {one.name for one in arrays}
    columns = [
        Column(one.name, f"IF({one.sql} IS NULL, NULL, {quoted(_KEY)})", _LONG) if one.name in names else one
        for one in top(kind)
    ]
    tables = {name or root: selected(kept, columns)}
    for one in arrays:
        tables.update(_table_of(kept, one, root))
    return tables


def _table_of(kept: DataFrame, array: glue.Field, root: str) -> dict[str, tuple[DataFrame, StructType]]:
    if not isinstance(array.dataType, glue.ArrayType):
        raise TypeError(f"{array.name} is no array")
    element = array.dataType.elementType
    rows = kept.selectExpr(f"{quoted(_KEY)} AS id", f"posexplode({quoted(array.name)}) AS (index, val)")
    value = f"{array.name}.val"
    columns = [
        Column("id", "id", _LONG),
        Column("index", "index", glue.IntegerType()),
        *flattened([Column(value, "val", element)]),
    ]
    return relationalized(*selected(rows, columns), root, f"{root}_{array.name}")
