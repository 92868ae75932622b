"""A server that does not tell a position in its log, as Aurora does unless its wal_level is logical."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.capture.clusters import Cluster, Clusters, scratch
from tests.integration.capture.conftest import Source, insert_designs
from totelake.capture.postgres.server import read_identity
from totelake.capture.postgres.session import Session
from totelake.lake.records.batch import Bookmark
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration
REFUSED = (
    "pg_control_system()",
    "pg_control_checkpoint()",
    "pg_current_wal_lsn()",
    "pg_current_wal_insert_lsn()",
    "pg_current_wal_flush_lsn()",
    "pg_last_wal_replay_lsn()",
    "pg_walfile_name(pg_lsn)",
)


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clusters, Cluster]]:
    """A primary of our own, for it is restarted."""
    with scratch(tmp_path_factory.mktemp("clusters")) as made:
        made.need("initdb", "pg_ctl", "pg_basebackup")
        yield made, made.new("aurora")


@pytest.fixture
def source(primary: tuple[Clusters, Cluster], aws: str) -> Iterator[Source]:
    """Five designs on a server that refuses its log's functions, captured."""
    found = Source(primary[1])
    found.sql(*(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC" for name in REFUSED), insert_designs(1, 5))
    found.run()
    yield found
    found.close()


def test_changes_are_captured_and_a_quiet_look_compares_nothing(source: Source) -> None:
    found = source.bookmark()
    assert found.identity is not None and (found.identity.system, found.identity.lsn) == ("unknown", 0)
    assert found.durable and source.run() is None
    source.sql("UPDATE design SET design_name = 'New' WHERE design_id = 2", "DELETE FROM design WHERE design_id = 3")
    assert source.changes(source.run(), "design") == [("U", 2), ("D", 3)]
    assert source.run() is None


def test_after_a_start_of_the_server_everything_is_compared(
    primary: tuple[Clusters, Cluster], source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    primary[1].stop("immediate")
    primary[1].start()
    source.move(primary[1])
    source.sql("UPDATE design SET design_name = 'New' WHERE design_id = 2")
    assert source.changes(source.run(), "design") == [("U", 2)]
    assert "the primary was started at " in capsys.readouterr().out
    assert source.replayed("design") == source.content("design")


def test_a_standby_that_does_not_tell_its_position_is_refused(
    primary: tuple[Clusters, Cluster], source: Source
) -> None:
    standby = primary[1].standby("reader")
    standby.follow(primary[1])
    source.move(standby)
    with pytest.raises(SystemExit, match="does not tell how far it is, so it could lag unseen; name the primary in"):
        source.run()
    standby.stop()


def test_outside_and_inside_a_transaction_the_session_goes_on(source: Source) -> None:
    """With its own transaction a refused question would end it."""
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, "totelake_reader"), "s")
    with connect(address) as connection:
        session = Session(connection)
        outside = read_identity(session)
        with session.transaction():
            assert read_identity(session) == outside
            assert session.row("SELECT 1") == (1,)


def test_a_position_that_is_told_again_is_another_server(source: Source) -> None:
    source.sql(*(f"GRANT EXECUTE ON FUNCTION {name} TO PUBLIC" for name in REFUSED))
    source.sql("UPDATE design SET design_name = 'New' WHERE design_id = 2")
    manifest = source.run()
    assert source.changes(manifest, "design") == [("U", 2)]
    assert Bookmark.of(manifest).identity.lsn > 0  # type: ignore[union-attr]
