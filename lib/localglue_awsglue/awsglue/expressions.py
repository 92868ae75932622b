"""Spark SQL for fields: paths, nested fields, casts that give null, and one type made of another.

Everything is text, because `try_cast` is in the SQL of every Spark and in the Python of new ones only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from awsglue import gluetypes as glue
from awsglue.gluetypes import DataType, StructType
from awsglue.schemas import to_spark

ELEMENT = "[]"
"""In a path: the elements of the array before it."""


@dataclass(frozen=True)
class Column:
    """A field with the SQL that computes it."""

    name: str
    sql: str
    kind: DataType


def parse_path(path: str) -> tuple[str, ...]:
    """The names of a path such as a.b, `a.b`.c or list[].price. Raises ValueError for one that is not closed."""
    parts, text, position = [], path.strip(), 0
    while position < len(text):
        if text[position] == "`":
            end = text.find("`", position + 1)
            if end < 0:
                raise ValueError(f"the path {path} has a backtick that is not closed")
            parts.append(text[position + 1 : end])
            position = end + 1
        elif text[position] == ".":
            position += 1
        elif text.startswith(ELEMENT, position):
            parts.append(ELEMENT)
            position += len(ELEMENT)
        else:
            ends = [found for found in (text.find(one, position) for one in (".", ELEMENT)) if found >= 0]
            end = min(ends, default=len(text))
            parts.append(text[position:end])
            position = end
    return tuple(parts)


def quoted(name: str) -> str:
    """A name in SQL."""
    return "`" + name.replace("`", "``") + "`"


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_type(kind: DataType) -> str:
    """A type in SQL; names of fields in it are quoted."""
    if isinstance(kind, (StructType, glue.ChoiceType)):
        pairs = [(one.name, one.dataType) for one in kind] if isinstance(kind, StructType) else kind.choices.items()
        return f"STRUCT<{', '.join(f'{quoted(name)}: {sql_type(one)}' for name, one in pairs)}>"
    if isinstance(kind, glue.ArrayType):
        return f"ARRAY<{sql_type(kind.elementType)}>"
    if isinstance(kind, glue.MapType):
        return f"MAP<{sql_type(kind.keyType)}, {sql_type(kind.valueType)}>"
    return to_spark(kind).simpleString()


NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What Hive writes for a partition key that is null or an empty text."""


def partition_value(sql: str, kind: DataType) -> str:
    """A partition's value as one of the key's type: null for Hive's word for none, and for what does not fit."""
    return f"try_cast(nullif({sql}, {text(NO_VALUE)}) AS {sql_type(kind)})"


def nothing(kind: DataType) -> str:
    """Null, as a value of the type."""
    return "NULL" if isinstance(kind, glue.NullType) else f"CAST(NULL AS {sql_type(kind)})"


def top(schema: StructType) -> list[Column]:
    """The columns of a frame."""
    return [Column(one.name, quoted(one.name), one.dataType) for one in schema]


def inside(parent: Column) -> list[Column]:
    """The fields of a struct."""
    if not isinstance(parent.kind, StructType):
        return []
    return [Column(one.name, f"{parent.sql}.{quoted(one.name)}", one.dataType) for one in parent.kind]


def struct(columns: Sequence[Column], unless_null: str = "") -> tuple[str, StructType]:
    """The SQL and type of a struct of columns; null where the SQL `unless_null` is."""
    kind = StructType([glue.Field(one.name, one.kind) for one in columns])
    if not columns:
        return nothing(kind), kind
    made = f"named_struct({', '.join(f'{text(one.name)}, {one.sql}' for one in columns)})"
    return (f"IF({unless_null} IS NULL, NULL, {made})" if unless_null else made), kind


def find(columns: Iterable[Column], path: Sequence[str]) -> Column | None:
    """The field at a path, None when there is none."""
    found = next((one for one in columns if one.name == path[0]), None)
    if found is None or len(path) == 1:
        return found
    return find(inside(found), path[1:])


Edit = Callable[[Column], Sequence[Column]]
"""What a field becomes: itself, others, or nothing."""


def edited(columns: Sequence[Column], path: Sequence[str], edit: Edit, depth: int = 0) -> list[Column]:
    """The columns with the field at the path edited; they are as they were when there is none."""
    made: list[Column] = []
    for one in columns:
        if one.name != path[0]:
            made.append(one)
        elif len(path) == 1:
            made.extend(edit(one))
        else:
            made.append(Column(one.name, *_edited(one, path[1:], edit, depth)))
    return made


