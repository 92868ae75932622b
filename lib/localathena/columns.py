"""The columns of a result as Athena describes them: in an answer, and in the file beside the result."""

from __future__ import annotations

from collections.abc import Sequence

from localapi.documents import Document
from localathena.sql.types import Type

Columns = Sequence[tuple[str, Type]]
_LONGEST = 2**31 - 1
_PRECISION = {
    "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 17, "double": 17, "timestamp": 3, "time": 3,
    "timestamp with time zone": 3, "varbinary": 1 << 30, "json": _LONGEST,
}  # fmt: skip
_SHOWN = {"real": "float"}
_CATALOG = "hive"
# wire types of protobuf
_NUMBER, _BYTES = 0, 2


def column_info(columns: Columns) -> list[Document]:
    """The columns as ColumnInfo."""
    return [_column(name, kind) for name, kind in columns]


def _column(name: str, kind: Type) -> Document:
    precision, scale = _PRECISION.get(kind.name, 0), 0
    if kind.name == "decimal":
        precision, scale = kind.numbers
    elif kind.name in ("varchar", "char"):
        precision = kind.numbers[0] if kind.numbers else _LONGEST
    return {
        "CatalogName": _CATALOG,
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": _SHOWN.get(kind.name, kind.name),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind.name in ("varchar", "char", "json"),
    }


def metadata(columns: Columns) -> bytes:
    """The content of the object `<result>.metadata`: protobuf, as drivers that read results from S3 parse it.

    Each column is a message in field 4: catalogue 1, schema 2, table 3, name 4, label 5, type 6, precision 7, scale 8,
    nullable 9 (3 is unknown), case sensitive 10.
    """
    found = b""
    for item in column_info(columns):
        texts = (item[name] for name in ("CatalogName", "SchemaName", "TableName", "Name", "Label", "Type"))
        message = b"".join(_text(number, text) for number, text in enumerate(texts, 1))
        numbers = (item["Precision"], item["Scale"], 3, int(item["CaseSensitive"]))
        message += b"".join(_varint(number << 3 | _NUMBER) + _varint(value) for number, value in enumerate(numbers, 7))
        found += _varint(4 << 3 | _BYTES) + _varint(len(message)) + message
    return found


def _text(number: int, text: str) -> bytes:
    content = text.encode()
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        found.append(low | (0x80 if value else 0))
        if not value:
            return bytes(found)
