"""Lakes that exist stay readable: manifests of format 1 are read whole, and written again they say the same."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from totelake.contracts import load_contracts
from totelake.contracts.types import hive_type, stored_type
from totelake.errors import LakeError
from totelake.lake.keys import Attempt
from totelake.lake.manifest import Manifest, from_json, to_json
from totelake.lake.records.batch import Batch, Bookmark
from totelake.lake.records.holds import BUILD, LOAD, Holds
from totelake.lake.records.marks import AuditMark, LoadMark, MaintenanceMark
from totelake.lake.records.star_commit import StarCommit
from totelake.lake.records.verdict import TableReport, Verdict
from totelake.schemas.columns import TableSchema, documents_of

GOLDEN = Path(__file__).parent / "golden"
# what is no manifest: objects that jobs hand each other beside the logs
OTHERS = (
    "schema.json",
    "schema-any-type.json",
    "alert-incident.json",
    "alert-incident-schema.json",
    "alert-message.json",
    "dead-letter.json",
)
MANIFESTS = sorted(path.name for path in GOLDEN.glob("*.json") if path.name not in OTHERS)


def golden(name: str) -> Manifest:
    """A manifest as it was written, byte for byte."""
    return from_json((GOLDEN / name).read_bytes(), name)


def rewritten(manifest: Manifest) -> Manifest:
    """What the record of a manifest makes of it, as the same attempt at the same time."""
    attempt = Attempt(manifest.log, manifest.number, manifest.attempt)
    at = datetime.fromisoformat(manifest.committed_at)
    if manifest.log in load_contracts().sources:
        is_move = Bookmark.of(manifest).is_move
        return Bookmark.of(manifest).moved(attempt, at) if is_move else Batch.of(manifest).manifest(attempt, at)
    if manifest.log in load_contracts().stars:
        return StarCommit.of(load_contracts().star(manifest.log), manifest).manifest(attempt, at)
    records: dict[str, Any] = {
        "verdicts": Verdict, "warehouse": LoadMark, "maintenance": MaintenanceMark, "audit": AuditMark, "holds": Holds,
    }  # fmt: skip
    record: Manifest = records[manifest.log].of(manifest).manifest(attempt, at)
    return record


def plain(manifest: Manifest) -> dict[str, Any]:
    """A manifest's JSON without what this version leaves out or adds."""
    document: dict[str, Any] = json.loads(to_json(manifest))
    if manifest.log == "maintenance":
        # the day of the last renewal was one for all sources; a source without a day of its own is renewed once more
        document["state"].pop("night", None)
        document["state"].pop("nights", None)
    if manifest.log == "verdicts":
        for tables in document["state"]["tables"].values():
            for entry in tables.values():
                if entry["obstacle"]:
                    entry["obstacle"]["change"].pop("is_breaking")
    return document


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_record_read_and_written_again_says_the_same(name: str) -> None:
    manifest = golden(name)
    assert plain(rewritten(manifest)) == plain(manifest)


def test_every_kind_of_manifest_is_there() -> None:
    logs = {golden(name).log for name in MANIFESTS}
    assert logs >= {
        "totesys", "verdicts", "warehouse", "maintenance", "audit", "holds", "fact_sales_order", "dim_date",
    }  # fmt: skip
    kinds = {golden(name).kind for name in MANIFESTS}
    assert kinds == {"data", "bookmark", "replay", "compaction"}
    assert len(MANIFESTS) > 30


def test_a_batch_is_read_whole() -> None:
    batch = Batch.of(golden("batch-blocked.json"))
    assert batch.bookmark.identity is not None and batch.bookmark.snapshot is not None
    blocked = next(iter(batch.bookmark.blocked.values()))
    assert blocked.why and blocked.since and blocked.change.kind
    assert {column.name for column in Batch.of(golden("batch-first-copy.json")).all_schemas["payment"].columns} == set(
        load_contracts().find("payment").column_names
    )


