"""Reading a source: a connection for each try, and another try when a standby cancels what is read."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from totelake.capture.postgres.session import Session
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.ports.postgres_errors import StandbyConflictError

T = TypeVar("T")
# seconds before each further try
_WAITS = (1.0, 5.0)


def read_source(
    address: PostgresAddress,
    read: Callable[[Session], T],
    warn: Callable[[str], object] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """What `read` makes of a session; each try has a connection, and so a snapshot, of its own.

    Raises StandbyConflictError when a standby cancels every one of them, SourceError when the server cannot be used.
    """
    for wait in _WAITS:
        try:
            return _read(address, read)
        except StandbyConflictError as error:
            warn(f"{error}; it is tried again with another snapshot")
        sleep(wait)
    return _read(address, read)


def _read(address: PostgresAddress, read: Callable[[Session], T]) -> T:
    with connect(address) as connection:
        return read(Session(connection))
