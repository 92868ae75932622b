"""A query on the warehouse: exact dates and moments, and sentences about what is wrong with the query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from totelake.errors import ConfigurationError, TotelakeError, WarehouseError
from totelake.query import warehouse
from totelake.query.warehouse import moment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("2024-01-31", date(2024, 1, 31)),
        ("2024-01-31 12:00:00", datetime(2024, 1, 31, 12)),
        ("2024-01-31 12:00:00.000001", datetime(2024, 1, 31, 12, 0, 0, 1)),
        ("2024-01-31 12:00:00.5+00", datetime(2024, 1, 31, 12, 0, 0, 500000, timezone.utc)),
        ("2024-01-31 12:00:00-03:30", datetime(2024, 1, 31, 12, tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
        *((text, text) for text in ("infinity", "-infinity", "0044-03-15 BC", "0044-03-15 12:00:00 BC")),
        *((text, text) for text in ("20000-01-01", "20000-01-01 12:00:00+00", "294276-12-31 23:59:59")),
    ],
)
def test_a_moment_is_exact(text: str | None, value: Any) -> None:
    assert moment(text, None) == value


@pytest.mark.parametrize(
    ("failure", "closed", "error", "words"),
    [
        (
            psycopg2.ProgrammingError('relation "moon" does not exist\nLINE 1: moon'),
            0,
            WarehouseError,
            'the query was refused: relation "moon" does not exist LINE 1: moon; correct it',
        ),
        (psycopg2.OperationalError("the server closed it"), 2, psycopg2.OperationalError, "the server closed it"),
    ],
    ids=["refused", "no connection"],
)
def test_what_is_wrong_with_a_query_is_said_of_the_query(
    failure: Exception, closed: int, error: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(sql: str, _: Any = None) -> None:
        if sql.startswith("FETCH"):
            raise failure

    @contextmanager
    def read_only(dsn: str, limited: bool) -> Iterator[Any]:
        yield SimpleNamespace(execute=execute, connection=SimpleNamespace(closed=closed, set_client_encoding=str))

    monkeypatch.setattr(warehouse, "read_only", read_only)
    monkeypatch.setattr(warehouse, "register_type", lambda *_: None)
    with pytest.raises(error) as raised:
        warehouse.ask("dsn", "SELECT 1")
    assert str(raised.value) == words
    assert isinstance(raised.value, TotelakeError) is not bool(closed)


def test_a_zero_byte_is_refused_before_the_server_is_asked() -> None:
    with pytest.raises(ConfigurationError, match="^the query holds a zero byte, which PostgreSQL has not; leave it"):
        warehouse.ask("no dsn", "SELECT '\0'")
