"""A table that cannot be captured any more is blocked, reported with its remedy, and compared whole when it is back."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source, insert_designs
from totelake.capture.detect.moves import backfill, reset, rewind
from totelake.capture.postgres import snapshot as snapshot_module
from totelake.capture.postgres.session import Name, Session
from totelake.contracts import load_contracts
from totelake.lake.manifest import BOOKMARK
from totelake.lake.records.batch import Bookmark
from totelake.operate.reconcile.finding import EQUAL, NOT_CAPTURED
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress
from totelake.schemas import changes as classes

pytestmark = pytest.mark.integration
TABLES = load_contracts().source_tables(SOURCE)
EDITS = (
    "UPDATE payment SET paid = false WHERE payment_id = 3",
    "DELETE FROM payment WHERE payment_id = 5",
    "INSERT INTO payment SELECT 201, created_at, last_updated, 301, 1, 10, 1, 1, true, payment_date, 1, 1 "
    "FROM payment WHERE payment_id = 1",
)
GRANT_COLUMNS = f"GRANT SELECT ({', '.join(load_contracts().find('payment').column_names)}) ON payment TO {READER}"
BROKEN_TYPE = (
    "CREATE TYPE odd",
    "CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
    "CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
    "CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = text)",
    "ALTER TABLE payment ADD COLUMN details odd",
    "UPDATE payment SET details = 'x'",
    "UPDATE pg_proc SET prosrc = 'no_out' WHERE proname = 'odd_out'",
)
LIBRARY_GONE = (
    "UPDATE pg_proc SET probin = '$libdir/odd', prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') "
    "WHERE proname = 'odd_out'"
)
DROP_KEY = "ALTER TABLE payment DROP CONSTRAINT payment_pkey"
BLOCKS = {
    "other key": (
        (DROP_KEY, "ALTER TABLE payment ADD PRIMARY KEY (transaction_id)"),
        (DROP_KEY, "ALTER TABLE payment ADD PRIMARY KEY (payment_id)"),
        classes.KEY_CHANGED,
        "the primary key of public.payment is transaction_id, its contract and all that was captured say payment_id",
    ),
    "renamed key": (
        ("ALTER TABLE payment RENAME COLUMN payment_id TO id",),
        ("ALTER TABLE payment RENAME COLUMN id TO payment_id",),
        classes.KEY_CHANGED,
        "the primary key of public.payment is id",
    ),
    "no key": (
        (DROP_KEY,),
        ("ALTER TABLE payment ADD PRIMARY KEY (payment_id)",),
        classes.KEY_CHANGED,
        "public.payment has no primary key, so its rows are not identified; ALTER TABLE public.payment ADD PRIMARY KEY "
        '("payment_id"), or name a unique index',
    ),
    "renamed table": (
        ("ALTER TABLE payment RENAME TO payments",),
        ("ALTER TABLE payments RENAME TO payment",),
        classes.TABLE_MISSING,
        "has no public.payment; public.payments has every column of payment: if that is its new name, ALTER TABLE ",
    ),
    "type that the server cannot write": (
        BROKEN_TYPE,
        ("ALTER TABLE payment DROP COLUMN details",),
        classes.NOT_CAPTURABLE,
        'public.payment cannot be read: internal function "no_out" is not in internal lookup table',
    ),
    "type whose library is gone": (
        (*BROKEN_TYPE, LIBRARY_GONE),
        ("ALTER TABLE payment DROP COLUMN details",),
        classes.NOT_CAPTURABLE,
        'public.payment cannot be read: could not access file "$libdir/odd"',
    ),
    "type that the server cannot write, in a default": (
        (*BROKEN_TYPE, "ALTER TABLE payment ADD COLUMN more odd DEFAULT 'x'"),
        ("ALTER TABLE payment DROP COLUMN details, DROP COLUMN more",),
        classes.NOT_CAPTURABLE,
        'is no text in UTF-8 (internal function "no_out" is not in internal lookup table); rename or mend it',
    ),
    "reserved name": (
        ("ALTER TABLE payment ADD COLUMN _op text",),
        ("ALTER TABLE payment RENAME COLUMN _op TO op",),
        classes.NAME_RESERVED,
        "a name the lake keeps for itself; rename it",
    ),
    "name with syntax": (
        ('ALTER TABLE payment ADD COLUMN "x`y" text',),
        ('ALTER TABLE payment RENAME COLUMN "x`y" TO xy',),
        classes.NAME_UNUSABLE,
        "in its name, which not every engine of the lake takes; rename it",
    ),
    "equal but for case": (
        ('ALTER TABLE payment ADD COLUMN "Paid" boolean',),
        ('ALTER TABLE payment RENAME COLUMN "Paid" TO was_paid',),
        classes.NAME_UNUSABLE,
        "public.payment.Paid is paid but for case",
    ),
    "partition key": (
        ("ALTER TABLE payment ADD COLUMN ingested_on date",),
        ("ALTER TABLE payment RENAME COLUMN ingested_on TO ingested",),
        classes.NAME_RESERVED,
        "a name the lake keeps for itself; rename it",
    ),
    "UNLOGGED": (
        ("ALTER TABLE payment SET UNLOGGED",),
        ("ALTER TABLE payment SET LOGGED",),
        classes.NOT_CAPTURABLE,
        "public.payment is not logged",
    ),
    "inheritance": (
        ("CREATE TABLE old_payment () INHERITS (payment)",),
        ("DROP TABLE old_payment",),
        classes.NOT_CAPTURABLE,
        "takes part in inheritance",
    ),
    "policy": (
        ("ALTER TABLE payment ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON payment USING (payment_id > 5)"),
        ("ALTER TABLE payment DISABLE ROW LEVEL SECURITY",),
        classes.NOT_CAPTURABLE,
        "a policy would hide rows; exempt the reading role from it (BYPASSRLS)",
    ),
    "policy, with the right to columns only": (
        (f"REVOKE SELECT ON payment FROM {READER}", GRANT_COLUMNS, "ALTER TABLE payment ENABLE ROW LEVEL SECURITY"),
        ("ALTER TABLE payment DISABLE ROW LEVEL SECURITY", f"GRANT SELECT ON payment TO {READER}"),
        classes.NOT_CAPTURABLE,
        "a policy would hide rows",
    ),
    "not granted": (
        (f"REVOKE SELECT ON payment FROM {READER}",),
        (f"GRANT SELECT ON payment TO {READER}",),
        classes.NOT_CAPTURABLE,
        f"GRANT SELECT ON public.payment TO {READER}",
    ),
    "view": (
        ("ALTER TABLE payment RENAME TO base", "CREATE VIEW payment AS TABLE base",
         f"GRANT SELECT ON payment TO {READER}"),
        ("DROP VIEW payment", "ALTER TABLE base RENAME TO payment"),
        classes.NOT_CAPTURABLE,
        "public.payment is no plain or partitioned table",
    ),
    "materialized view": (
        ("ALTER TABLE payment RENAME TO base", "CREATE MATERIALIZED VIEW payment AS TABLE base",
         f"GRANT SELECT ON payment TO {READER}"),
        ("DROP MATERIALIZED VIEW payment", "ALTER TABLE base RENAME TO payment"),
        classes.NOT_CAPTURABLE,
        "public.payment is no plain or partitioned table",
    ),
}  # fmt: skip


def edits(name: str) -> tuple[str, ...]:
    """The edits as the table allows them in its present state."""
    table = {"renamed table": "payments", "view": "base", "materialized view": "base"}.get(name, "payment")
    key = "id" if name == "renamed key" else "payment_id"
    return tuple(text.replace("payment_id", key).replace(" payment ", f" {table} ") for text in EDITS)


@pytest.mark.parametrize("name", BLOCKS)
def test_the_table_is_blocked_the_others_go_on_and_nothing_is_lost_when_it_is_back(paid: Source, name: str) -> None:
    there, away, kind, says = BLOCKS[name]
    before = paid.replayed("payment")
    paid.sql(*there, *edits(name), insert_designs(2, 2))
    found = paid.run()
    assert found is not None
    assert (list(found.tables), paid.changes(found, "design")) == (["design"], [("I", 2)])
    blocked = Bookmark.of(found).blocked["payment"]
    assert (blocked.change.kind, blocked.since, says in blocked.why) == (kind, 2, True)
    assert paid.replayed("payment") == before
    assert paid.run(allow_deletes="payment") is None, "it is reported once, and nothing is taken for deleted"
    paid.sql(insert_designs(3, 3))
    assert Bookmark.of(paid.run()).blocked == {"payment": blocked}
    paid.sql(*away)
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]
    assert paid.replayed("payment") == paid.content("payment")
    newest = Bookmark.of(paid.log().newest())
    assert (newest.blocked, newest.tables["payment"].why) == ({}, "it could not be captured from batch 2 on")
    assert paid.run() is None


def test_another_reason_is_reported_and_the_same_one_keeps_its_first_batch(paid: Source) -> None:
    paid.sql("ALTER TABLE payment ADD COLUMN _xid text")
    first = Bookmark.of(paid.run()).blocked["payment"]
    paid.sql("ALTER TABLE payment SET UNLOGGED")
    second = Bookmark.of(paid.run()).blocked["payment"]
    assert (first.since, first.change.kind) == (2, classes.NAME_RESERVED)
    assert (second.since, second.change.kind) == (3, classes.NOT_CAPTURABLE)


def test_a_table_that_comes_back_with_other_content_is_no_new_table(paid: Source) -> None:
    paid.sql("ALTER TABLE payment RENAME TO gone")
    paid.run()
    paid.sql(
        "CREATE TABLE payment (LIKE gone INCLUDING ALL)",
        f"GRANT SELECT ON payment TO {READER}",
        "INSERT INTO payment TABLE gone",
        *EDITS,
    )
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]
    assert paid.replayed("payment") == paid.content("payment")


def test_a_table_that_comes_back_empty_keeps_its_rows_until_somebody_allows_their_deletion(paid: Source) -> None:
    paid.sql("ALTER TABLE payment RENAME TO gone")
    paid.run()
    paid.sql("CREATE TABLE payment (LIKE gone INCLUDING ALL)", f"GRANT SELECT ON payment TO {READER}")
    paid.run()
    assert Bookmark.of(paid.log().newest()).tables["payment"].deferred == 200
    assert len(paid.replayed("payment")) == 200
    paid.run(allow_deletes="payment")
    assert paid.replayed("payment") == {}


def test_a_bookmark_that_is_moved_meanwhile_forgets_neither_the_reason_nor_the_table(paid: Source) -> None:
    paid.sql("ALTER TABLE payment ADD COLUMN _xid text", *EDITS)
    blocked = Bookmark.of(paid.run()).blocked
    now = datetime.now(timezone.utc)
    for move in (
        lambda: rewind(paid.log(), 1, "by-hand", now),
        lambda: reset(paid.log(), "by-hand", now),
        lambda: backfill(paid.log(), "payment", "by-hand", now),
    ):
        moved = Bookmark.of(move())
        assert (moved.is_move, moved.blocked) == (True, blocked)
        paid.sql("UPDATE design SET design_name = design_name || '+'")
        newest = Bookmark.of(paid.run())
        assert (newest.is_move, newest.blocked) == (False, blocked)
    paid.sql("ALTER TABLE payment DROP COLUMN _xid")
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]
    assert paid.replayed("payment") == paid.content("payment")


def test_a_contract_whose_table_was_never_there_is_a_first_copy_when_it_is(paid: Source) -> None:
    paid.sql("ALTER TABLE payment ADD COLUMN _xid text", "ALTER TABLE payment_type ADD COLUMN _batch text")
    paid.run()
    newest = paid.log().newest()
    assert newest is not None and newest.kind == BOOKMARK
    assert set(Bookmark.of(newest).blocked) == {"payment", "payment_type"}
    paid.sql("INSERT INTO payment_type VALUES (1, 'SALES_RECEIPT', '2024-01-01', '2024-01-01')",
             "ALTER TABLE payment_type DROP COLUMN _batch")  # fmt: skip
    assert paid.changes(paid.run(), "payment_type") == [("I", 1)]
    assert set(Bookmark.of(paid.log().newest()).blocked) == {"payment"}


def test_a_schema_that_is_renamed_between_lock_and_snapshot_makes_no_table_forgotten(
    paid: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = snapshot_module.lock

    def renamed(*arguments: Any) -> dict[Name, str]:
        found = lock(*arguments)
        paid.sql("ALTER SCHEMA public RENAME TO other")
        return found

    monkeypatch.setattr(snapshot_module, "lock", renamed)
    with pytest.raises(SystemExit, match=r"RetriableError: public\.\w+ of the source was renamed as the run began"):
        paid.run()
    assert paid.log().newest_number() == 1


def test_a_source_of_which_nothing_can_be_captured_ends_the_run(paid: Source) -> None:
    paid.sql(*(f"ALTER TABLE {table.name} SET UNLOGGED" for table in TABLES))
    with pytest.raises(SystemExit, match=r"SourceError: public\.\w+ is not logged"):
        paid.run()
    assert paid.log().newest_number() == 1


def test_reconcile_reports_what_is_blocked_and_calls_it_no_mismatch(paid: Source) -> None:
    paid.sql("ALTER TABLE payment ADD COLUMN _xid text")
    paid.run()
    address = PostgresAddress.from_secret(paid.postgres.secret(paid.dsn, READER), "s")
    with connect(address) as connection:
        bookmark = Bookmark.of(paid.log().newest())
        findings = compare_source(Session(connection), paid.store, TABLES, bookmark)
    outcomes = {item.table: item.outcome for item in findings}
    assert outcomes.pop("payment") == NOT_CAPTURED and set(outcomes.values()) == {EQUAL}
    (reported,) = [item for item in findings if item.table == "payment"]
    assert (reported.right, "_xid has a name the lake keeps" in reported.detail) == ("200 keys", True)
