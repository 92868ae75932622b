"""A table's key in SQL: in the order of the ledger's keys, whatever the database's collation and encoding."""

from __future__ import annotations

from psycopg2 import sql

from totelake.capture.ledger.keys import LedgerKey
from totelake.capture.postgres.shape import Shape
from totelake.contracts.key_kinds import DIGITS, INTEGER, TEXT
from totelake.schemas.columns import SourceColumn

_RAW = "SQL_ASCII"
# encodings whose bytes are in the order of UTF-8's, or that are compared as the bytes that come
_ORDERED = frozenset(("UTF8", "LATIN1", _RAW))
# types of the kind text that are in the order of their text, with no collation
_UNCOLLATED = "uuid"


def key_order(shape: Shape) -> sql.Composed:
    """What `ORDER BY` takes for the ledger's order."""
    return sql.SQL(", ").join(_terms(shape))


def key_texts(shape: Shape) -> sql.Composed:
    """The key's columns as a list of what a query selects for `Key.of_texts`, under the columns' names."""
    columns = [sql.SQL("t.{0} AS {0}").format(sql.Identifier(name)) for name in shape.key.names]
    return sql.SQL(", ").join(columns)


def key_bytes(shape: Shape) -> sql.Composed:
    """As `key_texts`, each text as the bytes that a copy has of it."""
    columns = [
        sql.SQL("convert_to(concat(t.{}), {})").format(
            sql.Identifier(name), sql.Literal(_RAW if shape.encoding == _RAW else "UTF8")
        )
        for name in shape.key.names
    ]
    return sql.SQL(", ").join(columns)


def key_compared(shape: Shape, operator: str, key: LedgerKey) -> sql.Composed:
    """That a row's key is less than, greater than or equal to another; `operator` as in SQL."""
    terms, values = _terms(shape), _values(shape, key)
    if len(terms) == 1:
        return sql.SQL("{} {} {}").format(terms[0], sql.SQL(operator), values[0])
    return sql.SQL("({}) {} ({})").format(sql.SQL(", ").join(terms), sql.SQL(operator), sql.SQL(", ").join(values))


def key_hash(shape: Shape) -> sql.Composed:
    """A bigint of a row's key and of the transaction that wrote it."""
    if shape.key.is_number:
        return sql.SQL("(t.{}::bigint << 32) # t.xmin::text::bigint").format(sql.Identifier(shape.key.name))
    columns = [sql.SQL("t.{}").format(sql.Identifier(name)) for name in shape.key.names]
    return sql.SQL('hashtextextended(ROW({})::text COLLATE "C", 0) # t.xmin::text::bigint').format(
        sql.SQL(", ").join(columns)
    )


def _terms(shape: Shape) -> list[sql.Composable]:
    found = []
    for column, kind in zip(shape.key_columns, shape.key.kinds):
        found.append(_term(column, kind, shape.encoding))
        if _is_before_others(shape, column, kind):
            found.append(_scale(sql.SQL("t.{}").format(sql.Identifier(column.name))))
    return found


def _is_before_others(shape: Shape, column: SourceColumn, kind: str) -> bool:
    """Whether 1.5 and 1.50, which PostgreSQL takes as equal, are two keys in whose order more of the key follows."""
    return kind == DIGITS and column is not shape.key_columns[-1]


def _scale(number: sql.Composable) -> sql.Composed:
    # NaN and infinity have none
    return sql.SQL("coalesce(scale({}), 0)").format(number)


def _term(column: SourceColumn, kind: str, encoding: str) -> sql.Composable:
    name = sql.SQL("t.{}").format(sql.Identifier(column.name))
    if kind != TEXT or column.type == _UNCOLLATED:
        return name
    text = _as_text(column, name)
    if encoding in _ORDERED:
        return sql.SQL('{} COLLATE "C"').format(text)
    return sql.SQL("convert_to({}, 'UTF8')").format(text)


def _as_text(column: SourceColumn, name: sql.Composed) -> sql.Composable:
    # as the copy has it: a cast takes the blanks at the end away, and somebody may have made one of an enum
    is_other = column.type.startswith(("character(", '"'))
    return sql.SQL("concat({})").format(name) if is_other else name


def _values(shape: Shape, key: LedgerKey) -> list[sql.Composable]:
    found = []
    for column, kind, text in zip(shape.key_columns, shape.key.kinds, shape.key.texts(key)):
        value = _value(column, kind, text, shape.encoding)
        found.append(value)
        if _is_before_others(shape, column, kind):
            found.append(_scale(value))
    return found


def _value(column: SourceColumn, kind: str, text: bytes, encoding: str) -> sql.Composable:
    if kind == INTEGER:
        return sql.Literal(int(text))
    if kind != TEXT or column.type == _UNCOLLATED:
        return sql.SQL("{}::{}").format(sql.Literal(text.decode("ascii")), sql.SQL(column.type))
    as_bytes = sql.SQL("{}::bytea").format(sql.Literal(f"\\x{text.hex()}"))
    if encoding not in _ORDERED:
        return as_bytes
    return sql.SQL("convert_from({}, {})").format(as_bytes, sql.Literal(_RAW if encoding == _RAW else "UTF8"))
