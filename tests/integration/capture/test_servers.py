"""A pooler before the source, and a password that changes within a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.capture.conftest import READER, Source, insert_designs
from tests.integration.capture.test_encodings import outcomes
from tests.integration.capture.test_settings import HOSTILE, alter
from tests.pooler import pooler
from totelake.capture import ingest
from totelake.operate.reconcile.finding import EQUAL

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_source_behind_a_pooler_is_read_and_nothing_stays_set_there(
    source: Source, tmp_path: Path, mode: str
) -> None:
    alter(source, {name: HOSTILE[name] for name in ("statement_timeout", "search_path", "DateStyle")})
    source.sql(insert_designs(1, 3))
    with pooler(source.postgres, tmp_path, mode) as port:
        source.change_secret(port=port)
        assert len(source.changes(source.run(), "design")) == 3
        source.sql("UPDATE design SET file_name = '' WHERE design_id = 2")
        source.raw(b"UPDATE design SET created_at = 'infinity' WHERE design_id = 3")
        assert source.changes(source.run(), "design") == [("U", 2)]
        assert source.run() is None
        left = source.through(port, "SELECT current_setting('search_path'), current_setting('statement_timeout')")
    assert left == [(HOSTILE["search_path"], HOSTILE["statement_timeout"])], "nothing of ours"
    assert set(outcomes(source).values()) == {EQUAL}


def test_a_pooler_that_pools_statements_is_refused_with_what_to_do(source: Source, tmp_path: Path) -> None:
    with pooler(source.postgres, tmp_path, "statement") as port:
        source.change_secret(port=port)
        with pytest.raises(SystemExit, match="which a pooler with pool_mode = statement does not allow; see that"):
            source.run()


def test_a_password_that_changes_after_it_was_read_is_read_again(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"{source.dsn.rsplit('/', 1)[1]}_reader"
    source.sql(insert_designs(1, 3), f"CREATE ROLE {role} LOGIN PASSWORD 'first' IN ROLE {READER}")
    source.change_secret(username=role, password="first")
    allowed = ingest.allowed_deletes

    def rotated(job: ingest.Job[ingest.IngestArguments]) -> tuple[str, ...]:
        source.sql(f"ALTER ROLE {role} PASSWORD 'second'")
        source.change_secret(username=role, password="second")
        return allowed(job)

    monkeypatch.setattr(ingest, "allowed_deletes", rotated)
    assert len(source.changes(source.run(), "design")) == 3
    source.change_secret(username=role, password="first")
    with pytest.raises(SystemExit, match=f"refuses the role {role}: .*; correct username and password in the secret"):
        monkeypatch.setattr(ingest, "allowed_deletes", allowed)
        source.run()
    source.sql(f"DROP ROLE {role}")
