"""A contract that is changed or taken out beside its table: no row is told twice, forgotten or taken for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.integration.capture.conftest import Source, insert_designs
from tests.integration.capture.test_obstacles import DROP_KEY, EDITS, TABLES, edits
from totelake.capture import ingest
from totelake.capture.detect.bookmark import Bookmark
from totelake.contracts import catalog
from totelake.contracts.model import Column, Table
from totelake.schemas import changes as classes

pytestmark = pytest.mark.integration


def with_columns(change: Callable[[Column], Column]) -> tuple[Table, ...]:
    """The contracts with other columns of payment."""
    payment = catalog().table("payment")
    mended = replace(payment, columns=tuple(map(change, payment.columns)))
    return tuple(mended if table.name == "payment" else table for table in TABLES)


def keyed_by(name: str) -> tuple[Table, ...]:
    """The contracts, that of payment with another key."""
    return with_columns(lambda column: replace(column, primary_key=column.name == name))


def renamed_key(name: str) -> tuple[Table, ...]:
    """The contracts, that of payment with another name of its key."""
    return with_columns(lambda column: replace(column, name=name) if column.primary_key else column)


def test_a_contract_that_is_taken_out_and_put_back_makes_no_row_told_twice_or_forgotten(
    paid: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        others = tuple(table for table in TABLES if table.name != "payment")
        patch.setattr(ingest, "catalog", lambda: SimpleNamespace(source_tables=lambda _: others))
        paid.sql(*EDITS, insert_designs(2, 2))
        assert "no contract in" in Bookmark.of(paid.run()).obstacles["payment"].why
        assert paid.run() is None
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]
    assert paid.replayed("payment") == paid.content("payment")


def test_a_contract_that_follows_the_source_to_another_key_makes_no_row_of_another(
    paid: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid.sql(DROP_KEY, "ALTER TABLE payment ADD PRIMARY KEY (transaction_id)", insert_designs(2, 2))
    paid.run()
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "catalog", lambda: SimpleNamespace(source_tables=lambda _: keyed_by("transaction_id")))
        obstacle = Bookmark.of(paid.run()).obstacles["payment"]
    assert obstacle.change.kind == classes.KEY_CHANGED
    assert obstacle.why == (
        "public.payment was captured by its key payment_id, which its contract now says is transaction_id, and what "
        "was captured by the one cannot be told by the other; make payment_id the primary key again, in contract and "
        "source"
    )
    paid.sql(DROP_KEY, "ALTER TABLE payment ADD PRIMARY KEY (payment_id)", *EDITS)
    assert paid.changes(paid.run(), "payment") == [("U", 3), ("D", 5), ("I", 201)]


def test_a_contract_that_follows_a_key_to_its_new_name_goes_on(paid: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    paid.sql("ALTER TABLE payment RENAME COLUMN payment_id TO id", *edits("renamed key"))
    paid.run()
    monkeypatch.setattr(ingest, "catalog", lambda: SimpleNamespace(source_tables=lambda _: renamed_key("id")))
    events = paid.events(paid.run(), "payment")
    others = [event["id"] for event in events if event["_op"] == "U"]
    assert [(event["_op"], event["id"]) for event in events if event["_op"] != "U"] == [("I", 201), ("D", 5)]
    assert others == [key for key in range(1, 201) if key != 5], "every row has a column of another name"
