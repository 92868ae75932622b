"""COPY as a stream of Arrow record batches: exact types, NULL is not '', bounded memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from psycopg2 import sql
from pyarrow import csv

from totelake.capture.events import XID
from totelake.capture.postgres.chunks import Chunk
from totelake.capture.postgres.csv_rows import convert_options, parse_row_by_row
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape

_BLOCK_BYTES = 8 * 1024**2


class UnreadableError(Exception):
    """A value among the rows cannot be read exactly; only a copy row by row shows which."""


def copy_rows(
    session: Session, shape: Shape, where: sql.Composable | None = None, row_by_row: bool = False
) -> Iterator[Chunk]:
    """The rows that satisfy `where` in the order of their key, each with the xid that wrote it as `_xid`.

    Raises UnreadableError at a value that cannot be read exactly; a copy row by row quarantines such rows.
    """
    names = [sql.Identifier(column.name) for column in shape.columns]
    query = sql.SQL("SELECT {}, {} AS {} FROM {} AS t{} ORDER BY {}").format(
        sql.SQL(", ").join(names),
        sql.SQL("t.xmin::text::bigint" if shape.has_xmin else "NULL::bigint"),
        sql.Identifier(XID),
        shape.name,
        sql.SQL(" WHERE ") + where if where is not None else sql.SQL(""),
        sql.Identifier(shape.key),
    )
    return _copy(session, query, shape.arrow.append(pa.field(XID, pa.int64())), shape, row_by_row)


def copy_keys(session: Session, shape: Shape) -> Iterator[np.ndarray]:
    """All keys in their order, as int64, in blocks."""
    query = sql.SQL("SELECT {0}::bigint AS {0} FROM {1} ORDER BY {0}").format(sql.Identifier(shape.key), shape.name)
    for chunk in _copy(session, query, pa.schema([pa.field(shape.key, pa.int64())]), shape):
        yield chunk.rows.column(0).to_numpy()


def copy_keys_within(session: Session, shape: Shape, where: sql.Composable) -> np.ndarray:
    """The keys of the rows that satisfy `where`, ascending."""
    query = sql.SQL("SELECT {0}::bigint AS {0} FROM {1} AS t WHERE {2} ORDER BY {0}").format(
        sql.Identifier(shape.key), shape.name, where
    )
    chunks = _copy(session, query, pa.schema([pa.field(shape.key, pa.int64())]), shape)
    return np.concatenate([np.zeros(0, dtype=np.int64), *[chunk.rows.column(0).to_numpy() for chunk in chunks]])


def _copy(
    session: Session, query: sql.Composable, schema: pa.Schema, shape: Shape, row_by_row: bool = False
) -> Iterator[Chunk]:
    """COPY runs in a thread and the parser reads the other end of a pipe, so neither waits for the whole."""
    read_end, write_end = os.pipe()
    failure: list[BaseException] = []

    def send() -> None:
        try:
            with os.fdopen(write_end, "wb", buffering=1024**2) as sink:
                session.copy(query, sink)
        except BaseException as error:  # handed to the reading thread, which raises it
            failure.append(error)

    sender = threading.Thread(target=send, name=f"copy-{shape.table}", daemon=True)
    sender.start()
    try:
        with os.fdopen(read_end, "rb") as source:
            try:
                yield from parse_row_by_row(source, schema, shape.key) if row_by_row else _parse(source, schema)
            except pa.ArrowInvalid as error:
                while source.read(_BLOCK_BYTES):  # a COPY left in its middle would take the transaction with it
                    pass
                sender.join()
                if not failure:
                    raise UnreadableError(str(error)) from error
    finally:
        sender.join()
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
            yield Chunk(batch)
