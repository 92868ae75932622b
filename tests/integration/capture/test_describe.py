"""The live source is held against the contracts before a run meets what has changed there."""

from __future__ import annotations

import contextlib

import psycopg2
import pytest

from tests.integration.capture.conftest import Source
from totelake.capture.describe import DescribedTable, describe
from totelake.capture.session import Session
from totelake.contracts import catalog
from totelake.registry import changes
from totelake.registry.live import source_changes

pytestmark = pytest.mark.integration
TABLES = catalog().source_tables("totesys")


def described(source: Source) -> tuple[DescribedTable, ...]:
    """The tables as the reading role sees them."""
    dsn = source.postgres.dsn(source.dsn.rsplit("/", 1)[1], "totelake_reader")
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        return describe(Session(connection), ("public",))


def test_every_change_of_the_live_source_is_told_with_its_class(source: Source) -> None:
    before = source_changes(TABLES, described(source))
    assert before == {table.name: [] for table in TABLES}
    source.sql(
        "DROP TABLE department",
        "CREATE TABLE supplier (supplier_id integer PRIMARY KEY)",
        "ALTER TABLE staff ADD shoe_size integer",
        "ALTER TABLE design ALTER file_name TYPE integer USING 1, ALTER design_id TYPE bigint",
        "ALTER TABLE currency DROP CONSTRAINT currency_pkey, ADD PRIMARY KEY (currency_code)",
        "ALTER TABLE address ALTER phone DROP NOT NULL",
    )
    found = source_changes(TABLES, described(source))
    assert {name: [(item.column, item.kind) for item in told] for name, told in found.items() if told} == {
        "department": [("", changes.TABLE_MISSING)],
        "supplier": [("", changes.TABLE_NEW)],
        "staff": [("shoe_size", changes.COLUMN_ADDED)],
        "design": [("design_id", changes.TYPE_WIDENED), ("file_name", changes.TYPE_CHANGED)],
        "currency": [("currency_id", changes.KEY_CHANGED)],
        "address": [("phone", changes.NULLABILITY_LOOSENED)],
    }
