"""What a standby cancels, to replay what its primary removed, is read again; nothing of the first try is committed."""

from __future__ import annotations

import pytest

from tests.integration.capture.clusters import Cluster, Clusters
from tests.integration.capture.conftest import Source
from tests.integration.capture.test_clusters import agrees, clusters, primary, source
from totelake.capture.captures import TableCaptures
from totelake.capture.postgres import reading

pytestmark = pytest.mark.integration
__all__ = ["clusters", "primary", "source"]


@pytest.mark.parametrize("times", [2, 3])
def test_what_a_standby_cancels_is_read_again_in_a_snapshot_of_its_own(
    clusters: Clusters, primary: Cluster, source: Source, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    clusters.need("pg_basebackup")
    standby, writer, left = primary.standby(f"cancelling{times}"), source.connect(), [True] * times
    standby.rows("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    standby.rows("SELECT pg_reload_conf()")
    capture = TableCaptures.table

    def in_the_way(captures: TableCaptures, name: str) -> object:
        if name == "design" and left:
            left.pop()
            for statement in ("UPDATE design SET file_name = file_name || '.'", "VACUUM design"):
                writer.cursor().execute(statement)
            standby.follow(primary)
        return capture(captures, name)

    monkeypatch.setattr(reading, "_WAITS", (0.0, 0.0))
    monkeypatch.setattr(TableCaptures, "table", in_the_way)
    source.move(standby)
    writer.cursor().execute("UPDATE design SET design_name = 'new'")
    standby.follow(primary)
    if times == 2:
        assert len(source.changes(source.run(), "design")) == 5
    else:
        with pytest.raises(SystemExit, match="raise max_standby_streaming_delay .* or set hot_standby_feedback = on"):
            source.run()
        assert source.log().newest_number() == 1
        assert source.run() is not None
    agrees(source)
    assert source.log().newest_number() == 2
    standby.stop()
