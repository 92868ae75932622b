"""Verdicts: which tables of which batches are accepted, held and released."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.conftest import SOURCE
from totelake.contracts import Contracts, load_contracts
from totelake.contracts.contracts import parse_contracts
from totelake.contracts.documents import documents
from totelake.contracts.model import TableId
from totelake.lake.manifest import LakeObject, TableCommit
from totelake.lake.records.batch import Batch, BlockedTable, Bookmark, with_schema
from totelake.lake.records.verdict import (
    ACCEPTED,
    BLOCKED,
    HELD,
    RELEASED,
    UNBLOCKED,
    HeldEvents,
    TableReport,
    TableStanding,
)
from totelake.registry.agreement import known_columns
from totelake.registry.judge import Judgement, judge
from totelake.registry.register import hive_columns
from totelake.schemas.changes import (
    COLUMN_ADDED,
    COLUMN_REMOVED,
    NAME_RESERVED,
    NAME_UNUSABLE,
    NOT_CAPTURABLE,
    TYPE_CHANGED,
    TYPE_UNKNOWN,
    Change,
    breaks,
)
from totelake.schemas.columns import Columns, SourceColumn, TableSchema

AT = "2026-11-24T10:00:00+00:00"
Standings = Mapping[str, TableStanding]


def schema(table: str, **types: str | None) -> Columns:
    """The contract's columns with other types, more of them, or (None) without one."""
    contract = load_contracts().find(table)
    found = [
        SourceColumn(column.name, types.get(column.name, column.type) or "", column.required, column.enum)
        for column in contract.columns
    ]
    found += [
        SourceColumn(name, kind or "", False) for name, kind in types.items() if name not in contract.column_names
    ]
    return tuple(column for column in found if column.type)


def described(columns: Columns) -> TableSchema:
    return TableSchema(str(columns), columns)


def batch(number: int, /, **tables: Columns) -> Batch:
    """A batch with five events of each table."""
    commit = TableCommit((LakeObject("s", "k", 5, 1),), 5, 5)
    commits = {name: with_schema(commit, described(columns)) for name, columns in tables.items()}
    return Batch(Bookmark(number, captured_at=AT), commits)


def silent(number: int, /, **tables: Columns) -> Batch:
    """A batch in which definitions changed and no row did."""
    return Batch(Bookmark(number, captured_at=AT), {}, {name: described(item) for name, item in tables.items()})


def judged(*batches: Batch, before: Standings | None = None, contracts: Contracts | None = None) -> Judgement:
    return judge(SOURCE, batches, before or {}, contracts or load_contracts())


def reports(found: Judgement) -> list[tuple[str, int, str]]:
    return [(item.table, item.batch, item.outcome) for item in found.reports]


def stored(standing: TableStanding) -> TableStanding:
    """A standing as the next verdict reads it."""
    return TableStanding.of(standing.document)


FITS, BROKEN, MORE = schema("design"), schema("design", file_name="integer"), schema("design", colour="text")


def test_what_fits_is_accepted_and_nothing_is_reports() -> None:
    found = judged(batch(1, design=FITS, staff=schema("staff")), batch(2, design=FITS))
    assert (found.held, found.released, found.reports) == ({}, {}, ())
    assert found.register == {"design", "staff"}
    assert judged(batch(3, design=FITS), before=found.standings).register == frozenset()


def test_an_additive_change_is_accepted_registered_and_reported_once() -> None:
    first = judged(batch(1, design=FITS))
    found = judged(batch(2, design=MORE), batch(3, design=MORE), before=first.standings)
    assert found.held == {} and found.register == {"design"}
    assert reports(found) == [("design", 2, ACCEPTED)]
    assert [change.kind for change in found.standings["design"].changes] == [COLUMN_ADDED]