def test_a_verdict_that_holds_a_table_says_which_events_wait() -> None:
    verdict = Verdict.of(golden("verdict-held.json")).of_source("totesys")
    held = {name: standing for name, standing in verdict.standings.items() if standing.held}
    assert held
    for name, standing in held.items():
        assert standing.changes and standing.schema
        assert [batch.held[name].events for batch in verdict.batches if name in batch.held]
    assert all(isinstance(report, TableReport) for report in verdict.reports)


def test_holds_say_by_step_which_tables_wait_since_when_and_why() -> None:
    holds = Holds.of(golden("holds.json"))
    assert {step: set(holds.of_step(step)) for step in (BUILD, LOAD)} == {BUILD: {"dim_design"}, LOAD: {"fact_payment"}}
    design, payment = holds.of_step(BUILD)["dim_design"], holds.of_step(LOAD)["fact_payment"]
    assert (design.since, design.events, sorted(design.batches)) == (2, 4, [2, 3])
    assert (payment.since, payment.events, sorted(payment.batches)) == (3, 2, [3])
    assert design.held_at and design.fingerprint and "could not be built" in design.reason
    assert Holds.of(golden("holds-released.json")) == Holds()


def test_the_last_renewal_of_old_lakes_is_not_taken_for_one_of_a_source() -> None:
    mark = MaintenanceMark.of(golden("maintenance.json"))
    assert mark.nights == {} and max(mark.marks.values()) > 0


@pytest.mark.parametrize("name", ["schema.json", "schema-any-type.json"])
def test_a_known_schema_is_read_whole(name: str) -> None:
    document = json.loads((GOLDEN / name).read_bytes())
    assert documents_of(TableSchema.of("f", document["columns"]).columns) == document["columns"]


def test_a_schema_of_any_types_says_what_the_lake_has_of_each() -> None:
    columns = TableSchema.of("f", json.loads((GOLDEN / "schema-any-type.json").read_bytes())["columns"]).columns
    assert {column.name: hive_type(column.plain_type) for column in columns} == {
        **dict.fromkeys(("details", "ident", "labels", "place", "pair", "exact", "big", "rough"), "string"),
        **dict.fromkeys(("clock", "mood"), "string"),
        "design_id": "int",
        "raw": "binary",
        "at": "timestamp",
    }
    assert [column for column in columns if column.stored != stored_type(column.type)] == []


def test_a_manifest_of_a_newer_format_is_refused() -> None:
    body = (GOLDEN / "audit.json").read_bytes().replace(b'"format": 1', b'"format": 2')
    with pytest.raises(LakeError, match="^audit.json has format 2, this version reads 1; upgrade totelake$"):
        from_json(body, "audit.json")


# what states of before 0.1.0 do not have, by log
ABSENT = (
    ("batch-changes.json", ("since", "obstacles", "schemas", "held_back")),
    ("verdict-with-news.json", ("released", "news", "tables", "register")),
    ("star-fact.json", ("layout",)),
)


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, parts in ABSENT for part in parts])
def test_a_state_without_what_was_added_later_is_read(name: str, part: str) -> None:
    document = json.loads((GOLDEN / name).read_bytes())
    del document["state"][part]
    found = from_json(json.dumps(document).encode(), name)
    assert rewritten(found).number == found.number


def test_a_state_says_of_which_kinds_its_keys_are_and_says_nothing_of_one_integer() -> None:
    (state,) = Bookmark.of(golden("batch-any-key.json")).tables.values()
    assert (state.key, state.key_kind) == ("account, part, day", "text, integer, date")
    for plain_state in Bookmark.of(golden("batch-changes.json")).tables.values():
        assert plain_state.key_kind == "" and "key_kind" not in plain_state.document


def test_a_table_whose_key_was_not_noted_yet_is_read() -> None:
    document = json.loads((GOLDEN / "batch-changes.json").read_bytes())
    for entry in document["state"]["tables"].values():
        del entry["key"]
    tables = Bookmark.of(from_json(json.dumps(document).encode(), "old")).tables
    assert {state.key for state in tables.values()} == {""}
