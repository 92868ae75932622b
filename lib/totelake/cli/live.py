"""The live source as commands look at it: by the reading role of the ingestion's secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from totelake.capture.detect.blocked import Obstacle
from totelake.capture.postgres.connection import SourceAddress, connect
from totelake.capture.postgres.describe import DescribedTable, describe
from totelake.capture.postgres.relations import out_of_reach
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import read_shapes
from totelake.contracts.model import Table
from totelake.deploy.target import Target
from totelake.runtime.tls import with_local_bundle


def described_source(where: Target, schemas: Sequence[str]) -> tuple[DescribedTable, ...]:
    """Every table of these schemas of totesys as it is now. Raises SourceError when the server cannot be asked."""
    with _session(where) as session:
        return describe(session, schemas)


def source_obstacles(where: Target, tables: Sequence[Table]) -> dict[str, Obstacle]:
    """The contract tables that ingestion would leave out, with why. Raises SourceError when none could be captured."""
    with _session(where) as session:
        return obstacles_of(session, tables)


def obstacles_of(session: Session, tables: Sequence[Table]) -> dict[str, Obstacle]:
    """As `source_obstacles`, on a session."""
    found = out_of_reach(session, tables, strict=False)
    found.update(read_shapes(session, [table for table in tables if table.name not in found])[1])
    return found


@contextmanager
def _session(where: Target) -> Iterator[Session]:
    name = f"{where.prefix}/totesys"
    stored = json.loads(where.clients.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
    secret = with_local_bundle(stored, name, where.clients.s3)
    with connect(SourceAddress.from_secret(secret, name)) as connection:
        yield Session(connection)
