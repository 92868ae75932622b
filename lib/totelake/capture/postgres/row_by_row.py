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

from totelake.capture.postgres.chunks import Chunk
from totelake.capture.postgres.copy import UnreadableError, copied, rows_query, rows_schema
from totelake.capture.postgres.csv_rows import all_escaped, logical_rows, no_rows, parse_row_by_row, values_of
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import Shape
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
        self._key, self._schema = sql.Identifier(shape.key), rows_schema(shape)

    def rows(self, after: int | None, through: int | None) -> Iterator[Chunk]:
        """The rows behind one key, to another or all of them. Raises UnreadableError."""
        query = rows_query(self._shape, self._bounded(after, through))
        return copied(self._session, query, partial(parse_row_by_row, schema=self._schema, key=self._shape.key))

    def key_after(self, after: int | None) -> int | None:
        """The first key behind another; None when there is none. Raises UnreadableError."""
        return self._key_of("SELECT min({key}) FROM {table} AS t WHERE {where}", after)

    def page_after(self, after: int | None) -> int | None:
        """The last key of the next page; None when no row is left. Raises UnreadableError."""
        listed = "SELECT {key} FROM {table} AS t WHERE {where} ORDER BY {key} LIMIT " + str(_PAGE_ROWS)
        return self._key_of(f"SELECT max({{key}}) FROM ({listed}) AS page", after)

    def row(self, key: int, why: str) -> Chunk:
        """One row alone, read or quarantined; `why` is what the server said when it was among others."""
        try:
            return next(iter([*self.rows(key - 1, key)]), Chunk(no_rows(self._schema)))
        except UnreadableError as error:
            why = str(error)
        return Chunk(no_rows(self._schema), (self._quarantined(key, why),))

    def _quarantined(self, key: int, why: str) -> QuarantinedRow:
        raw = io.BytesIO()
        try:
            self._session.copy(rows_query(self._shape, self._bounded(key - 1, key)), raw, raw=True)
        except psycopg2.Error as error:
            if not is_of_table(error):
                raise
            return QuarantinedRow(key, self._shape.key, {self._shape.key: str(key)}, NOT_SENT, said(error))
        raw.seek(0)
        header, row = logical_rows(raw)
        values = values_of(header, row, self._schema)
        broken = self._first_broken(values)
        if broken is None:
            return QuarantinedRow(key, self._shape.key, all_escaped(values), NOT_SENT, why)
        return QuarantinedRow(key, broken, all_escaped(values), INVALID_BYTES)

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

    def _bounded(self, after: int | None, through: int | None = None) -> sql.Composable | None:
        parts = [] if self._where is None else [self._where]
        parts += [] if after is None else [sql.SQL("t.{} > {}").format(self._key, sql.Literal(after))]
        parts += [] if through is None else [sql.SQL("t.{} <= {}").format(self._key, sql.Literal(through))]
        return sql.SQL(" AND ").join(parts) if parts else None

    def _key_of(self, query: str, after: int | None) -> int | None:
        where = self._bounded(after) or sql.SQL("true")
        asked = sql.SQL(query).format(key=self._key, table=self._shape.name, where=where)
        try:
            found = self._session.row(asked)[0]
        except psycopg2.Error as error:
            if not is_of_table(error):
                raise
            raise UnreadableError(said(error)) from error
        return None if found is None else int(found)


def _last_key(chunk: Chunk, shape: Shape) -> int:
    keys = [row.key for row in chunk.quarantined[-1:]]
    if chunk.rows.num_rows:
        keys.append(chunk.rows.column(chunk.rows.schema.get_field_index(shape.key))[-1].as_py())
    return max(keys)
