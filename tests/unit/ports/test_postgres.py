"""What PostgreSQL and libpq report becomes a sentence that says what to do, and never shows the password."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from totelake.errors import ConfigurationError, RetriableError, SourceError, TotelakeError, WarehouseError
from totelake.ports import postgres
from totelake.ports.postgres_address import PostgresAddress, sslmode_of

SECRET = {"host": "db", "port": "5432", "dbname": "totesys", "username": "reader", "password": "hunter2"}
ADDRESS = PostgresAddress.from_secret(SECRET, "lake/totesys", "source database")
NAME = "source database totesys at db:5432"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('FATAL:  database "totesys" does not exist', "does not exist; create it or correct dbname in the secret"),
        ('FATAL:  role "reader" does not exist', "has no role reader; create it or correct username in the secret"),
        (
            'FATAL:  role "reader" is not permitted to log in',
            'refuses: FATAL: role "reader" is not permitted to log in; ALTER ROLE reader LOGIN, or correct username in '
            "the secret",
        ),
        (
            'server certificate for "x" does not match host name "db"',
            'is not trusted: server certificate for "x" does not match host name "db"; correct host or sslrootcert in '
            "the secret",
        ),
        ("what nobody\nknows", "cannot be reached as reader: what nobody knows; see the secret's values"),
        (
            "FATAL:  password authentication failed, hunter2",
            "refuses the role reader: FATAL: password authentication failed, ***; correct username and password in the "
            "secret",
        ),
    ],
)
def test_a_failed_connection_says_what_to_correct(said: str, sentence: str) -> None:
    found = postgres.connection_error(ADDRESS, said)
    assert (type(found), str(found)) == (SourceError, f"{NAME} {sentence}")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("fe_sendauth: no password supplied", "store the password in the secret"),
        ('could not translate host name "db"', "correct the host in the secret"),
        ("Connection refused", "see that the server is up and that host and port in the secret are right"),
        ("timeout expired", "open the way to the server (security group, route), or correct host and port in"),
        ("no pg_hba.conf entry for host", "let the server's pg_hba.conf admit this client, or set sslmode in the"),
        ("invalid sslmode value", "set sslmode in the secret to one that libpq knows and the server offers"),
        ("SSL error: unexpected eof", "correct sslmode and sslrootcert in the secret"),
        ("FATAL: too many connections for role", "run the job again when connections are free"),
        ("remaining connection slots are reserved", "run the job again when connections are free"),
        ("the database system is starting up", "run the job again when the server is ready"),
    ],
)
def test_a_refusal_has_its_remedy(said: str, remedy: str) -> None:
    found = str(postgres.connection_error(ADDRESS, said))
    assert found.startswith(f"{NAME} refuses the role reader: {said}; {remedy}")


def server_error(code: str | None, said: str = "no") -> psycopg2.Error:
    """An error as an open connection raises it."""
    kind: Any = type("Said", (psycopg2.Error,), {"pgcode": code})
    error: psycopg2.Error = kind(said)
    return error


@pytest.mark.parametrize(
    ("code", "said", "kind", "sentence"),
    [
        ("42501", "permission denied", SourceError, f"{NAME}: permission denied; grant it to reader"),
        ("42501", "query would be affected by row-level security", SourceError,
         f"{NAME}: query would be affected by row-level security; a policy would hide rows: exempt reader from it "
         "(BYPASSRLS)"),
        ("42P01", "no table", SourceError, f"{NAME}: no table; the schema changed meanwhile, run the job again"),
        ("42703", "no column", SourceError, f"{NAME}: no column; the schema changed meanwhile, run the job again"),
        ("XX000", "broken", SourceError, f"{NAME} answered XX000: broken; see the server's log"),
        *((code, "gone", RetriableError, f"{NAME} broke off: gone; run the job again")
          for code in ("40001", "57014", "57P01", "57P02", "57P03", "53300", "55P03", "08006", None)),
    ],
)  # fmt: skip
def test_an_error_of_an_open_connection_says_whether_to_try_again(
    code: str | None, said: str, kind: type[TotelakeError], sentence: str
) -> None:
    with pytest.raises(kind) as raised, postgres.speaking(ADDRESS):
        raise server_error(code, said)
    assert str(raised.value) == sentence


def test_the_password_is_never_shown() -> None:
    assert "hunter2" not in repr(ADDRESS) and "hunter2" not in str(ADDRESS)
    with pytest.raises(SourceError) as raised, postgres.speaking(ADDRESS):
        raise server_error("XX000", "SELECT 'hunter2'")
    assert "hunter2" not in str(raised.value)


class Connection:
    """An open connection to a server of some version."""

    autocommit = False

    def __init__(self, server_version: int) -> None:
        self.server_version = server_version
        self.closed = False

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What psycopg2.connect gives, in turn; an exception is raised. The parameters come in its place."""
    answers: list[Any] = []

    def connect(*words: Any, **parameters: Any) -> Any:
        answer = answers.pop(0)
        answers.append((words, parameters))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("totelake.ports.postgres.psycopg2.connect", connect)
    return answers


