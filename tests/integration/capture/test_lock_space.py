"""A table with more partitions than the server has locks for is blocked alone, before or when the server refuses."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest

from tests.conftest import SOURCE
from tests.integration.capture.clusters import Cluster, scratch
from tests.integration.capture.conftest import READER, Source, insert_designs, state_of
from totelake.capture.postgres.lock_space import without_space
from totelake.capture.postgres.session import Session
from totelake.capture.postgres.shape import blocked_tables
from totelake.contracts import load_contracts
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration
TABLES = load_contracts().source_tables(SOURCE)
# the server has 10 * (20 + 5) locks by its settings, and some hundreds more in truth
_SETTINGS = "max_connections = 20\nmax_locks_per_transaction = 10\nmax_wal_senders = 0\n"
_PARTITIONS = 1500
_SAYS = (
    f"public.design has {_PARTITIONS} partitions and needs {2 * _PARTITIONS + 2} locks with its indexes, for which the "
    "server has no room; raise max_locks_per_transaction (it is 10) and restart the server, or merge partitions"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server with room for few locks."""
    with scratch(tmp_path_factory.mktemp("small")) as clusters:
        clusters.need("initdb", "pg_ctl")
        made = clusters.new("small")
        made.stop()
        with (made.data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)
        made.start()
        yield made


@pytest.fixture
def source(small: Cluster, aws: str) -> Iterator[Source]:
    """A captured source."""
    found = Source(small)
    found.sql(insert_designs(1, 5))
    found.run()
    yield found
    found.close()


def partition(source: Source) -> None:
    """Replace designs by a table with many partitions, each made in a transaction of its own."""
    source.sql(
        "ALTER TABLE design RENAME TO former",
        "CREATE TABLE design (LIKE former INCLUDING DEFAULTS, PRIMARY KEY (design_id)) PARTITION BY RANGE (design_id)",
        f"GRANT SELECT ON design TO {READER}",
        *(
            f"CREATE TABLE design_{at} PARTITION OF design FOR VALUES FROM ({at * 10}) TO ({at * 10 + 10})"
            for at in range(_PARTITIONS)
        ),
        "INSERT INTO design SELECT * FROM former",
    )


def test_a_table_with_too_many_partitions_is_blocked_alone_until_it_has_fewer(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    partition(source)
    source.sql("INSERT INTO payment_type VALUES (1, 'SALES_RECEIPT', '2024-01-01', '2024-01-01')")
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection:
        found = blocked_tables(Session(connection), TABLES)
    assert {name: item.why for name, item in found.items()} == {"design": _SAYS}
    assert source.changes(source.run(), "payment_type") == [("I", 1)]
    assert {name: item.why for name, item in source.bookmark().blocked.items()} == {"design": _SAYS}
    assert source.run() is None
    with monkeypatch.context() as patched:
        # other sessions take what was free when the locks were counted, so that the server itself refuses
        patched.setattr("totelake.capture.postgres.shape.without_space", lambda *_: {})
        assert source.run() is None
        assert source.bookmark().blocked["design"].why == _SAYS
    source.sql(*(f"DROP TABLE design_{at}" for at in range(_PARTITIONS)))
    source.sql("DROP TABLE design", "ALTER TABLE former RENAME TO design", insert_designs(6, 6))
    manifest = source.run()
    assert source.changes(manifest, "design") == [("I", 6)] and not source.bookmark().blocked
    assert state_of(manifest).why == "it could not be captured from batch 2 on"


def test_what_other_sessions_hold_is_not_counted_as_room(source: Source) -> None:
    names = [(table.schema, table.name) for table in TABLES]
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    holder = psycopg2.connect(source.dsn)
    with connect(address) as connection:
        session = Session(connection)
        assert without_space(session, names) == {}
        holder.cursor().execute("SELECT count(pg_advisory_xact_lock(i)) FROM generate_series(1, 240) AS i")
        assert without_space(session, names)
    holder.close()
