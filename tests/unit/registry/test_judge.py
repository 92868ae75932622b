"""Verdicts: which tables of which batches are accepted, held and released."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from totelake.contracts import Catalog, catalog
from totelake.contracts.catalog import parse_catalog
from totelake.contracts.documents import documents
from totelake.lake.manifest import DATA, LakeObject, Manifest, TableCommit
from totelake.registry.judge import ACCEPTED, CAPTURED, HELD, RELEASED, UNCAPTURED, Judged, Standing, breaks, judge
from totelake.schemas.changes import COLUMN_ADDED, COLUMN_REMOVED, NOT_CAPTURABLE, TYPE_CHANGED, TYPE_UNKNOWN, Change

AT = "2026-11-24T10:00:00+00:00"
Schema = list[dict[str, Any]]


def schema(table: str, **types: str | None) -> Schema:
    """The contract's columns with other types, more of them, or (None) without one."""
    found: Schema = [
        {"name": c.name, "type": types.get(c.name, c.type), "required": c.required, "enum": list(c.enum)}
        for c in catalog().table(table).columns
    ]
    known = {column["name"] for column in found}
    found += [{"name": name, "type": kind, "required": False} for name, kind in types.items() if name not in known]
    return [column for column in found if column["type"] is not None]


def batch(number: int, **tables: Schema) -> Manifest:
    """A batch with five events of each table."""
    items = {
        name: TableCommit((LakeObject("s", "k", 5, 1),), 5, 5, extra={"fingerprint": str(columns), "schema": columns})
        for name, columns in tables.items()
    }
    return Manifest("totesys", number, "a", DATA, AT, items, {"captured_at": AT})


def silent(number: int, **tables: Schema) -> Manifest:
    """A batch in which definitions changed and no row did."""
    schemas = {name: {"fingerprint": str(columns), "columns": columns} for name, columns in tables.items()}
    return Manifest("totesys", number, "a", DATA, AT, {}, {"captured_at": AT, "schemas": schemas})


def judged(
    *batches: Manifest, before: Mapping[str, Standing] | None = None, contracts: Catalog | None = None
) -> Judged:
    return judge(batches, before or {}, contracts or catalog())


def told(found: Judged) -> list[tuple[str, int, str]]:
    return [(item.table, item.batch, item.outcome) for item in found.news]


FITS, BROKEN, MORE = schema("design"), schema("design", file_name="integer"), schema("design", colour="text")


def test_what_fits_is_accepted_and_nothing_is_told() -> None:
    found = judged(batch(1, design=FITS, staff=schema("staff")), batch(2, design=FITS))
    assert (found.held, found.released, found.news) == ({}, {}, ())
    assert found.registers == {"design", "staff"}
    assert judged(batch(3, design=FITS), before=found.standings).registers == frozenset()


def test_an_additive_change_is_accepted_registered_and_told_once() -> None:
    first = judged(batch(1, design=FITS))
    found = judged(batch(2, design=MORE), batch(3, design=MORE), before=first.standings)
    assert found.held == {} and found.registers == {"design"}
    assert told(found) == [("design", 2, ACCEPTED)]
    assert [change.kind for change in found.standings["design"].changes] == [COLUMN_ADDED]


def test_a_broken_table_is_held_from_its_first_such_batch_and_no_other_is() -> None:
    found = judged(batch(1, design=FITS, staff=schema("staff")), batch(2, design=BROKEN, staff=schema("staff")))
    assert found.held == {2: {"design"}}
    assert found.standings["design"].held == {2: {"captured_at": AT, "events": 5}}
    assert told(found) == [("design", 2, HELD)]
    again = judged(batch(3, design=BROKEN), before=found.standings)
    assert again.held == {3: {"design"}} and again.news == ()
    assert list(again.standings["design"].held) == [2, 3]


def test_a_source_that_is_changed_back_releases_what_is_held_before_it() -> None:
    held = judged(batch(1, design=BROKEN), batch(2, design=BROKEN))
    found = judged(batch(3, design=FITS), before=held.standings)
    assert found.held == {} and found.released == {"design": (1, 2)}
    assert told(found) == [("design", 3, ACCEPTED), ("design", 3, RELEASED)]
    assert found.standings["design"].held == {}


def test_a_definition_that_is_changed_back_without_any_event_releases_too() -> None:
    held = judged(batch(1, design=BROKEN))
    assert judged(silent(2, design=FITS), before=held.standings).released == {"design": (1,)}


def test_a_definition_that_breaks_without_any_event_is_told_and_holds_the_next_event() -> None:
    found = judged(silent(1, design=BROKEN), batch(2, design=BROKEN))
    assert told(found) == [("design", 1, HELD)] and found.held == {2: {"design"}}


