"""A table read row by row: what parses has exact types, and a row that does not is quarantined with what it has.

Also a row that the server itself cannot send: a text that has no form in UTF-8, one beyond its limits, a damaged one.
COPY ends there, after all rows before it, so it is the next one by key; behind it the copy goes on. Slow, so only after
a failure.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import partial

import psycopg2
from psycopg2 import sql

from totelake.capture.ledger.keys import LedgerKey
from totelake.capture.postgres.chunks import Chunk
from totelake.capture.postgres.copy import UnreadableError, copied, rows_query, rows_schema
from totelake.capture.postgres.csv_rows import all_escaped, logical_rows, no_rows, parse_row_by_row, values_of
from totelake.capture.postgres.key_sql import key_bytes, key_compared, key_order
from totelake.capture.postgres.session import Row, Session
from totelake.capture.postgres.shape import Shape
from totelake.capture.quarantined_keys import key_values
from totelake.lake.quarantine import INVALID_BYTES, NOT_SENT, QuarantinedRow
from totelake.ports.postgres_errors import is_of_table, said

# what is copied at once behind a row that could not be sent, so that many of them cost no scan of the table each
_PAGE_ROWS = 10_000


def copy_row_by_row(session: Session, shape: Shape, where: sql.Composable | None = None) -> Iterator[Chunk]:
    """As `copy_rows`, with rows that cannot be read among the chunks' quarantined ones.

    Raises UnreadableError when the server cannot say which row it is.
    """
    reader = _Reader(session, shape, where)
    after, page = None, None
    while True:
        try:
            for chunk in reader.rows(after, page):
                after = _last_key(chunk, shape)
                yield chunk
            if page is None:
                return
            after = page
        except UnreadableError as error:
            key = reader.key_after(after)
            if key is None:
                raise
            yield reader.row(key, str(error))
            after = key
        page = reader.page_after(after)
        if page is None:
            return


class _Reader:
    """The rows of one table that satisfy a condition, in the order of their key."""

    def __init__(self, session: Session, shape: Shape, where: sql.Composable | None) -> None:
        self._session, self._shape, self._where = session, shape, where
        self._schema = rows_schema(shape)

    def rows(self, after: LedgerKey | None, through: LedgerKey | None) -> Iterator[Chunk]:
        """The rows behind one key, to another or all of them. Raises UnreadableError."""
        return self._copied(self._bounded(after, through))

    def key_after(self, after: LedgerKey | None) -> LedgerKey | None:
        """The first key behind another; None when there is none. Raises UnreadableError."""
        return self._key_at(0, after)

    def page_after(self, after: LedgerKey | None) -> LedgerKey | None:
        """The last key of the next page; None when no row is left. Raises UnreadableError."""
        rows = self._asked("SELECT count(*) FROM (SELECT FROM {table} AS t WHERE {where} LIMIT {most}) AS page", after)
        count = int(rows[0][0])
        return self._key_at(count - 1, after) if count else None

    def row(self, key: LedgerKey, why: str) -> Chunk:
        """One row alone, read or quarantined; `why` is what the server said when it was among others."""
        try:
            return next(iter([*self._copied(self._only(key))]), Chunk(no_rows(self._schema)))
        except UnreadableError as error:
            why = str(error)
        return Chunk(no_rows(self._schema), (self._quarantined(key, why),))

    def _copied(self, where: sql.Composable | None) -> Iterator[Chunk]:
        query = rows_query(self._shape, where)
        return copied(self._session, query, partial(parse_row_by_row, schema=self._schema, key=self._shape.key))

    def _quarantined(self, key: LedgerKey, why: str) -> QuarantinedRow:
        raw, name = io.BytesIO(), self._shape.key.names[0]
        texts = dict(zip(self._shape.key.names, self._shape.key.texts(key)))

        def row(column: str, values: Mapping[str, str | None], rule: str, what: str | None = None) -> QuarantinedRow:
            return QuarantinedRow(key, column, values, rule, what, key_values(self._shape.key, key, rule))

        try:
            self._session.copy(rows_query(self._shape, self._only(key)), raw, raw=True)
        except psycopg2.Error as error:
            if not is_of_table(error):
                raise
            return row(name, all_escaped(texts), NOT_SENT, said(error))
        raw.seek(0)
        header, line = logical_rows(raw)
        values = values_of(header, line, self._schema)
        broken = self._first_broken(values)
        if broken is None:
            return row(name, all_escaped(values), NOT_SENT, why)
        return row(broken, all_escaped(values), INVALID_BYTES)

    def _first_broken(self, values: Mapping[str, bytes | None]) -> str | None:
        """The first column whose text has no form in UTF-8."""
        return next((name for name, value in values.items() if value and not self._has_form(value)), None)

    def _has_form(self, value: bytes) -> bool:
        if value.isascii():
            return True
        try:
            self._session.rows("SELECT octet_length(convert(%s, %s, 'UTF8'))", (value, self._session.encoding))
        except psycopg2.Error as error:
            if not is_of_table(error):
                raise
            return False
        return True

    def _bounded(self, after: LedgerKey | None, through: LedgerKey | None = None) -> sql.Composable | None:
        parts = [] if self._where is None else [self._where]
        parts += [] if after is None else [key_compared(self._shape, ">", after)]
        parts += [] if through is None else [key_compared(self._shape, "<=", through)]
        return sql.SQL(" AND ").join(parts) if parts else None

    def _only(self, key: LedgerKey) -> sql.Composable:
        return sql.SQL(" AND ").join(
            [*([] if self._where is None else [self._where]), key_compared(self._shape, "=", key)]
        )

    def _key_at(self, place: int, after: LedgerKey | None) -> LedgerKey | None:
        """The key so many places behind the first one after another; None when there are not so many."""
        query = "SELECT {key} FROM {table} AS t WHERE {where} ORDER BY {order} LIMIT 1 OFFSET " + str(place)
        rows = self._asked(query, after)
        return self._shape.key.of_texts([bytes(text) for text in rows[0]]) if rows else None

    def _asked(self, query: str, after: LedgerKey | None) -> list[Row]:
        """The rows of a query of keys behind one. Raises UnreadableError."""
        shape = self._shape
        asked = sql.SQL(query).format(
            key=key_bytes(shape),
            order=key_order(shape),
            table=shape.name,
            where=self._bounded(after) or sql.SQL("true"),
            most=sql.Literal(_PAGE_ROWS),
        )
        try:
            return self._session.rows(asked)
        except psycopg2.Error as error:
            if not is_of_table(error):
                raise
            raise UnreadableError(said(error)) from error


def _last_key(chunk: Chunk, shape: Shape) -> LedgerKey:
    keys: list[LedgerKey] = [row.key for row in chunk.quarantined[-1:]]
    if chunk.rows.num_rows:
        keys += shape.key.of_rows(chunk.rows[-1:]).tolist()
    return max(keys)
