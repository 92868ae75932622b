"""Reading the warehouse from outside the jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from totelake.errors import WarehouseError


@contextlib.contextmanager
def reading(dsn: str) -> Iterator[Any]:
    """A cursor that can change nothing. Raises WarehouseError when the warehouse cannot be reached."""
    import psycopg2

    try:
        connection = psycopg2.connect(dsn, connect_timeout=10)
    except psycopg2.Error as error:
        raise WarehouseError(
            f"the warehouse cannot be reached: {' '.join(str(error).split())}; see its address and password"
        ) from None
    with contextlib.closing(connection):
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:
            yield cursor
