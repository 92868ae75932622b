"""The source held against the ledger: what the next run finds is work in progress, what it would not is a mismatch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.conftest import SOURCE
from tests.integration.capture.conftest import READER, Source
from tests.integration.capture.test_quarantine import payments
from totelake.capture.detect import look as look_module
from totelake.capture.detect.search import NOTHING, Search
from totelake.capture.postgres.session import Session
from totelake.contracts import load_contracts
from totelake.lake.records.batch import Batch, Bookmark
from totelake.operate.reconcile.finding import DIFFERS, EQUAL, IN_PROGRESS, Finding
from totelake.operate.reconcile.lake import compare_keys
from totelake.operate.reconcile.source import compare_source
from totelake.ports.postgres import connect
from totelake.ports.postgres_address import PostgresAddress

TABLES = load_contracts().source_tables(SOURCE)


@pytest.fixture
def filled(source: Source) -> Iterator[Source]:
    """Nine payments, one of them unreadable, captured."""
    source.sql(payments(1, 9, "CASE WHEN key = 5 THEN 'NaN'::numeric ELSE key END"))
    source.run()
    yield source


def found(source: Source) -> tuple[str, str]:
    """Outcome and detail of payment; every other table is equal."""
    bookmark = Bookmark.of(source.log().newest())
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection:
        findings = compare_source(Session(connection), source.store, TABLES, bookmark)
    outcomes = {item.table: item for item in findings}
    assert {item.outcome for name, item in outcomes.items() if name != "payment"} == {EQUAL}
    return outcomes["payment"].outcome, outcomes["payment"].detail


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run sees no reason to search."""
    monkeypatch.setattr(look_module, "choose", lambda *_: Search(NOTHING, ""))


def test_a_captured_source_is_equal(filled: Source) -> None:
    assert found(filled) == (EQUAL, "")


def test_changes_that_the_next_run_finds_are_work_in_progress(filled: Source) -> None:
    filled.sql("UPDATE payment SET paid = false WHERE payment_id < 3", "DELETE FROM payment WHERE payment_id = 9")
    assert found(filled) == (IN_PROGRESS, "2 rows changed since the last batch; 1 keys are gone: 9")


def test_changes_that_the_next_run_would_not_see_are_reported(filled: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.sql("UPDATE payment SET paid = false WHERE payment_id < 3")
    blind(monkeypatch)
    assert found(filled) == (DIFFERS, "2 changed rows that the next run would not see: keys 1, 2")


def test_rows_that_are_gone_unseen_are_reported(filled: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.sql("DELETE FROM payment WHERE payment_id = 9")
    blind(monkeypatch)
    assert found(filled) == (DIFFERS, "1 keys are gone: 9")


def test_a_table_that_was_never_captured_is_work_in_progress(source: Source) -> None:
    address = PostgresAddress.from_secret(source.postgres.secret(source.dsn, READER), "s")
    with connect(address) as connection:
        findings = compare_source(Session(connection), source.store, TABLES, Bookmark())
    assert {(item.outcome, item.detail) for item in findings} == {(IN_PROGRESS, "never captured")}


def captured(source: Source) -> list[Batch]:
    """The batches so far."""
    return [Batch.of(manifest) for manifest in source.log().since(0)]


def keys(source: Source, batches: Sequence[Batch] = ()) -> Finding:
    """The finding of payment's keys."""
    log = captured(source)
    state = log[-1].bookmark.tables["payment"]
    return compare_keys(source.store, load_contracts().find("payment"), state, batches or log, judged={})


def test_the_ledger_has_the_keys_that_events_and_quarantine_leave_alive(filled: Source) -> None:
    filled.sql("DELETE FROM payment WHERE payment_id IN (1, 5)", payments(10, 12))
    filled.run()
    finding = keys(filled)
    assert (finding.outcome, finding.left) == (EQUAL, "10 keys, sum 72")


def test_events_that_are_missing_are_reported(filled: Source) -> None:
    filled.sql(payments(10, 12))
    filled.run()
    finding = keys(filled, captured(filled)[:1])
    assert (finding.outcome, finding.detail) == (DIFFERS, "3 keys are in one of them only, the first is 10")
