"""A database's address comes from a secret, and a connection to it is opened and closed."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from totelake.errors import ConfigurationError, SourceError, WarehouseError
from totelake.ports import postgres
from totelake.ports.postgres_address import PostgresAddress, sslmode_of
from totelake.warehouse.jdbc import JdbcAddress

SECRET = {"host": "db", "port": "5432", "dbname": "totesys", "username": "reader", "password": "hunter2"}
ADDRESS = PostgresAddress.from_secret(SECRET, "lake/totesys", "source database")
OTHER_NAMES = ("database", "dbName", "db_name", "db")
NAME = "source database totesys at db:5432"


class Connection:
    """An open connection to a server of some version."""

    autocommit = False
    info = MagicMock()

    def __init__(self, server_version: int) -> None:
        self.server_version = server_version
        self.closed = False

    def cursor(self) -> MagicMock:
        """A cursor that executes nothing."""
        return MagicMock()

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


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        (130020, ["-c a=1 -c idle_session_timeout=0", "-c a=1"]),
        (150004, ["-c a=1 -c idle_session_timeout=0"]),
        (170001, ["-c a=1 -c idle_session_timeout=0", "-c a=1 -c idle_session_timeout=0 -c transaction_timeout=0"]),
    ],
)
def test_a_session_asks_for_no_limit_but_those_that_its_server_knows(
    monkeypatch: pytest.MonkeyPatch, version: int, asked: list[str]
) -> None:
    options: list[str] = []

    def connect(*_: Any, **parameters: Any) -> Connection:
        options.append(parameters["options"].strip())
        if "idle_session_timeout" in options[-1] and version < 140000:
            raise psycopg2.OperationalError("unbekannter Konfigurationsparameter »idle_session_timeout«")
        assert "transaction_timeout" not in options[-1] or version >= 170000
        return Connection(version)

    monkeypatch.setattr("totelake.ports.postgres.psycopg2.connect", connect)
    with postgres.open_dsn("postgresql://moon", options="-c a=1"):
        assert options == asked


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:pa@ss@db/totesys", "postgresql://u:pa/ss@db/totesys", "postgresql://u:p%zz@db/totesys",
        "postgresql://u:pa#ss@db/x@y", "postgresql://u:pa:ss", "not a url pass",
    ],
)  # fmt: skip
def test_an_address_that_would_be_torn_at_its_password_is_refused_without_it(dsn: str) -> None:
    with pytest.raises(WarehouseError) as raised, postgres.open_dsn(dsn):
        pass
    assert str(raised.value).startswith("the address of the warehouse cannot be read; write postgresql://USER:PASSWORD")
    assert "ss" not in str(raised.value).split("; ", 1)[0].replace("address", "")


def test_a_password_that_a_server_repeats_is_not_shown(opened: list[Any]) -> None:
    opened.append(psycopg2.OperationalError("no hunter2 here"))
    with (
        pytest.raises(WarehouseError, match=r"cannot be reached: no \*\*\* here"),
        postgres.open_dsn("postgresql://u:hunter2@db/totesys"),
    ):
        pass


@pytest.mark.parametrize(("changed", "tries"), [({"password": "new"}, 2), ({}, 1)])
def test_a_server_that_refuses_is_asked_again_when_the_secret_has_changed(
    opened: list[Any], changed: dict[str, str], tries: int
) -> None:
    secrets = [SECRET, {**SECRET, **changed}]
    address = PostgresAddress.renewable(lambda: PostgresAddress.from_secret(secrets.pop(0), "s"))
    opened += [psycopg2.OperationalError("password authentication failed")] * 2
    with pytest.raises(SourceError, match="refuses the role reader"), postgres.connect(address):
        pass
    used = [parameters["password"] for _, parameters in opened[2 - tries :][-tries:]]
    assert used == ["hunter2", "new"][:tries]


@pytest.mark.parametrize("key", SECRET)
def test_a_secret_that_lacks_a_value_is_named(key: str) -> None:
    for secret in ({**SECRET, key: ""}, {name: value for name, value in SECRET.items() if name != key}):
        with pytest.raises(ConfigurationError) as raised:
            PostgresAddress.from_secret(secret, "lake/totesys")
        assert str(raised.value) == (
            f"the secret lake/totesys has no {key}; it needs host, port, dbname, username, password"
        )


@pytest.mark.parametrize("port", ["five", "0", "65536", "-1", "\u00b2", "5432.0", True])
def test_a_port_that_is_none_is_refused(port: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        PostgresAddress.from_secret({**SECRET, "port": port}, "s")
    assert str(raised.value) == "the port in the secret s is none from 1 to 65535; store the server's"


@pytest.mark.parametrize("key", ["host", "port", "dbname", "username"])
@pytest.mark.parametrize("around", ["{}\n", " {}", "{}\t", "{}\r\n", "\u00a0{}", "{}\x00", "{}\x1b[0m"])
def test_white_space_and_control_characters_around_a_value_are_named(key: str, around: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        PostgresAddress.from_secret({**SECRET, key: around.format(SECRET[key])}, "s")
    assert str(raised.value) == (
        f"the {key} in the secret s has white space at an end or a control character; store it without"
    )


@pytest.mark.parametrize(
    ("name", "key"), [("hostname", "host"), ("user", "username"), *((name, "dbname") for name in OTHER_NAMES)]
)
def test_other_usual_names_of_a_value_are_read(name: str, key: str) -> None:
    secret = {name if known == key else known: value for known, value in SECRET.items()}
    assert PostgresAddress.from_secret(secret, "lake/totesys", "source database") == ADDRESS
    with pytest.raises(ConfigurationError) as raised:
        PostgresAddress.from_secret({**SECRET, name: "another"}, "s")
    assert str(raised.value) == f"{key} and {name} in the secret s differ; store one of them"


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_every_password_reaches_the_drivers_as_it_is(password: str) -> None:
    found = PostgresAddress.from_secret({**SECRET, "password": password}, "s")
    assert found.password == JdbcAddress(found).properties["password"] == password


def test_a_password_with_a_nul_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="^the password in the secret s has a NUL"):
        PostgresAddress.from_secret({**SECRET, "password": "a\0b"}, "s")


@pytest.mark.parametrize("password", ["e", "at", "read", "reader", "db", "totesys", "a.b", "("])
def test_a_short_password_does_not_take_the_message_apart(password: str) -> None:
    address = PostgresAddress.from_secret({**SECRET, "password": password}, "s")
    said = 'relation "treated" of role reader in totesys at db'
    assert address.hide(said) == said.replace(" at ", " *** " if password == "at" else " at ")


@pytest.mark.parametrize("password", ["hunter2", "p@ss (word)", "\u00e4\u00f6", "$1\\2", "a\nb"])
@pytest.mark.parametrize("said", ["x '{}' y", "postgresql://reader:{}@db/totesys", "{}", "password={},"])
def test_a_password_in_a_message_is_hidden(password: str, said: str) -> None:
    found = PostgresAddress.from_secret({**SECRET, "password": password}, "s").hide(said.format(password))
    assert found == said.format("***")


@pytest.mark.parametrize(
    ("host", "dbname", "url"),
    [
        ("::1", "totesys", "jdbc:postgresql://[::1]:5432/totesys"),
        ("db", "a/b?c=d%", "jdbc:postgresql://db:5432/a%2Fb%3Fc%3Dd%25"),
    ],
)
def test_an_address_of_ipv6_and_a_name_with_any_letter_are_a_url(host: str, dbname: str, url: str) -> None:
    found = JdbcAddress(PostgresAddress.from_secret({**SECRET, "host": host, "dbname": dbname}, "s"))
    assert found.url == url


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
