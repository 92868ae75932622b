"""Athena's types as the Data Catalog and files have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localathena.sql.refusals import refuse
from localathena.sql.types import Type

if TYPE_CHECKING:
    import pyarrow

_HIVE = {"integer": "int", "real": "float", "varbinary": "binary"}
_PLAIN = ("boolean", "tinyint", "smallint", "bigint", "double", "date")


def hive_type(kind: Type) -> str:
    """The type as the Data Catalog writes it. Raises Refused for one that no table has."""
    if kind.name in _HIVE or kind.name in _PLAIN:
        return _HIVE.get(kind.name, kind.name)
    if kind.name == "varchar":
        return f"varchar({kind.numbers[0]})" if kind.numbers else "string"
    if kind.name == "char":
        return f"char({kind.numbers[0]})"
    if kind.name == "decimal":
        return f"decimal({kind.numbers[0]},{kind.numbers[1]})"
    if kind.name == "timestamp":
        return "timestamp"
    if kind.name in ("array", "map"):
        return f"{kind.name}<{','.join(map(hive_type, kind.inner))}>"
    if kind.name == "row":
        fields = (f"{name}:{hive_type(part)}" for name, part in zip(kind.field_names, kind.inner))
        return f"struct<{','.join(fields)}>"
    refuse("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")


def arrow_type(kind: Type) -> pyarrow.DataType:
    """The type as files have it."""
    import pyarrow

    plain = {
        "boolean": pyarrow.bool_(),
        "tinyint": pyarrow.int8(),
        "smallint": pyarrow.int16(),
        "integer": pyarrow.int32(),
        "bigint": pyarrow.int64(),
        "real": pyarrow.float32(),
        "double": pyarrow.float64(),
        "date": pyarrow.date32(),
        "timestamp": pyarrow.timestamp("ms"),
        "varchar": pyarrow.string(),
        "char": pyarrow.string(),
        "varbinary": pyarrow.binary(),
    }
    if kind.name in plain:
        return plain[kind.name]
    if kind.name == "decimal":
        return pyarrow.decimal128(*kind.numbers)
    if kind.name == "array":
        return pyarrow.list_(arrow_type(kind.inner[0]))
    if kind.name == "map":
        return pyarrow.map_(arrow_type(kind.inner[0]), arrow_type(kind.inner[1]))
    if kind.name == "row":
        return pyarrow.struct([(name, arrow_type(part)) for name, part in zip(kind.field_names, kind.inner)])
    refuse("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")
