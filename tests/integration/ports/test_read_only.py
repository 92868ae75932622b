"""A session that reads the warehouse changes nothing, and takes nobody's function or table for PostgreSQL's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from totelake.operate import positions, quarantine
from totelake.ports.postgres import read_only

pytestmark = pytest.mark.integration
TABLES = """
CREATE SCHEMA star; CREATE SCHEMA etl;
CREATE TABLE etl.batch (source text, target_table text, batch bigint, held bigint);
CREATE TABLE etl.quarantine (target_table text, source_key bigint, batch bigint, operation text, rule text,
    column_name text, value text, captured_at timestamp, status text, settled_at timestamp, payload jsonb);
INSERT INTO etl.batch VALUES ('totesys', 'dim_staff', 7, 0);
INSERT INTO etl.quarantine VALUES ('dim_staff', 1, 7, 'I', 'a rule', 'a', '1', now(), 'waiting', NULL, '{}');
"""
# functions of the same names and arguments, in a schema that comes before PostgreSQL's own
SHADOWS = """
CREATE FUNCTION star.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass';
CREATE FUNCTION star.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT '-infinity'::timestamptz$$;
CREATE AGGREGATE star.max(bigint) (sfunc = int8smaller, stype = bigint);
CREATE AGGREGATE star.count(*) (sfunc = int8inc, stype = bigint, initcond = '41');
"""


@pytest.fixture(scope="module")
def dsn(postgres: Postgres) -> str:
    """A warehouse whose owner was tricked: what is in `star` comes before PostgreSQL's own."""
    found = postgres.new_database()
    with psycopg2.connect(found) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES + SHADOWS)
    connection.close()
    postgres.run(f"ALTER DATABASE {found.rsplit('/', 1)[1]} SET search_path = star, pg_catalog")
    return found


@pytest.mark.parametrize(
    ("read", "seen"),
    [
        (lambda dsn: positions._applied(dsn, "totesys", ["dim_staff"]), {"dim_staff": 7}),
        (lambda dsn: quarantine.find(dsn).total, 1),
        (lambda dsn: quarantine.find_keys(dsn, "dim_staff", 5).total, 1),
        (lambda dsn: [(item.rows, item.newest_batch) for item in quarantine.summary(dsn)], [(1, 7)]),
    ],
    ids=["positions", "quarantine", "keys", "summary"],
)
def test_no_function_of_somebody_elses_is_called(read: Callable[[str], Any], seen: object, dsn: str) -> None:
    assert read(dsn) == seen


def test_the_trap_is_one(dsn: str) -> None:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT now() = '-infinity', to_regclass('etl.batch') IS NULL, (SELECT count(*) FROM etl.batch)")
        assert cursor.fetchone() == (True, True, 42)
    connection.close()


def test_nothing_can_be_changed(dsn: str) -> None:
    with read_only(dsn) as cursor, pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        cursor.execute("DELETE FROM etl.batch")
