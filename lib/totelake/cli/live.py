"""A live source as commands look at it: by the reading role of the ingestion's secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts import load_contracts
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError
from totelake.feeds.looks import Place
from totelake.lake.records.batch import BlockedTable
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime import moments
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
    """Where a source is, by the secret of its reading role. Raises ConfigurationError for one that is no database."""
    found = load_contracts().source(source)
    if not found.is_database:
        raise ConfigurationError(
            f"{source} is of kind {found.kind}, which has no tables that could differ from their contracts: each "
            f"record is held against its contract when it is taken; see `totelake source check {source}`"
        )
    return read_address(where.clients, found.secret_name(where.prefix))


def feed_place(where: Target) -> Place:
    """From where a source is looked at that is no database."""
    return Place(where.clients, where.ingestion, where.prefix, moments.now())


@contextmanager
def _session(where: Target, source: str) -> Iterator[Session]:
    with connect(source_address(where, source)) as connection:
        yield Session(connection)