def _edited(one: Column, path: Sequence[str], edit: Edit, depth: int) -> tuple[str, DataType]:
    if path[0] == ELEMENT and isinstance(one.kind, glue.ArrayType):
        variable = f"element{depth}"
        element = Column(ELEMENT, variable, one.kind.elementType)
        if len(path) == 1:
            inner = list(edit(element))
            if len(inner) != 1:
                raise ValueError("an element of an array becomes one value; make_cols needs a field of a struct")
            sql, kind = inner[0].sql, inner[0].kind
        else:
            sql, kind = _edited(element, path[1:], edit, depth + 1)
        return f"transform({one.sql}, {variable} -> {sql})", glue.ArrayType(kind)
    if isinstance(one.kind, StructType):
        return struct(edited(inside(one), path, edit, depth), one.sql)
    return one.sql, one.kind


def cast(column: Column, target: DataType) -> str:
    """The column as a value of another type, null where it cannot be: of a choice whichever value there is."""
    if isinstance(column.kind, glue.ChoiceType):
        members = members_of(column)
        return f"coalesce({', '.join(cast(one, target) for one in members)})" if members else nothing(target)
    if column.kind == target:
        return column.sql
    if isinstance(column.kind, StructType) and isinstance(target, StructType):
        return converted(column, target)
    if not castable(column.kind, target):
        return nothing(target)
    return f"try_cast({column.sql} AS {sql_type(target)})"


def castable(source: DataType, target: DataType) -> bool:
    """Whether Spark has a cast between the types at all."""
    parts = (StructType, glue.ArrayType, glue.MapType)
    if isinstance(source, parts) or isinstance(target, parts):
        return isinstance(source, glue.NullType) or (
            isinstance(source, glue.ArrayType)
            and isinstance(target, glue.ArrayType)
            and castable(source.elementType, target.elementType)
        )
    moments, numbers = (glue.DateType, glue.TimestampType), (glue.BooleanType, glue.BinaryType)
    if isinstance(source, glue.BinaryType) or isinstance(target, glue.BinaryType):
        return isinstance(source, glue.StringType) or isinstance(target, (glue.StringType, glue.BinaryType))
    is_number = not isinstance(target, (*moments, *numbers, glue.StringType))
    if isinstance(source, glue.DateType):
        return isinstance(target, (glue.StringType, *moments))
    if isinstance(source, glue.TimestampType):
        return is_number or isinstance(target, (glue.StringType, *moments))
    if isinstance(target, glue.DateType):
        return isinstance(source, (glue.StringType, glue.NullType))
    if isinstance(target, glue.TimestampType):
        return not isinstance(source, glue.BooleanType)
    return True


def members_of(choice: Column) -> list[Column]:
    """The values of a choice, by the words of their types."""
    if not isinstance(choice.kind, glue.ChoiceType):
        return []
    return [Column(word, f"{choice.sql}.{quoted(word)}", one) for word, one in choice.kind.choices.items()]


def converted(column: Column, target: DataType, depth: int = 0) -> str:
    """The column as a value of a wider type, as `schemas.merged` makes it: nothing of a value is lost."""
    source = column.kind
    if source == target:
        return column.sql
    if isinstance(source, glue.NullType):
        return nothing(target)
    if isinstance(target, glue.ChoiceType):
        given = {one.name: one for one in members_of(column)} or {source.typeName(): column}
        made = [
            Column(word, converted(given[word], one, depth) if word in given else nothing(one), one)
            for word, one in target.choices.items()
        ]
        return struct(made, column.sql)[0]
    if isinstance(source, StructType) and isinstance(target, StructType):
        known = {one.name: one for one in inside(column)}
        made = [
            Column(
                one.name,
                converted(known[one.name], one.dataType, depth) if one.name in known else nothing(one.dataType),
                one.dataType,
            )
            for one in target
        ]
        return struct(made, column.sql)[0]
    if isinstance(source, glue.ArrayType) and isinstance(target, glue.ArrayType):
        variable = f"item{depth}"
        element = Column(ELEMENT, variable, source.elementType)
        return f"transform({column.sql}, {variable} -> {converted(element, target.elementType, depth + 1)})"
    return f"try_cast({column.sql} AS {sql_type(target)})"
