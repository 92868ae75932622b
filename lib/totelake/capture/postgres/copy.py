"""COPY as a stream of Arrow record batches: exact types, NULL is not '', bounded memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import BinaryIO, Callable, TypeVar

import numpy as np
import psycopg2
import pyarrow as pa
from psycopg2 import sql
from pyarrow import csv

from totelake.capture.blocked import BlockedError, unordered, unreadable
from totelake.capture.events import XID
from totelake.capture.ledger.merge import KeyOrderError
from totelake.capture.postgres.binary import unhexed
from totelake.capture.postgres.chunks import Chunk
from totelake.capture.postgres.csv_rows import convert_options
from totelake.capture.postgres.key_sql import key_order, key_texts
from totelake.capture.postgres.locks import refused
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape
from totelake.contracts.types import is_zoned
from totelake.ports.postgres_errors import is_of_locks, is_of_table, is_of_type, said
from totelake.schemas.columns import SourceColumn

_BLOCK_BYTES = 8 * 1024**2
T = TypeVar("T")


class UnreadableError(Exception):
    """A value among the rows cannot be read exactly; only a copy row by row shows which.

    With `is_of_type` it is all values of a column's type.
    """

    def __init__(self, why: str, is_of_type: bool = False) -> None:
        super().__init__(why)
        self.is_of_type = is_of_type


def read_table(session: Session, shape: Shape, read: Callable[[bool], T]) -> T:
    """What `read` makes of a table: at first in blocks, then row by row where that meets what it cannot read.

    Raises BlockedError when not even that reads the table, its keys come in no order, or a lock is refused, such as one
    on its index.
    """
    where = f"{shape.schema}.{shape.table}"
    try:
        try:
            return read(False)
        except UnreadableError as error:
            if error.is_of_type:
                raise
            return read(True)
    except UnreadableError as error:
        raise BlockedError(unreadable(shape.table, where, str(error))) from error
    except KeyOrderError as error:
        raise BlockedError(unordered(shape.table, where, shape.key.name)) from error
    except psycopg2.Error as error:
        if not is_of_locks(error):
            raise
        raise BlockedError(refused(session, (shape.schema, shape.table), error)[shape.table]) from error


def rows_query(shape: Shape, where: sql.Composable | None) -> sql.Composed:
    """The query of the rows that satisfy `where` in the order of their key, each with the xid that wrote it."""
    return sql.SQL("SELECT {}, {} AS {} FROM {} AS t{} ORDER BY {}").format(
        sql.SQL(", ").join(_selected(column) for column in shape.columns),
        sql.SQL("t.xmin::text::bigint" if shape.has_xmin else "NULL::bigint"),
        sql.Identifier(XID),
        shape.name,
        sql.SQL(" WHERE ") + where if where is not None else sql.SQL(""),
        key_order(shape),
    )


def _selected(column: SourceColumn) -> sql.Composable:
    """A column as its values are in the lake; what is text there is what the type's own output function writes."""
    template = "{0} AT TIME ZONE 'UTC' AS {0}" if is_zoned(column.type) else "{0}"
    return sql.SQL(template).format(sql.Identifier(column.name))


def try_types(session: Session, shape: Shape) -> None:
    """Let the server write one value of each column that is text in the lake. Raises psycopg2.Error."""
    one = sql.SQL("(SELECT format('%s', t.{column}) FROM {table} AS t WHERE t.{column} IS NOT NULL LIMIT 1)")
    columns = [sql.Identifier(column.name) for column in shape.columns if column.stored]
    tried = [one.format(column=column, table=shape.name) for column in columns]
    session.row(sql.SQL("SELECT {}").format(sql.SQL(", ").join([*tried, sql.SQL("NULL")])))


def rows_schema(shape: Shape) -> pa.Schema:
    """The exact types of what `rows_query` selects."""
    return shape.arrow.append(pa.field(XID, pa.int64()))


def copy_rows(session: Session, shape: Shape, where: sql.Composable | None = None) -> Iterator[Chunk]:
    """The rows that satisfy `where` in the order of their key, each with the xid that wrote it as `_xid`.

    Raises UnreadableError at a value that cannot be read exactly.
    """
    schema = rows_schema(shape)
    return copied(session, rows_query(shape, where), lambda source: _parse(source, schema))


def copy_keys(session: Session, shape: Shape) -> Iterator[np.ndarray]:
    """All keys in their order, in blocks. Raises UnreadableError."""
    return _keys(session, shape, sql.SQL(""))


def copy_keys_within(session: Session, shape: Shape, where: sql.Composable) -> np.ndarray:
    """The keys of the rows that satisfy `where`, ascending. Raises UnreadableError."""
    return np.concatenate([shape.key.array(()), *_keys(session, shape, sql.SQL(" WHERE ") + where)])


def _keys(session: Session, shape: Shape, where: sql.Composable) -> Iterator[np.ndarray]:
    query = sql.SQL("SELECT {} FROM {} AS t{} ORDER BY {}").format(
        key_texts(shape), shape.name, where, key_order(shape)
    )
    # of a key that is no integer the texts, so that every one is read; as `large_binary`, which no column's type is
    kind = pa.int64() if shape.key.is_number else pa.large_binary()
    schema = pa.schema([pa.field(name, kind) for name in shape.key.names])
    for chunk in copied(session, query, lambda source: _parse(source, schema)):
        yield shape.key.of_rows(chunk.rows) if shape.key.is_number else shape.key.of_all_texts(chunk.rows)


def copied(session: Session, query: sql.Composable, parse: Callable[[BinaryIO], Iterator[Chunk]]) -> Iterator[Chunk]:
    """What `parse` makes of a COPY's bytes. Raises UnreadableError, after all chunks that came before.

    COPY runs in a thread and the parser reads the other end of a pipe, so neither waits for the whole.
    """
    read_end, write_end = os.pipe()
    failure: list[BaseException] = []

    def send() -> None:
        try:
            with os.fdopen(write_end, "wb", buffering=1024**2) as sink:
                session.copy(query, sink)
        except BaseException as error:  # handed to the reading thread, which raises it
            failure.append(error)

    sender = threading.Thread(target=send, name="copy", daemon=True)
    sender.start()
    try:
        with os.fdopen(read_end, "rb") as source:
            try:
                yield from parse(source)
            except pa.ArrowInvalid as error:
                while source.read(_BLOCK_BYTES):  # a COPY left in its middle would take the transaction with it
                    pass
                sender.join()
                if not failure:
                    raise UnreadableError(str(error)) from error
    finally:
        sender.join()
    if failure and isinstance(failure[0], Exception) and is_of_table(failure[0]):
        raise UnreadableError(said(failure[0]), is_of_type(failure[0])) from failure[0]
    if failure:
        raise failure[0]


def _parse(source: BinaryIO, schema: pa.Schema) -> Iterator[Chunk]:
    reader = csv.open_csv(
        source,
        read_options=csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=convert_options(schema),
    )
    for batch in reader:
        if batch.num_rows:
            yield Chunk(unhexed(batch))