def test_a_broken_table_is_held_from_its_first_such_batch_and_no_other_is() -> None:
    found = judged(batch(1, design=FITS, staff=schema("staff")), batch(2, design=BROKEN, staff=schema("staff")))
    assert found.held == {2: {"design"}}
    assert found.standings["design"].held == {2: HeldEvents(2, AT, 5)}
    assert reports(found) == [("design", 2, HELD)]
    again = judged(batch(3, design=BROKEN), before=found.standings)
    assert again.held == {3: {"design"}} and again.reports == ()
    assert list(again.standings["design"].held) == [2, 3]


def test_a_source_that_is_changed_back_releases_what_is_held_before_it() -> None:
    held = judged(batch(1, design=BROKEN), batch(2, design=BROKEN))
    found = judged(batch(3, design=FITS), before=held.standings)
    assert found.held == {} and found.released == {"design": (1, 2)}
    assert reports(found) == [("design", 3, ACCEPTED), ("design", 3, RELEASED)]
    assert found.standings["design"].held == {}


def test_a_definition_that_is_changed_back_without_any_event_releases_too() -> None:
    held = judged(batch(1, design=BROKEN))
    assert judged(silent(2, design=FITS), before=held.standings).released == {"design": (1,)}


def test_a_definition_that_breaks_without_any_event_is_reported_and_holds_the_next_event() -> None:
    found = judged(silent(1, design=BROKEN), batch(2, design=BROKEN))
    assert reports(found) == [("design", 1, HELD)] and found.held == {2: {"design"}}


def test_held_and_changed_back_in_one_verdict_is_both() -> None:
    found = judged(batch(1, design=BROKEN), batch(2, design=FITS))
    assert found.held == {1: {"design"}} and found.released == {"design": (1,)}


def corrected(**types: str) -> Contracts:
    """The contracts with other types of design's columns."""
    found = copy.deepcopy(dict(documents()))
    for column in found[f"sources/{SOURCE}/design.yaml"]["schema"][0]["properties"]:
        column["physicalType"] = types.get(column["name"], column["physicalType"])
    return parse_contracts(found)


def test_a_corrected_contract_releases_without_a_new_batch() -> None:
    held = judged(batch(1, design=BROKEN), batch(2, design=BROKEN))
    assert judged(before=held.standings).released == {}
    found = judged(before=held.standings, contracts=corrected(file_name="integer"))
    assert found.released == {"design": (1, 2)} and reports(found) == [("design", 1, RELEASED)]


def test_a_standing_outlives_its_document() -> None:
    standing = judged(batch(1, design=BROKEN)).standings["design"]
    assert stored(standing) == standing
    fitting = judged(batch(1, design=FITS)).standings["design"]
    assert fitting.document["schema"] == []


@pytest.mark.parametrize(
    ("columns", "kind"), [(BROKEN, TYPE_CHANGED), (schema("design", file_name=None), COLUMN_REMOVED)]
)
def test_what_breaks_is_named(columns: Columns, kind: str) -> None:
    assert breaks(load_contracts().find("design"), columns)
    assert [item.kind for item in judged(batch(1, design=columns)).standings["design"].changes] == [kind]


def blocked(kind: str = TYPE_UNKNOWN, since: int = 2) -> BlockedTable:
    return BlockedTable(Change("design", "place", kind, "", "point"), f"{kind}: correct it", since)


def without(number: int, items: Mapping[str, BlockedTable], /, **tables: Columns) -> Batch:
    """A batch of a source of which some tables are blocked."""
    found = batch(number, **tables)
    return replace(found, bookmark=replace(found.bookmark, blocked=items))


def test_a_blocked_table_is_reported_once_and_again_when_it_no_longer_is() -> None:
    first = judged(batch(1, design=FITS))
    there = {"design": blocked()}
    found = judged(without(2, there), without(3, there, staff=schema("staff")), before=first.standings)
    change, why = there["design"].change, f"{TYPE_UNKNOWN}: correct it"
    assert found.reports == (TableReport("design", 2, BLOCKED, (change,), why=why),)
    assert (found.held, found.standings["design"].blocked) == ({}, there["design"])
    again = stored(found.standings["design"])
    assert again.blocked == there["design"]
    back = judged(batch(4, design=FITS), before={**found.standings, "design": again})
    assert reports(back) == [("design", 4, UNBLOCKED)]
    assert back.standings["design"].blocked is None
    assert reports(judged(batch(5, design=FITS), before=back.standings)) == []


