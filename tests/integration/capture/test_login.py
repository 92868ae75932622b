"""What a server says and refuses when the reading role logs in: told with its remedy, or not at all."""

from __future__ import annotations

import pytest

from tests.integration.capture.conftest import READER, Source
from totelake.capture.postgres.server import position_remedy
from totelake.capture.postgres.session import Session
from totelake.errors import SourceError
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration


def address_of(source: Source) -> PostgresAddress:
    """Where the source is, for the reading role."""
    return PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")


def named(source: Source) -> str:
    """The name of the source's database."""
    return source.dsn.rsplit("/", 1)[1]


def test_a_warning_at_login_reaches_no_terminal(source: Source, capfd: pytest.CaptureFixture[str]) -> None:
    source.sql(rf"ALTER DATABASE {named(source)} SET default_tablespace = E'\x1b]0;owned\x07\x1b[31mred'")
    capfd.readouterr()
    with connect(address_of(source)) as connection:
        assert Session(connection).row("SELECT current_setting('client_min_messages')") == ("error",)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("setting", ["session_preload_libraries", "local_preload_libraries"])
def test_a_library_that_is_not_there_names_the_settings(source: Source, setting: str) -> None:
    source.sql(f"ALTER ROLE {READER} IN DATABASE {named(source)} SET {setting} = 'nosuch_lib'")
    said = f"nosuch_lib.*{setting}.*ALTER ROLE {READER} RESET"
    with pytest.raises(SourceError, match=said), connect(address_of(source)):
        pass


def test_a_role_that_may_not_connect_is_granted_it(source: Source) -> None:
    source.sql(f"REVOKE CONNECT ON DATABASE {named(source)} FROM PUBLIC, {READER}")
    with pytest.raises(SourceError, match=f"GRANT CONNECT ON the database TO {READER}"), connect(address_of(source)):
        pass


def test_a_function_that_was_taken_away_is_granted_again(source: Source) -> None:
    source.sql("REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC")
    with connect(address_of(source)) as connection:
        found = position_remedy(Session(connection))
    assert found == "GRANT EXECUTE ON FUNCTION pg_current_wal_lsn() TO the reading role"
