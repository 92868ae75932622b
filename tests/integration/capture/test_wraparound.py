"""Billions of transactions between two looks: the 32-bit ids that rows keep are ambiguous, the events are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.capture.clusters import Cluster, Clusters, scratch
from tests.integration.capture.conftest import Source, insert_designs, state_of
from totelake.capture.detect.moves import rewind
from totelake.capture.detect.search import MOST_XIDS
from totelake.runtime import open_job

pytestmark = pytest.mark.integration

_STEP = 2**30
_PER_FILE = 2**20


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clusters]:
    """The cluster of this module."""
    with scratch(tmp_path_factory.mktemp("wraparound")) as made:
        made.need("initdb", "pg_ctl", "pg_resetwal")
        yield made


@pytest.fixture(scope="module")
def movable(clusters: Clusters) -> Cluster:
    """A cluster whose transaction ids can be moved."""
    cluster = clusters.new("movable")
    cluster.rows("ALTER DATABASE template0 ALLOW_CONNECTIONS true")
    return cluster


@pytest.fixture
def far(movable: Cluster, aws: str) -> Iterator[Source]:
    """Twenty designs, captured."""
    source = Source(movable)
    source.sql(insert_designs(1, 20))
    source.run()
    yield source
    source.close()


def test_before_at_and_after_the_point_where_ages_wrap(far: Source) -> None:
    """The search starts each time from the snapshot of the first batch, however far it has become."""
    first = _bookmark(far)
    _go_to(far, first + MOST_XIDS - 20)
    assert _searched(far, 2) == (
        "window",
        "3 row versions since the last batch's snapshot, 21 rows where 20 were captured",
    )
    assert _next_xid(far) < first + MOST_XIDS

    far.sql(*["SELECT pg_current_xact_id()"] * 20)
    assert _searched(far, 3) == ("whole", "the last batch is too many transactions away")
    assert first + MOST_XIDS < _next_xid(far) < first + 2**31

    _go_to(far, first + 2**31 + 5)
    assert _searched(far, 4) == ("whole", "the last batch is too many transactions away")


def test_ids_that_are_used_again_look_recent_and_are_no_event(far: Source) -> None:
    """A frozen row keeps its id; once round, it looks as young as the rows that are written now."""
    oldest = int(far.rows("SELECT min(xmin::text::bigint) FROM design")[0][0])
    _go_to(far, 2**32 + oldest - 3)
    far.run()
    _change(far, 5)
    assert far.rows("SELECT count(*) FROM design WHERE age(xmin) BETWEEN 0 AND 100")[0][0] > 10
    manifest = far.run()
    assert state_of(manifest).search == "window"
    assert far.changes(manifest, "design") == [("U", 1), ("D", 5), ("I", 500), ("I", 501)]
    assert far.replayed("design") == far.content("design")
    assert far.run() is None


def _change(source: Source, key: int) -> None:
    """An insert, an update and a deletion, each by a transaction of its own."""
    source.sql(
        insert_designs(100 * key, 100 * key + 1),
        f"UPDATE design SET design_name = 'N{key}' WHERE design_id = 1",
        f"DELETE FROM design WHERE design_id = {key}",
    )


def _searched(source: Source, key: int) -> tuple[str, str]:
    """Change the source and capture it from the first batch on; how the table was searched, and why."""
    source.run()
    _change(source, key)
    with open_job(source.arguments()) as job:
        rewind(source.log(), 1, "by-hand", job.now())
    manifest = source.run()
    assert manifest is not None
    assert source.changes(manifest, "design") == [("U", 1), ("D", key), ("I", 100 * key), ("I", 100 * key + 1)]
    assert source.replayed("design") == source.content("design")
    assert source.run() is None
    design = state_of(manifest)
    return design.search, design.why


def _bookmark(source: Source) -> int:
    """The oldest transaction in flight at the last capture, as a 64-bit id."""
    snapshot = source.bookmark().snapshot
    assert snapshot is not None
    return snapshot.xmin


def _next_xid(source: Source) -> int:
    return int(source.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")[0][0])


def _go_to(source: Source, goal: int) -> None:
    """Let the next transaction have that 64-bit id, in steps, all rows frozen before each as the server insists."""
    cluster = source.postgres
    assert isinstance(cluster, Cluster)
    databases = [name for (name,) in cluster.rows("SELECT datname FROM pg_database")]
    while (now := _next_xid(source)) < goal:
        for name in databases:
            cluster.rows("VACUUM (FREEZE)", name)
        target = min(goal, now + _STEP)
        cluster.stop()
        _reset(cluster, target)
        cluster.start()
        source.move(cluster)


def _reset(cluster: Cluster, target: int) -> None:
    """Set the next transaction id of a stopped cluster, and make the file that says which of its neighbours ended."""
    epoch, xid = divmod(target, 2**32)
    file = cluster.data / "pg_xact" / f"{xid // _PER_FILE:04X}"
    if not file.exists():
        cluster.clusters.write(file, bytes(_PER_FILE // 4))
    cluster.clusters.call("pg_resetwal", "-e", str(epoch), "-x", str(xid), "-D", str(cluster.data))
