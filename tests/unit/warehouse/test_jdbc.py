"""What the JDBC driver says of the warehouse becomes an error that says whether it passes, and what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError, Py4JNetworkError

from tests.unit.ports.test_postgres import ADDRESS
from tests.unit.runtime.test_java_exceptions import Thrown
from totelake.contracts import load_contracts
from totelake.errors import RetriableError, StarTableError, TotelakeError, WarehouseError
from totelake.ports.postgres_limits import LIKELY
from totelake.warehouse.driver_errors import RefusedError, explained
from totelake.warehouse.jdbc import JdbcAddress, connect
from totelake.warehouse.stage import refusing

DRIVERS = "org.postgresql.util.PSQLException"


def thrown(state: str, said: str, *causes: str) -> Any:
    """An exception of the driver with its SQLSTATE."""
    found: Any = Thrown(DRIVERS, *causes, message=said)
    found.getSQLState = lambda: state
    return found


@pytest.mark.parametrize(
    ("state", "said", "kind", "remedy"),
    [
        ("42703", 'column "size" does not exist', RefusedError,
         "`totelake deploy` adds the column of its contract, or says by which statement you can"),
        ("42P01", 'relation "star.dim_design" does not exist', RefusedError,
         "restore the table in the warehouse, or drop its schemas star and etl: the next run makes them anew and "
         "loads all batches"),
        ("42501", "permission denied", RefusedError, "grant it to reader"),
        ("23505", "duplicate key", RefusedError, "correct the row or the constraint that this names"),
        ("08001", "Invalid sslmode value: no", WarehouseError,
         "set sslmode in the secret to one that libpq knows and the server offers"),
        ("08004", "The server does not support SSL.", WarehouseError, "correct sslmode and sslrootcert in the secret"),
        ("08001", "Connection to db:5432 refused.", RetriableError,
         "see that the server and the way to it are up, and run the job again"),
        ("53300", "sorry, too many clients already", RetriableError,
         "raise the limit of connections or wait until some are free, and run the job again"),
        ("57P03", "the database system is starting up", RetriableError, "run the job again when the server is ready"),
        ("08P01", "query_wait_timeout", RetriableError,
         "raise the pooler's default_pool_size, and run the job again"),
    ],
)  # fmt: skip
def test_a_state_has_its_class_and_its_remedy(state: str, said: str, kind: type[TotelakeError], remedy: str) -> None:
    found = explained(ADDRESS, thrown(state, said))
    assert (type(found), str(found)) == (kind, f"{ADDRESS}: {said}; {remedy}")


def test_a_hold_says_what_to_add_to_the_warehouse() -> None:
    column = thrown("42703", 'column "size" of relation "dim_design" does not exist')
    with pytest.raises(StarTableError) as raised, refusing(load_contracts().star("dim_design")):
        raise explained(ADDRESS, column)
    assert "`totelake deploy` adds the column" in str(raised.value) and "run the job again" not in str(raised.value)


def test_a_host_that_has_no_address_is_wrong_in_the_secret() -> None:
    unknown = thrown("08001", "The connection attempt failed.", "java.net.UnknownHostException")
    found = explained(ADDRESS, unknown)
    assert type(found) is WarehouseError
    assert str(found).endswith("The connection attempt failed. Unknown host: said; correct the host in the secret")
    slow = thrown("08001", "The connection attempt failed.", "java.net.SocketTimeoutException")
    assert type(explained(ADDRESS, slow)) is RetriableError


class Java:
    """A connection of the driver to a server of a version; what it fails with instead of naming it."""

    def __init__(self, version: int | BaseException) -> None:
        self.version, self.closed = version, 0

    def getMetaData(self) -> Java:  # noqa: N802
        return self

    def getDatabaseMajorVersion(self) -> int:  # noqa: N802
        if isinstance(self.version, BaseException):
            raise self.version
        return self.version

    def setAutoCommit(self, _: bool) -> None:  # noqa: N802
        assert not self.closed

    def close(self) -> None:
        self.closed += 1


def jvm(*connections: Java) -> Any:
    """A JVM whose driver opens these connections, one after the other."""
    opened = iter(connections)
    properties = SimpleNamespace(setProperty=lambda *_: None)
    driver = SimpleNamespace(connect=lambda *_: next(opened))
    return SimpleNamespace(
        java=SimpleNamespace(util=SimpleNamespace(Properties=lambda: properties)),
        org=SimpleNamespace(postgresql=SimpleNamespace(Driver=lambda: driver)),
    )


def of_java(state: str, said: str) -> Py4JJavaError:
    exception = thrown(state, said)
    exception._target_id = "o1"
    return Py4JJavaError("said", exception)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (of_java("57P01", "terminating connection due to administrator command"), RetriableError),
        (of_java("42501", "permission denied"), WarehouseError),
        (Py4JNetworkError("the JVM is gone"), Py4JNetworkError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["ended", "refused", "no JVM", "interrupted"],
)
def test_a_connection_that_does_not_say_its_version_is_closed(
    failure: BaseException, kind: type[BaseException]
) -> None:
    java = Java(failure)
    with pytest.raises(kind), connect(jvm(java), JdbcAddress(ADDRESS)):
        pass
    assert java.closed == 1


@pytest.mark.parametrize("versions", [(13, 13), (17, 17), (14,)])
def test_every_connection_is_closed_once(versions: tuple[int, ...]) -> None:
    """Also the first of two, where a server's version asks for another session."""
    javas = [Java(version) for version in versions]
    with connect(jvm(*javas), JdbcAddress(ADDRESS)):
        assert [java.closed for java in javas] == [1] * (len(versions) - 1) + [0]
    assert [java.closed for java in javas] == [1] * len(versions)


def test_a_connection_that_is_lost_and_cannot_be_closed_hides_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Java) -> None:
        raise of_java("08006", "Unable to close connection properly")

    lost = Java(LIKELY)
    monkeypatch.setattr(Java, "close", refuse)
    with pytest.raises(RetriableError, match="lost"), connect(jvm(lost), JdbcAddress(ADDRESS)):
        raise RetriableError("lost")