def test_held_and_changed_back_in_one_verdict_is_both() -> None:
    found = judged(batch(1, design=BROKEN), batch(2, design=FITS))
    assert found.held == {1: {"design"}} and found.released == {"design": (1,)}


def mended(**types: str) -> Catalog:
    """The catalogue with other types of design's columns."""
    found = copy.deepcopy(dict(documents()))
    for column in found["sources/totesys/design.yaml"]["schema"][0]["properties"]:
        column["physicalType"] = types.get(column["name"], column["physicalType"])
    return parse_catalog(found)


def test_a_mended_contract_releases_without_a_new_batch() -> None:
    held = judged(batch(1, design=BROKEN), batch(2, design=BROKEN))
    assert judged(before=held.standings).released == {}
    found = judged(before=held.standings, contracts=mended(file_name="integer"))
    assert found.released == {"design": (1, 2)} and told(found) == [("design", 1, RELEASED)]


def test_a_standing_outlives_its_document() -> None:
    standing = judged(batch(1, design=BROKEN)).standings["design"]
    assert Standing.of(standing.document) == standing
    fitting = judged(batch(1, design=FITS)).standings["design"]
    assert fitting.document["schema"] == []


@pytest.mark.parametrize(
    ("columns", "kind"), [(BROKEN, TYPE_CHANGED), (schema("design", file_name=None), COLUMN_REMOVED)]
)
def test_what_breaks_is_named(columns: Schema, kind: str) -> None:
    assert breaks(catalog().table("design"), columns)
    assert [item.kind for item in judged(batch(1, design=columns)).standings["design"].changes] == [kind]


def obstacle(kind: str = TYPE_UNKNOWN, since: int = 2) -> dict[str, Any]:
    change = Change("design", "place", kind, "", "point")
    return {"change": change.document, "why": f"{kind}: mend it", "since": since}


def hindered(number: int, obstacles: dict[str, Any], **tables: Schema) -> Manifest:
    """A batch of a source of which some tables cannot be captured."""
    found = batch(number, **tables)
    return replace(found, state={**found.state, "obstacles": obstacles})


def test_a_table_that_cannot_be_captured_is_told_once_and_again_when_it_can() -> None:
    first = judged(batch(1, design=FITS))
    there = {"design": obstacle()}
    found = judged(hindered(2, there), hindered(3, there, staff=schema("staff")), before=first.standings)
    (news,) = found.news
    assert (news.table, news.batch, news.outcome, news.why) == ("design", 2, UNCAPTURED, f"{TYPE_UNKNOWN}: mend it")
    assert [change.kind for change in news.changes] == [TYPE_UNKNOWN]
    assert (found.held, found.standings["design"].obstacle) == ({}, there["design"])
    again = Standing.of(found.standings["design"].document)
    assert again.obstacle == there["design"]
    back = judged(batch(4, design=FITS), before={**found.standings, "design": again})
    assert told(back) == [("design", 4, CAPTURED)]
    assert back.standings["design"].obstacle == {}
    assert told(judged(batch(5, design=FITS), before=back.standings)) == []


def test_another_obstacle_is_told_anew() -> None:
    found = judged(hindered(2, {"design": obstacle()}), hindered(3, {"design": obstacle(NOT_CAPTURABLE, 3)}))
    assert told(found) == [("design", 2, UNCAPTURED), ("design", 3, UNCAPTURED)]


def test_what_is_held_of_a_table_waits_on_while_it_cannot_be_captured() -> None:
    held = judged(batch(1, design=FITS), batch(2, design=BROKEN))
    there = {"design": obstacle(since=3)}
    gone = judged(hindered(3, there), before=held.standings)
    assert (gone.released, gone.standings["design"].held.keys()) == ({}, {2})
    back = judged(batch(4, design=FITS), before=gone.standings)
    assert told(back) == [("design", 4, CAPTURED), ("design", 4, ACCEPTED), ("design", 4, RELEASED)]
    assert back.released == {"design": (2,)}


def test_an_obstacle_of_a_table_without_a_contract_is_nobodys() -> None:
    assert judged(hindered(1, {"nothing": obstacle()})).news == ()


def test_events_of_a_table_whose_contract_was_taken_out_meanwhile_wait_until_there_is_one_again() -> None:
    others = replace(catalog(), tables={name: item for name, item in catalog().tables.items() if name != "design"})
    gone = judged(batch(1, design=FITS, staff=schema("staff")), contracts=others)
    assert (gone.held, gone.news, gone.registers) == ({1: frozenset({"design"})}, (), {"staff"})
    standings = {name: Standing.of(item.document) for name, item in gone.standings.items()}
    assert judged(before=standings, contracts=others).released == {}
    assert judged(before=standings).released == {"design": (1,)}
