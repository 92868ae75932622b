"""What happens to servers: standbys, promotion, crashes, copies and dumps. The events always add up to the source."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from tests.integration.capture.clusters import Cluster, Clusters, scratch, wait_until
from tests.integration.capture.conftest import Source, insert_designs, state_of
from totelake.lake.manifest import Manifest
from totelake.lake.records.batch import Bookmark

pytestmark = pytest.mark.integration

# transaction ids that were in use before a server went back go to transactions without rows, so no count betrays it
_SPENT = ["SELECT pg_current_xact_id()"] * 3


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clusters]:
    """The clusters of this module."""
    with scratch(tmp_path_factory.mktemp("clusters")) as made:
        made.need("initdb", "pg_ctl")
        yield made


@pytest.fixture(scope="module")
def primary(clusters: Clusters) -> Cluster:
    """A primary; every test makes databases and standbys of its own."""
    return clusters.new("primary")


@pytest.fixture
def source(primary: Cluster, aws: str) -> Iterator[Source]:
    """Five designs on the primary, captured."""
    found = Source(primary)
    found.sql(insert_designs(1, 5))
    found.run()
    yield found
    found.close()


def agrees(source: Source) -> None:
    """The events add up to the source, row for row, and the next look finds nothing."""
    assert source.replayed("design") == source.content("design")
    assert source.run() is None


def test_what_is_in_flight_on_the_primary_is_captured_from_a_standby(
    clusters: Clusters, primary: Cluster, source: Source
) -> None:
    """capture.md 1.1 on a standby, whose snapshots list nothing as in flight."""
    clusters.need("pg_basebackup")
    standby, writer, late = primary.standby("reading"), source.connect(), source.connect(autocommit=False)
    source.move(standby)
    cursor = late.cursor()
    cursor.execute(insert_designs(10, 10))
    cursor.execute("SAVEPOINT s")
    cursor.execute(insert_designs(11, 11))
    writer.cursor().execute(insert_designs(20, 20))
    writer.cursor().execute(insert_designs(21, 21))
    standby.follow(primary)
    assert source.changes(source.run(), "design") == [("I", 20), ("I", 21)]
    late.commit()
    standby.follow(primary)
    assert source.changes(source.run(), "design") == [("I", 10), ("I", 11)]
    agrees(source)
    late.close()
    writer.close()
    standby.stop()


def test_a_standby_that_lags_commits_nothing_and_goes_on_when_it_has_caught_up(
    clusters: Clusters, primary: Cluster, source: Source
) -> None:
    clusters.need("pg_basebackup")
    standby, writer = primary.standby("lagging"), source.connect()
    standby.rows("SELECT pg_wal_replay_pause()")
    wait_until(lambda: standby.rows("SELECT pg_is_wal_replay_paused()")[0][0])
    writer.cursor().execute("DELETE FROM design WHERE design_id = 3")
    writer.cursor().execute(insert_designs(10, 10))
    assert source.changes(source.run(), "design") == [("D", 3), ("I", 10)]
    source.move(standby)
    assert 3 in source.content("design") and source.run() is None and source.log().newest_number() == 2
    standby.rows("SELECT pg_wal_replay_resume()")
    writer.cursor().execute(insert_designs(11, 11))
    standby.follow(primary)
    assert source.changes(source.run(), "design") == [("I", 11)]
    agrees(source)
    source.move(primary)
    source.sql("UPDATE design SET design_name = 'B' WHERE design_id = 11")
    assert source.changes(source.run(), "design") == [("U", 11)]
    agrees(source)
    writer.close()
    standby.stop()


def test_a_standby_that_is_promoted_without_the_last_commits_is_compared_whole(
    clusters: Clusters, primary: Cluster, source: Source
) -> None:
    """What was captured and lost in the failover goes, and the transaction ids that are used again hide nothing."""
    clusters.need("pg_basebackup")
    prepared = source.connect(autocommit=False)
    prepared.cursor().execute(insert_designs(30, 30))
    prepared.cursor().execute("PREPARE TRANSACTION 'late'")
    prepared.close()
    promoted, left_behind = primary.standby("promoted"), primary.standby("left_behind")
    for standby in (promoted, left_behind):
        standby.follow(primary)
        standby.rows("ALTER SYSTEM SET primary_conninfo = ''")
        standby.rows("SELECT pg_reload_conf()")
        wait_until(lambda standby=standby: not standby.rows("SELECT FROM pg_stat_wal_receiver"))
    source.sql(insert_designs(40, 40), "DELETE FROM design WHERE design_id = 5")
    assert source.changes(source.run(), "design") == [("D", 5), ("I", 40)]
    source.sql("ROLLBACK PREPARED 'late'")
    promoted.promote()
    source.move(promoted)
    source.sql(*_SPENT, *(insert_designs(key, key) for key in range(41, 61)))
    manifest = source.run()
    assert source.changes(manifest, "design") == [("I", 5), ("D", 40), *(("I", key) for key in range(41, 61))]
    agrees(source)
    source.sql("COMMIT PREPARED 'late'")
    assert source.changes(source.run(), "design") == [("I", 30)]
    agrees(source)
    source.move(left_behind)
    assert source.content("design").keys() == {1, 2, 3, 4, 5} and source.run() is None
    source.move(promoted)
    agrees(source)
    promoted.stop()
    left_behind.stop()


@pytest.mark.parametrize("restarts", ["on", "off"])
def test_a_crash_that_takes_back_what_was_captured(primary: Cluster, source: Source, restarts: str) -> None:
    """With its log writer stopped, an asynchronous commit is not on disk. A server may get over a crash by itself."""
    primary.rows(f"ALTER SYSTEM SET restart_after_crash = {restarts}")
    primary.rows("ALTER SYSTEM SET bgwriter_lru_maxpages = 0")
    primary.rows("SELECT pg_reload_conf()")
    log_writer = primary.rows("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")[0][0]
    os.kill(log_writer, signal.SIGSTOP)
    source.sql("SET synchronous_commit = off", insert_designs(50, 50), "DELETE FROM design WHERE design_id = 2",
               "UPDATE design SET design_name = 'Lost' WHERE design_id = 1")  # fmt: skip
    manifest = source.run()
    assert source.changes(manifest, "design") == [("U", 1), ("D", 2), ("I", 50)]
    assert Bookmark.of(manifest).durable is False
    os.kill(log_writer, signal.SIGKILL)
    wait_until(lambda: _is_dead(source.connection))
    if restarts == "off":
        wait_until(lambda: not primary.is_running)
        primary.start()
    wait_until(lambda: _answers(primary))
    source.move(primary)
    assert source.content("design").keys() == {1, 2, 3, 4, 5}
    source.sql(*_SPENT, *(insert_designs(key, key) for key in range(60, 80)))
    assert _lsn(primary) > _captured_lsn(manifest)
    assert source.changes(source.run(), "design") == [("U", 1), ("I", 2), ("D", 50), *(("I", k) for k in range(60, 80))]
    agrees(source)
    primary.rows("ALTER SYSTEM RESET ALL")
    primary.rows("SELECT pg_reload_conf()")


def test_a_batch_is_committed_when_the_source_has_made_it_durable(primary: Cluster, source: Source) -> None:
    source.sql("SET synchronous_commit = off", insert_designs(50, 50))
    manifest = source.run()
    assert Bookmark.of(manifest).durable is True
    primary.stop("immediate")
    primary.start()
    source.move(primary)
    assert 50 in source.content("design")
    source.run()
    agrees(source)


def test_a_log_that_was_switched_to_its_next_file_is_durable(source: Source) -> None:
    source.sql(insert_designs(50, 50), "SELECT pg_switch_wal()")
    manifest = source.run()
    assert Bookmark.of(manifest).durable is True


def test_a_copy_of_the_server_that_went_its_own_way_is_compared_whole(
    clusters: Clusters, primary: Cluster, source: Source
) -> None:
    """A server restored from its disks has the same identifier and timeline, and may soon be further on."""
    primary.stop()
    copy = Cluster(clusters, clusters.copy(primary, "copy"), primary.passwords)
    primary.start()
    source.move(primary)
    source.sql("UPDATE design SET design_name = 'Lost' WHERE design_id = 4")
    manifest = source.run()
    assert manifest is not None and source.changes(manifest, "design") == [("U", 4)]
    clusters.add(copy)
    source.move(copy)
    source.sql(
        "UPDATE design SET design_name = 'Other' WHERE design_id = 2",
        *(insert_designs(key, key) for key in range(20, 60)),
    )
    assert _lsn(copy) > _captured_lsn(manifest)
    assert source.changes(source.run(), "design") == [("U", 2), ("U", 4), *(("I", key) for key in range(20, 60))]
    agrees(source)
    copy.stop()


@pytest.fixture(scope="module")
def other(clusters: Clusters) -> Cluster:
    """A cluster with another system identifier."""
    return clusters.new("other")


def test_a_dump_restored_into_a_new_cluster_is_no_event_and_an_older_one_is_its_differences(
    clusters: Clusters, primary: Cluster, other: Cluster, source: Source
) -> None:
    clusters.need("pg_dump", "pg_restore")
    older = _dump(clusters, source, "older")
    source.sql(insert_designs(10, 10), "DELETE FROM design WHERE design_id = 3",
               "UPDATE design SET design_name = 'New' WHERE design_id = 1")  # fmt: skip
    source.run()
    newer = _dump(clusters, source, "newer")
    _restore(clusters, source, other, newer)
    manifest = source.run()
    assert manifest is not None and not manifest.tables
    assert "system identifier" in state_of(manifest).why
    agrees(source)
    _restore(clusters, source, other, older)
    assert source.changes(source.run(), "design") == [("U", 1), ("I", 3), ("D", 10)]
    agrees(source)


def test_an_older_dump_restored_in_place_is_its_differences(
    clusters: Clusters, primary: Cluster, source: Source
) -> None:
    clusters.need("pg_dump", "pg_restore")
    older = _dump(clusters, source, "in_place")
    source.sql(insert_designs(10, 10), "DELETE FROM design WHERE design_id = 3")
    source.run()
    clusters.call("pg_restore", "--clean", "-d", source.dsn, older)
    assert source.changes(source.run(), "design") == [("I", 3), ("D", 10)]
    agrees(source)


def _dump(clusters: Clusters, source: Source, name: str) -> str:
    target = str(clusters.root / f"{name}.dump")
    clusters.call("pg_dump", "-Fc", "-f", target, source.dsn)
    return target


def _restore(clusters: Clusters, source: Source, cluster: Cluster, dump: str) -> None:
    """Put a dump where the source's database is, or is to be, on that cluster, and look there from now on."""
    name = source.dsn.rsplit("/", 1)[1]
    source.connection.close()
    cluster.rows(f"DROP DATABASE IF EXISTS {name}")
    cluster.rows(f"CREATE DATABASE {name}")
    clusters.call("pg_restore", "-d", cluster.dsn(name), dump)
    source.move(cluster)


def _is_dead(connection: Any) -> bool:
    try:
        connection.cursor().execute("SELECT")
    except psycopg2.Error:
        return True
    return False


def _answers(cluster: Cluster) -> bool:
    with contextlib.suppress(psycopg2.OperationalError):
        return bool(cluster.rows("SELECT true"))
    return False


def _captured_lsn(manifest: Manifest | None) -> int:
    identity = Bookmark.of(manifest).identity
    assert identity is not None
    return identity.lsn


def _lsn(cluster: Cluster) -> int:
    return int(cluster.rows("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0])
