"""A live source as commands look at it: by the reading role of the ingestion's secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts import load_contracts
from totelake.deploy.target import Target
from totelake.lake.records.batch import BlockedTable
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.job import read_address
from totelake.schemas.described import DescribedTable


def described_source(where: Target, source: str, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas of a source as it is now. Raises SourceError when the server cannot be asked."""
    with _session(where, source) as session:
        return describe(session, schemas)


def blocked_in_source(where: Target, source: str) -> dict[str, BlockedTable]:
    """The tables of a source that ingestion cannot capture. Raises SourceError when that is all of them."""
    with _session(where, source) as session:
        return blocked_tables(session, load_contracts().source_tables(source))


def source_address(where: Target, source: str) -> PostgresAddress:
    """Where a source is, by the secret of its reading role."""
    return read_address(where.clients, load_contracts().source(source).secret_name(where.prefix))


@contextmanager
def _session(where: Target, source: str) -> Iterator[Session]:
    with connect(source_address(where, source)) as connection:
        yield Session(connection)
