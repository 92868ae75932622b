"""A live source as commands look at it: by the reading role of the ingestion's secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.relations import blocked_relations
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import read_shapes
from totelake.contracts import load_contracts
from totelake.contracts.model import Table
from totelake.deploy.target import Target
from totelake.lake.records.batch import BlockedTable
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.job import read_secret
from totelake.schemas.described import DescribedTable


def described_source(where: Target, source: str, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas of a source as it is now. Raises SourceError when the server cannot be asked."""
    with _session(where, source) as session:
        return describe(session, schemas)


def blocked_in_source(where: Target, source: str) -> dict[str, BlockedTable]:
    """The tables of a source that ingestion cannot capture. Raises SourceError when that is all of them."""
    with _session(where, source) as session:
        return blocked_of(session, load_contracts().source_tables(source))


def blocked_of(session: Session, tables: Sequence[Table]) -> dict[str, BlockedTable]:
    """As `blocked_in_source`, on a session."""
    found = blocked_relations(session, tables, strict=False)
    found.update(read_shapes(session, [table for table in tables if table.name not in found])[1])
    return found


def source_address(where: Target, source: str) -> PostgresAddress:
    """Where a source is, by the secret of its reading role."""
    name = load_contracts().source(source).secret_name(where.prefix)
    return PostgresAddress.renewable(lambda: PostgresAddress.from_secret(read_secret(where.clients, name), name))


@contextmanager
def _session(where: Target, source: str) -> Iterator[Session]:
    with connect(source_address(where, source)) as connection:
        yield Session(connection)
