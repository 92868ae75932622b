"""`totelake query --on warehouse`: PostgreSQL's values exactly, and its refusals in a sentence."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from tests.conftest import Postgres
from totelake.errors import ConfigurationError, WarehouseError
from totelake.query.warehouse import ask

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def dsn(postgres: Postgres) -> str:
    """A database to ask."""
    return postgres.dsn("postgres")


def test_moments_and_numbers_are_exact(dsn: str) -> None:
    sql = """-- every kind
        SELECT timestamptz '2024-01-01 12:00:00.000001Z' AT TIME ZONE 'UTC' AS n, timestamptz 'infinity' AS n,
               date '0044-03-15 BC', date '20000-01-01', 'NaN'::numeric, 12345678901234567890.10, NULL::date"""
    answer = ask(dsn, sql)
    assert answer.columns[:2] == ("n", "n")
    (row,) = answer.rows
    assert row[:4] == (datetime(2024, 1, 1, 12, 0, 0, 1), "infinity", "0044-03-15 BC", "20000-01-01")
    assert row[4].is_nan() and row[5:] == (Decimal("12345678901234567890.10"), None)
    ((moment,),) = ask(dsn, "SELECT timestamptz '2024-01-01 12:00:00Z'").rows
    assert moment == datetime(2024, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("SELECT 1 FROM moon", WarehouseError, 'the query was refused: relation "moon" does not exist .*; correct it'),
        ("-- a comment", WarehouseError, "the query was refused: .*empty query; correct it"),
        ("SET x.y = 1", ConfigurationError, "the query has no rows for an answer"),
        ("CREATE TABLE moon (n int)", WarehouseError, "read-only transaction; correct it"),
    ],
)
def test_what_cannot_be_asked_is_refused(dsn: str, sql: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(dsn, sql)
