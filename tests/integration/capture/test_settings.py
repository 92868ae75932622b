"""What role, database and server set for every session changes nothing in what is read of a source."""

from __future__ import annotations

import time

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source, insert_designs
from totelake.capture.postgres.describe import describe
from totelake.capture.postgres.session import Session
from totelake.contracts import load_contracts
from totelake.lake.records.batch import Bookmark
from totelake.operate.reconcile.finding import EQUAL
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

pytestmark = pytest.mark.integration
TABLES = load_contracts().source_tables(SOURCE)
# those that end a session or a query, after a time that no single statement of ours comes near
ENDING = {"statement_timeout": "200ms", "idle_in_transaction_session_timeout": "200ms", "idle_session_timeout": "200ms"}
HOSTILE = {
    "statement_timeout": "200ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "200ms",
    "exit_on_error": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "default_transaction_read_only": "on",
    "client_encoding": "LATIN1",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "search_path": "public, pg_catalog",
    "row_security": "on",
    "session_replication_role": "replica",
    "xmloption": "document",
    "xmlbinary": "hex",
    "client_min_messages": "debug1",
    # compiling what the planner then takes for expensive would take seconds for each query
    "jit": "off",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "enable_indexscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "work_mem": "64kB",
    "synchronous_commit": "off",
}
# what hides the functions of pg_catalog from whoever's search path begins with another schema
SHADOWS = (
    "CREATE FUNCTION public.age(xid) RETURNS integer LANGUAGE sql AS 'SELECT -1'",
    "CREATE FUNCTION public.current_database() RETURNS name LANGUAGE sql AS 'SELECT ''nothing''::name'",
    "CREATE VIEW public.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE false",
)


def alter(source: Source, settings: dict[str, str]) -> None:
    """Set it for every session of the database, as its superuser."""
    database = source.dsn.rsplit("/", 1)[1]
    known = {name for (name,) in source.rows("SELECT lower(name) FROM pg_settings")}
    for name, value in settings.items():
        # some settings came, or got another name, with a later version of the server
        if name.lower() in known:
            # in quotes a list would be one name
            written = value if name == "search_path" else f"'{value}'"
            source.postgres.run(f"ALTER DATABASE {database} SET {name} = {written}")


def check(source: Source) -> None:
    """Capture, edit, capture again: the events are exact, and whoever else reads the source agrees."""
    source.sql(
        insert_designs(1, 3),
        "ALTER TABLE design ADD double float8, ADD single real, ADD at timestamp(3), ADD note text",
        "UPDATE design SET double = 1/3::float8, single = 0.1, at = '2024-02-03 04:05:06.789'",
        "UPDATE design SET note = E'\\\\x41 \u00fc'",
    )
    source.run()
    source.sql("UPDATE design SET note = '' WHERE design_id = 2", "DELETE FROM design WHERE design_id = 3")
    assert source.changes(source.run(), "design") == [("U", 2), ("D", 3)]
    assert source.run() is None
    assert source.replayed("design") == source.content("design")
    (event,) = [event for event in source.events(source.log().get(1), "design") if event["design_id"] == 1]
    assert (event["double"], f"{event['single']:.6f}", event["note"]) == (1 / 3, "0.100000", "\\x41 \u00fc")
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection:
        session = Session(connection)
        findings = compare_source(session, source.store, TABLES, Bookmark.of(source.log().newest()))
        assert {item.outcome for item in findings} == {EQUAL}
        described = {table.name: table for table in describe(session, ("public",))}
    assert [column.type for column in described["design"].columns][6:] == [
        "double precision", "real", "timestamp(3) without time zone", "text",
    ]  # fmt: skip


def test_all_of_them_at_once(source: Source) -> None:
    source.sql(*SHADOWS)
    alter(source, HOSTILE)
    check(source)


@pytest.mark.parametrize("name", ENDING)
def test_each_that_ends_a_session_or_a_query(source: Source, name: str) -> None:
    alter(source, {name: ENDING[name]})
    with connect(PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")) as connection:
        session = Session(connection)
        time.sleep(0.4)
        with session.transaction():
            assert session.row("SELECT pg_sleep(0.4)::text, current_database()::text")[1] == connection.info.dbname
            time.sleep(0.4)
            assert session.row("SELECT 1") == (1,)
