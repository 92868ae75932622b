"""What ingestion cannot use ends the run with one sentence that names it, and commits nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source, insert_designs
from totelake.contracts import load_contracts
from totelake.stack.processes import free_port

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"username": "nobody_here", "password": "x"}, "password authentication failed"),
        ({"dbname": "not_there"}, "does not exist; create it or correct dbname in the secret"),
        ({"port": "abc"}, "the port in the secret"),
        ({"password": ""}, "has no password"),
    ],
)
def test_a_secret_that_does_not_fit(source: Source, values: dict[str, Any], says: str) -> None:
    source.change_secret(**values)
    _fails(source, says)


def test_a_role_that_may_not_log_in(source: Source) -> None:
    source.sql(f"ALTER ROLE {READER} NOLOGIN")
    try:
        _fails(source, f"is not permitted to log in; ALTER ROLE {READER} LOGIN")
    finally:
        source.sql(f"ALTER ROLE {READER} LOGIN")


def test_a_server_that_is_not_there(source: Source) -> None:
    source.change_secret(port=free_port())
    _fails(source, "see that the server is up and that host and port in the secret are right")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DROP TABLE staff", "has no public.staff; create what is missing"),
        (
            f"DROP TABLE {', '.join(table.name for table in load_contracts().source_tables(SOURCE))}",
            "has none of the 11 tables: it is empty, or not the source; on one machine run `totelake seed`, "
            "else correct dbname in the secret",
        ),
        ("REVOKE SELECT ON staff FROM totelake_reader", "may not read public.staff"),
        (
            "REVOKE SELECT ON design FROM totelake_reader; GRANT SELECT (design_id, created_at, design_name, "
            "file_location, last_updated) ON design TO totelake_reader",
            "GRANT SELECT ON public.design TO totelake_reader (whole tables",
        ),
    ],
)
def test_a_source_that_does_not_fit_from_the_start(source: Source, statement: str, says: str) -> None:
    source.sql(insert_designs(1, 3), statement)
    _fails(source, says)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER TABLE staff DROP CONSTRAINT staff_pkey", "public.staff has no primary key"),
        ("ALTER TABLE staff SET UNLOGGED", "public.staff is not logged"),
        ("ALTER TABLE staff ADD COLUMN _op text", "a name the lake keeps for itself"),
        (
            "ALTER TABLE staff ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON staff USING (staff_id > 5)",
            "a policy would",
        ),
    ],
)
def test_a_table_that_does_not_fit_from_the_start_blocks_itself_alone(
    source: Source, statement: str, says: str
) -> None:
    source.sql(insert_designs(1, 3), statement)
    source.run()
    bookmark = source.bookmark()
    assert {name: (says in item.why, item.since) for name, item in bookmark.blocked.items()} == {"staff": (True, 1)}
    tables = {table.name for table in load_contracts().source_tables(SOURCE)}
    assert set(bookmark.tables) == tables - {"staff"}
    assert source.rows("SELECT count(*) FROM design") == [(len(source.replayed("design")),)] == [(3,)]


def test_a_bucket_that_is_not_there(source: Source) -> None:
    _fails(source, "does not exist", ingestion_bucket="no-such-bucket-here")


def test_a_secret_that_is_not_there(source: Source) -> None:
    _fails(source, "there is no secret nothing-here", source_secret="nothing-here")


def test_a_ledger_that_is_gone(filled: Source) -> None:
    base = filled.bookmark().tables["design"].ledger.base
    assert base is not None
    key = base.key
    filled.s3.put_object(Bucket=filled.bucket, Key=key, Body=b"")
    filled.sql(insert_designs(201, 201))
    with pytest.raises(SystemExit, match=f"DamagedError: s3://{filled.bucket}/{key} is not there"):
        filled.run()


def _fails(source: Source, says: str, **more: Any) -> None:
    before = source.log().newest_number()
    with pytest.raises(SystemExit) as failure:
        source.run(**more)
    sentence = str(failure.value.code)
    assert says in sentence and "\n" not in sentence
    assert source.postgres.passwords["totelake_reader"] not in sentence
    assert source.log().newest_number() == before


def test_all_obstacles_of_a_table_are_told_at_once(filled: Source) -> None:
    filled.sql(
        "ALTER TABLE design SET UNLOGGED",
        "ALTER TABLE design DROP CONSTRAINT design_pkey",
        "ALTER TABLE design ADD COLUMN _xid text",
    )
    filled.run()
    why = filled.bookmark().blocked["design"].why
    assert "is not logged" in why and ". Also: public.design._xid has a name the lake keeps for itself" in why
    assert ". Also: public.design " in why and "key" in why
