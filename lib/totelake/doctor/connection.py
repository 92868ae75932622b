"""A connection to PostgreSQL that several checks use; without it they are not checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Callable

from totelake.doctor.finding import NotCheckedError, refused
from totelake.errors import NoAnswerError, TotelakeError
from totelake.ports.postgres import Connection, connect, speaking
from totelake.ports.postgres_address import VERIFY, PostgresAddress
from totelake.ports.postgres_limits import cut
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.runtime.time_limit import within

# more than a connection may take (10 s), less than any look
_SECONDS = 25.0


class Opened:
    """The database of a secret, connected by `connect` until `held` ends. `more` is added to a refusal's remedy."""

    def __init__(self, read: Callable[[], PostgresAddress], held: ExitStack, more: str = "", options: str = "") -> None:
        self._read, self._held, self._more, self._options = read, held, more, options
        self._connected: tuple[Connection, PostgresAddress] | None = None

    def connect(self) -> Iterator[Result]:
        """The first check: whether secret and server let the role in, and how the connection is encrypted."""
        try:
            connection, address = self._connect(self._read())
        except NoAnswerError:
            raise
        except TotelakeError as error:
            result = refused(error)
            yield problem(result.detail, result.remedy + self._more)
            return
        self._connected = connection, address
        version = str(connection.info.parameter_status("server_version")).split()[0]
        yield ok(f"PostgreSQL {version} lets {address.username} in: {address}")
        yield from judge_encryption(address, bool(connection.info.ssl_in_use))

    def _connect(self, address: PostgresAddress) -> tuple[Connection, PostgresAddress]:
        def enter() -> Iterator[Connection]:
            yield self._held.enter_context(connect(address, "totelake doctor", self._options))

        (connection,) = within(_SECONDS, enter, _silent(address))
        return connection, address

    def ask(self, look: Callable[[Connection], Iterable[Result]]) -> Iterator[Result]:
        """What a check finds by the connection. Raises NotCheckedError without one."""
        if self._connected is None:
            raise NotCheckedError("there is no connection; see the line above")
        connection, address = self._connected

        def listen() -> Iterator[Result]:
            with speaking(address):
                yield from look(connection)

        try:
            yield from within(_SECONDS, listen, _silent(address))
        except NoAnswerError:
            self._connected = None
            cut(connection)
            raise


def _silent(address: PostgresAddress) -> str:
    return (
        f"{address} gave {address.username} no answer within {_SECONDS:.0f} s; see what is between (a "
        "paused pooler, a firewall), or what the server waits for (pg_stat_activity)"
    )


def judge_encryption(address: PostgresAddress, is_encrypted: bool) -> Iterator[Result]:
    """Whether others can read the connection, or take the server's place."""
    exposure = address.exposure(is_encrypted)
    if exposure:
        yield warning(exposure, VERIFY)