def test_a_table_that_is_blocked_for_another_reason_is_reported_anew() -> None:
    found = judged(without(2, {"design": blocked()}), without(3, {"design": blocked(NOT_CAPTURABLE, 3)}))
    assert reports(found) == [("design", 2, BLOCKED), ("design", 3, BLOCKED)]


def test_what_is_held_of_a_table_waits_on_while_it_is_blocked() -> None:
    held = judged(batch(1, design=FITS), batch(2, design=BROKEN))
    gone = judged(without(3, {"design": blocked(since=3)}), before=held.standings)
    assert gone.released == {} and set(gone.standings["design"].held) == {2}
    back = judged(batch(4, design=FITS), before=gone.standings)
    assert reports(back) == [("design", 4, UNBLOCKED), ("design", 4, ACCEPTED), ("design", 4, RELEASED)]
    assert back.released == {"design": (2,)}


def test_a_blocked_table_without_a_contract_is_not_reported() -> None:
    assert judged(without(1, {"nothing": blocked()})).reports == ()


def test_events_of_a_table_whose_contract_was_removed_meanwhile_wait_until_there_is_one_again() -> None:
    contracts, design = load_contracts(), TableId(SOURCE, "design")
    others = replace(contracts, by_id={name: item for name, item in contracts.by_id.items() if name != design})
    gone = judged(batch(1, design=FITS, staff=schema("staff")), contracts=others)
    assert (gone.held, gone.reports, gone.register) == ({1: frozenset({"design"})}, (), frozenset({"staff"}))
    standings = {name: stored(item) for name, item in gone.standings.items()}
    assert judged(before=standings, contracts=others).released == {}
    assert judged(before=standings).released == {"design": (1,)}


@pytest.mark.parametrize("kind", ["numeric(40,2)", "numeric(2,5)", "timestamp with time zone"])
def test_a_batch_with_a_column_of_no_exact_type_is_held_and_holds_no_other_table(kind: str) -> None:
    odd = schema("design", big=kind)
    found = judged(batch(1, design=odd, staff=schema("staff")))
    assert (found.holds(1, "design"), found.holds(1, "staff")) == (True, False)
    assert [change.kind for change in found.standings["design"].changes] == [TYPE_UNKNOWN]
    assert "big" not in hive_columns(odd)
    assert "big" not in known_columns(load_contracts().table(TableId(SOURCE, "design")), [odd])


def test_a_number_without_precision_is_text_from_the_first_batch_of_this_release() -> None:
    before, now = (
        (*schema("design"), column)
        for column in (SourceColumn("price", "numeric", False), SourceColumn.captured("price", "numeric", False))
    )
    first = judged(batch(1, design=before))
    found = judged(batch(2, design=now), before=first.standings)
    assert (found.held, found.register) == ({}, frozenset({"design"})), "another schema, registered anew"
    assert (hive_columns(before)["price"], hive_columns(now)["price"]) == ("decimal(10,2)", "string")


@pytest.mark.parametrize(
    ("name", "kind"), [("x`y", NAME_UNUSABLE), ("Design_ID", NAME_UNUSABLE), ("_op", NAME_RESERVED)]
)
def test_a_batch_with_a_column_of_an_unusable_name_is_held_and_holds_no_other_table(name: str, kind: str) -> None:
    odd = (*schema("design"), SourceColumn(name, "text", False))
    found = judged(batch(1, design=odd, staff=schema("staff")))
    assert (found.holds(1, "design"), found.holds(1, "staff")) == (True, False)
    assert [change.kind for change in found.standings["design"].changes] == [kind]
