"""How long a session of PostgreSQL may wait, idle and be silent, whichever driver opens it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# what ends a session that has done nothing wrong, by the first version that knows it; older ones refuse the session
_ENDING = {14: "idle_session_timeout", 17: "transaction_timeout"}
# the major version that a server is taken for before it has told its own, and the one before it
LIKELY, BEFORE = 14, 13
# seconds: until the server has let a session in
LOGIN = 10
# seconds: a peer that is gone is noticed while nothing is sent, in a minute and a half
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 15, "keepalives_count": 4}
# milliseconds, for what was sent and is never confirmed; older ones of libpq, as of AWS Glue's Python shell, lack it
_CONFIRMED = {"tcp_user_timeout": 90_000}
_FIRST_WITH_CONFIRMED = 120000


def connecting() -> dict[str, Any]:
    """libpq's own limits, for every connection: a time to be let in, and an end for a peer that is gone."""
    from psycopg2.extensions import libpq_version

    return {"connect_timeout": LOGIN, **_ALIVE, **(_CONFIRMED if libpq_version() >= _FIRST_WITH_CONFIRMED else {})}


def endless(options: str, version: int) -> str:
    """The startup parameter `options`, and nothing that ends a session, for a server of that major version."""
    return " ".join([options, *(f"-c {name}=0" for first, name in _ENDING.items() if version >= first)])


def is_older(said: str, version: int) -> bool:
    """Whether a server says, in any language, that it is older than the version that it was taken for."""
    return version == LIKELY and _ENDING[LIKELY] in said


def cut(connection: Connection) -> None:
    """End the wait of a thread that asks by this connection: only then can it be closed."""
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as way:
        way.shutdown(socket.SHUT_RDWR)


@contextmanager
def answering(connection: Connection, seconds: float) -> Iterator[list[bool]]:
    """Cut the connection when the block, one question to the server, does not end in time; what is yielded is true
    then."""
    silent: list[bool] = []

    def end() -> None:
        silent.append(True)
        cut(connection)

    limit = Timer(seconds, end)
    limit.daemon = True
    limit.start()
    try:
        yield silent
    finally:
        limit.cancel()
