"""A table with a key of any type on a real server, captured by runs and compared with its source."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from psycopg2 import sql

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source
from totelake.capture import ingest
from totelake.capture.postgres.copy import copy_keys
from totelake.capture.postgres.key_sql import key_compared
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import read_shapes
from totelake.contracts import Contracts, load_contracts
from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import SOURCE as SOURCE_KIND
from totelake.contracts.model import Column, Table
from totelake.lake.records.batch import Batch, Bookmark
from totelake.operate.reconcile.lake import compare_keys
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

Row = tuple[Any, ...]


def table_of(
    columns: Mapping[str, str], key: Sequence[str], unique_index: str | None = None, name: str = "thing"
) -> Table:
    """The contract of a table with these columns by name and type, and a key of some of them."""
    found = tuple(
        Column(column, kind, column in key, column in key, key.index(column) + 1 if column in key else 1)
        for column, kind in columns.items()
    )
    return Table(name, SOURCE_KIND, SOURCE, "public", "One row per thing.", found, unique_index=unique_index)


def contracts_of(*tables: Table) -> Callable[[], Contracts]:
    """What loads contracts of the source with these tables alone."""
    found = replace(load_contracts(), by_id={table.id: table for table in tables}, stars={})
    return lambda: found


class Keyed:
    """One table of a source's, and all that is captured of it."""

    def __init__(self, source: Source, patch: pytest.MonkeyPatch, table: Table) -> None:
        self.source, self.table, self._patch = source, table, patch
        self.follow(table)

    def follow(self, table: Table) -> None:
        """Let runs go by another contract of it."""
        self.table = table
        self._patch.setattr(ingest, "load_contracts", contracts_of(table))

    def create(self, columns: str) -> None:
        """Make the table in the source; `columns` as SQL."""
        self.source.sql(f"CREATE TABLE {self.table.name} ({columns})", f"GRANT SELECT ON {self.table.name} TO {READER}")

    def run(self, **more: Any) -> list[tuple[str, Row]]:
        """One run; operation and key of each event of it, in their order."""
        manifest = self.source.run(**more)
        return [(event["_op"], self._key(event)) for event in self.source.events(manifest, self.table.name)]

    def lake(self) -> dict[Row, Row]:
        """What applying all events in the order of batches gives, by key; a key has one event at most in a batch."""
        found: dict[Row, Row] = {}
        for manifest in self.source.log().since(0):
            events = self.source.events(manifest, self.table.name)
            assert len({self._key(event) for event in events}) == len(events)
            for event in events:
                key = self._key(event)
                assert (event["_op"] == "I") == (key not in found), (event["_op"], key)
                if event["_op"] == "D":
                    del found[key]
                else:
                    found[key] = tuple(event[name] for name in self.table.column_names)
        return found

    def rows(self, where: str = "true") -> dict[Row, Row]:
        """What the source has, by key, in the lake's types."""
        names = self.table.column_names
        columns = ", ".join(map(sql_quoted, names))
        found = self.source.rows(f"SELECT {columns} FROM {self.table.name} WHERE {where}")
        rows = [tuple(map(_in_lake, row)) for row in found]
        return {self._key(dict(zip(names, row))): row for row in rows}

    def quarantined(self) -> list[dict[str, Any]]:
        """The rows that were quarantined, those of each batch in their order."""
        found: list[dict[str, Any]] = []
        for manifest in self.source.log().since(0):
            commit = Batch.of(manifest).commits.get(self.table.name)
            for item in commit.quarantine if commit else ():
                body = self.source.s3.get_object(Bucket=self.source.bucket, Key=item.staged)["Body"].read()
                found += pq.read_table(io.BytesIO(body)).to_pylist()
        return found

    def blocked(self) -> str:
        """Why the table is not captured."""
        return Bookmark.of(self.source.log().newest()).blocked[self.table.name].why

    def outcomes(self) -> list[tuple[str, str]]:
        """How the comparisons of source, ledger and events end, each with its detail."""
        bookmark = self.source.bookmark()
        address = PostgresAddress.from_secret(self.source.postgres.secret(self.source.dsn, READER), "s")
        with connect(address) as connection:
            (finding,) = compare_source(Session(connection), self.source.store, (self.table,), bookmark)
        batches = [Batch.of(manifest) for manifest in self.source.log().since(0)]
        keys = compare_keys(self.source.store, self.table, bookmark.tables.get(self.table.name), batches, {})
        return [(item.outcome, item.detail) for item in (finding, keys)]

    def places(self) -> list[tuple[int, int]]:
        """For each key in the ledger's order: how many rows PostgreSQL finds before it, and how many under it."""
        address = PostgresAddress.from_secret(self.source.postgres.secret(self.source.dsn, READER), "s")
        with connect(address) as connection:
            session = Session(connection)
            shape = read_shapes(session, (self.table,))[0][self.table.name]
            keys = np.concatenate(list(copy_keys(session, shape))).tolist()
            assert keys == sorted(keys)
            count = sql.SQL("SELECT count(*) FROM {} AS t WHERE {}")
            queries = [[count.format(shape.name, key_compared(shape, sign, key)) for sign in "<="] for key in keys]
            return [(int(session.row(before)[0]), int(session.row(under)[0])) for before, under in queries]

    def _key(self, row: Mapping[str, Any]) -> Row:
        return tuple(row[name] for name in self.table.key_names)


def _in_lake(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    return value
