"""PostgreSQL by the JDBC driver of the Spark driver's own JVM: AWS Glue's Spark brings no Python driver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from py4j.protocol import Py4JJavaError

from totelake.errors import StarTableError
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.postgres_limits import BEFORE, LIKELY, endless, is_older
from totelake.warehouse import session
from totelake.warehouse.driver_errors import explained


@dataclass(frozen=True)
class JdbcAddress:
    """Where a database is, as the JDBC driver takes it; the password is in the properties and never in the URL."""

    database: PostgresAddress
    # the server's major version, a likely one before a connection has told it
    version: int = LIKELY

    @property
    def url(self) -> str:
        """The URL, with nothing secret in it."""
        return f"jdbc:postgresql://{self.database.authority}/{quote(self.database.dbname, safe='')}"

    @property
    def properties(self) -> dict[str, str]:
        """The driver's properties."""
        certificates = {"sslrootcert": self.database.sslrootcert} if self.database.sslrootcert else {}
        return {
            "user": self.database.username,
            "password": self.database.password,
            "ApplicationName": "totelake",
            "reWriteBatchedInserts": "true",
            "connectTimeout": "10",
            # a server that takes the connection and never answers
            "loginTimeout": "30",
            "tcpKeepAlive": "true",
            "sslmode": self.database.sslmode,
            "options": endless(session.OPTIONS, self.version),
            **certificates,
        }

    def newer(self) -> JdbcAddress | None:
        """The address as its secret names it now; None when that is this one."""
        found = self.database.newer()
        return None if found is None else JdbcAddress(found, self.version)

    def __str__(self) -> str:
        return str(self.database)


class Connection:
    """One JDBC connection; `java` is the driver's own object in the machine `jvm`, and py4j gives neither a type.

    `address` is where it leads: that of a changed secret, and with the server's version.
    """

    def __init__(self, address: JdbcAddress, java: Any, jvm: Any) -> None:
        self.address, self._java, self._jvm = address, java, jvm
        self._is_undoable = False

    def check_session(self) -> None:
        """Raises WarehouseError when the database cannot hold every text, or the session is not set as was asked."""
        session.refuse_other(self.address, self.rows(session.QUERY)[0])

    def begin(self) -> None:
        """What follows is a transaction, and so is what follows its end."""
        with self._explaining():
            self._java.setAutoCommit(False)

    def run(self, statement: str) -> int:
        """Execute a statement; the rows that it changed, 0 for one that changes none."""
        with self._explaining():
            prepared = self._java.createStatement()
            try:
                prepared.execute(statement)
                return max(0, int(prepared.getUpdateCount()))
            finally:
                prepared.close()

    def rows(self, query: str) -> list[tuple[str | None, ...]]:
        """All rows of a query, every value as text."""
        with self._explaining():
            statement = self._java.createStatement()
            try:
                result = statement.executeQuery(query)
                width = result.getMetaData().getColumnCount()
                found = []
                while result.next():
                    found.append(tuple(result.getString(place + 1) for place in range(width)))
                return found
            finally:
                statement.close()

    def insert(self, statement: str, rows: Sequence[Sequence[str | int]]) -> None:
        """Execute a statement with `?` once for each row, in one batch."""
        if not rows:
            return
        with self._explaining():
            prepared = self._java.prepareStatement(statement)
            try:
                for row in rows:
                    for place, value in enumerate(row):
                        if isinstance(value, int):
                            prepared.setLong(place + 1, value)
                        else:
                            prepared.setString(place + 1, value)
                    prepared.addBatch()
                prepared.executeBatch()
            finally:
                prepared.close()

    def copy(self, statement: str, path: Path) -> int:
        """Execute COPY ... FROM STDIN with what a file holds; the rows that the table gets.

        Java reads the file, so no row passes through py4j.
        """
        with self._explaining():
            stream = self._jvm.java.io.FileInputStream(str(path))
            try:
                return int(self._java.getCopyAPI().copyIn(statement, stream))
            finally:
                stream.close()

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Undo what the block did, and nothing before it, when it raises StarTableError.

        Inside, whatever the server refuses is a RefusedError, as long as the connection lives. When the server cannot
        undo either, that is what is raised.
        """
        with self._explaining():
            point = self._java.setSavepoint()
        self._is_undoable = True
        try:
            yield
        except StarTableError:
            self._is_undoable = False
            with self._explaining():
                self._java.rollback(point)
            raise
        finally:
            self._is_undoable = False
        with self._explaining():
            self._java.releaseSavepoint(point)

    def commit(self) -> None:
        """End the transaction: everything in it becomes visible."""
        with self._explaining():
            self._java.commit()

    def rollback(self) -> None:
        """End the transaction: nothing of it happened."""
        with self._explaining():
            self._java.rollback()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except Py4JJavaError as error:
            is_alone = self._is_undoable and not self._java.isClosed()
            raise explained(self.address.database, error.java_exception, is_alone) from None


@contextmanager
def connect(jvm: Any, address: JdbcAddress) -> Iterator[Connection]:
    """A connection without autocommit; what is not committed is rolled back when it closes."""
    java, address = _opened(jvm, address)
    try:
        connection = Connection(address, java, jvm)
        connection.begin()
        yield connection
    finally:
        # one that was lost while rows were copied refuses to be closed; what was committed is known by then
        with suppress(Py4JJavaError):
            java.close()


def _opened(jvm: Any, address: JdbcAddress) -> tuple[Any, JdbcAddress]:
    """The driver's connection, and the address that it is to: a changed one when the server refuses the first, and
    one with the server's version, by which the session is asked for."""
    properties = jvm.java.util.Properties()
    for name, value in address.properties.items():
        properties.setProperty(name, value)
    try:
        java = jvm.org.postgresql.Driver().connect(address.url, properties)
        found = replace(address, version=_version(java))
    except Py4JJavaError as error:
        is_old = is_older(str(error.java_exception.getMessage()), address.version)
        other = replace(address, version=BEFORE) if is_old else address.newer()
        if other is None:
            raise explained(address.database, error.java_exception) from None
        return _opened(jvm, other)
    if found.properties == address.properties:
        return java, address
    java.close()
    return _opened(jvm, found)


def _version(java: Any) -> int:
    """The major version of the server of a new connection, which is closed when that cannot be found out."""
    try:
        return int(java.getMetaData().getDatabaseMajorVersion())
    except BaseException:
        java.close()
        raise
