"""A contract that is changed or taken out: no row is captured twice, forgotten or taken for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.integration.capture.conftest import Source, insert_designs, state_of
from tests.integration.capture.test_obstacles import DROP_KEY, EDITS, TABLES, edits
from totelake.capture import ingest
from totelake.contracts import Contracts, load_contracts
from totelake.contracts.model import Column, Table
from totelake.lake.records.batch import Bookmark
from totelake.schemas import changes as classes

pytestmark = pytest.mark.integration


def with_columns(change: Callable[[Column], Column]) -> tuple[Table, ...]:
    """The contracts with other columns of payment."""
    payment = load_contracts().find("payment")
    other = replace(payment, columns=tuple(map(change, payment.columns)))
    return tuple(other if table.name == "payment" else table for table in TABLES)


def contracts_of(tables: tuple[Table, ...]) -> Callable[[], Contracts]:
    """What loads contracts of the source with these tables."""
    found = replace(load_contracts(), by_id={table.id: table for table in tables})
    return lambda: found


def keyed_by(name: str) -> tuple[Table, ...]:
    """The contracts, that of payment with another key."""
    return with_columns(lambda column: replace(column, primary_key=column.name == name))


def renamed_key(name: str) -> tuple[Table, ...]:
    """The contracts, that of payment with another name of its key."""
    return with_columns(lambda column: replace(column, name=name) if column.primary_key else column)


def test_a_contract_that_is_taken_out_and_put_back_captures_no_row_twice_and_forgets_none(
    paid: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        others = tuple(table for table in TABLES if table.name != "payment")
        patch.setattr(ingest, "load_contracts", contracts_of(others))
        paid.sql(*EDITS, insert_designs(2, 2))
        assert "no contract in" in Bookmark.of(paid.run()).blocked["payment"].why
        assert paid.run() is None
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]
    assert paid.replayed("payment") == paid.content("payment")


def test_a_contract_that_follows_the_source_to_another_key_makes_no_row_of_another(
    paid: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid.sql(DROP_KEY, "ALTER TABLE payment ADD PRIMARY KEY (transaction_id)", insert_designs(2, 2))
    paid.run()
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "load_contracts", contracts_of(keyed_by("transaction_id")))
        blocked = Bookmark.of(paid.run()).blocked["payment"]
    assert blocked.change.kind == classes.KEY_CHANGED
    assert blocked.why == (
        "public.payment was captured under the key payment_id; its key now is transaction_id, and rows captured "
        "under the old key cannot be matched to the new one; make payment_id the primary key again, in contract and "
        "source"
    )
    paid.sql(DROP_KEY, "ALTER TABLE payment ADD PRIMARY KEY (payment_id)", *EDITS)
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]


def test_a_contract_that_follows_a_key_to_its_new_name_goes_on(paid: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    paid.sql("ALTER TABLE payment RENAME COLUMN payment_id TO id", *edits("renamed key"))
    paid.run()
    monkeypatch.setattr(ingest, "load_contracts", contracts_of(renamed_key("id")))
    events = paid.events(paid.run(), "payment")
    others = [event["id"] for event in events if event["_op"] == "U"]
    assert [(event["_op"], event["id"]) for event in events if event["_op"] != "U"] == [("I", 201), ("D", 5)]
    assert others == [key for key in range(1, 201) if key != 5], "every row has a column of another name"


def test_two_sources_of_one_bucket_have_logs_ledgers_and_objects_of_their_own(
    filled: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tuple(replace(table, source="other") for table in TABLES)
    monkeypatch.setattr(ingest, "load_contracts", contracts_of(TABLES + others))
    first = filled.run(source="other")
    assert first is not None and (first.log, first.number) == ("other", 1)
    (events,) = first.objects_of("design")
    base = state_of(first).ledger.base
    assert base is not None and base.key.startswith("_state/other/design/")
    assert (events.key.split("/")[:2], events.rows) == (["other", "design"], 200)
    filled.sql("UPDATE design SET file_name = 'new' WHERE design_id = 1")
    assert filled.changes(filled.run(), "design") == filled.changes(filled.run(source="other"), "design") == [("U", 1)]
    assert filled.run() is None and filled.run(source="other") is None