def test_a_connection_is_open_inside_the_block_and_has_no_transaction(opened: list[Any]) -> None:
    connection: Any = Connection(130000)
    opened.append(connection)
    with postgres.connect(ADDRESS, "totelake.watch") as found:
        assert (found, connection.autocommit, connection.closed) == (connection, True, False)
    assert connection.closed
    parameters = opened[0][1]
    assert (parameters["host"], parameters["port"], parameters["sslmode"]) == ("db", 5432, "verify-full")
    assert parameters["application_name"] == "totelake.watch" and "sslrootcert" not in parameters


def test_a_server_that_is_too_old_is_refused_and_the_connection_closed(opened: list[Any]) -> None:
    connection = Connection(129999)
    opened.append(connection)
    with (
        pytest.raises(SourceError, match=f"^{NAME} is older than PostgreSQL 13; upgrade the server$"),
        postgres.connect(ADDRESS),
    ):
        pass
    assert connection.closed


def test_a_connection_that_fails_is_explained_without_its_cause(opened: list[Any]) -> None:
    opened.append(psycopg2.OperationalError('FATAL:  database "totesys" does not exist, hunter2'))
    with pytest.raises(SourceError, match=f"^{NAME} does not exist") as raised, postgres.connect(ADDRESS):
        pass
    # the cause has the password in it
    assert raised.value.__cause__ is None and raised.value.__suppress_context__


def test_an_address_that_cannot_be_reached_fails_as_the_caller_says(opened: list[Any]) -> None:
    for failure, kind in (({}, WarehouseError), ({"failure": SourceError}, SourceError)):
        opened[:] = [psycopg2.OperationalError("Connection\nrefused")]
        with (
            pytest.raises(kind, match="^the moon cannot be reached: Connection refused; see its address and password$"),
            postgres.open_dsn("postgresql://moon", "the moon", **failure),
        ):
            pass


@pytest.mark.parametrize("key", SECRET)
def test_a_secret_that_lacks_a_value_is_named(key: str) -> None:
    for secret in ({**SECRET, key: ""}, {name: value for name, value in SECRET.items() if name != key}):
        with pytest.raises(ConfigurationError) as raised:
            PostgresAddress.from_secret(secret, "lake/totesys")
        assert str(raised.value) == (
            f"the secret lake/totesys has no {key}; it needs host, port, dbname, username, password"
        )


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="^the port in the secret s is no number; store the server's port$"):
        PostgresAddress.from_secret({**SECRET, "port": "five"}, "s")


@pytest.mark.parametrize(
    ("secret", "mode"),
    [
        ({"host": "db"}, "verify-full"),
        ({"host": "127.0.0.1"}, "prefer"),
        ({"host": "localhost"}, "prefer"),
        ({"host": "::1"}, "prefer"),
        ({"host": "localhost", "sslmode": "require"}, "require"),
    ],
)
def test_the_way_is_encrypted_and_verified_but_on_this_machine(secret: dict[str, str], mode: str) -> None:
    assert sslmode_of(secret) == mode
