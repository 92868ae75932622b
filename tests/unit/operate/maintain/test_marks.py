"""Marks of tables that were left apart: those without a contract go, a day later, and no other."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCE
from tests.unit.operate.maintain.nights import INGESTION, PROCESSED, Buckets, night
from totelake.errors import DamagedError, LakeError
from totelake.lake.keys import APART, apart_key

TOKENS = (16 * "a", 16 * "b")
FORMER = [apart_key(SOURCE, "former", *TOKENS), apart_key("former", "design", *TOKENS)]
KEPT = [apart_key(SOURCE, "design", *TOKENS), f"{APART}/x", f"{APART}/former/design", f"{APART}/former/design/x.json"]


@pytest.fixture
def buckets() -> Buckets:
    found = Buckets()
    for key in (*FORMER, *KEPT):
        found.store(INGESTION, key, 25)
    return found


def test_the_marks_of_tables_without_a_contract_go(buckets: Buckets) -> None:
    young = buckets.store(INGESTION, apart_key(SOURCE, "another", *TOKENS), 23)
    assert night(buckets, dry_run=True).expired == {f"ingestion/{APART}": sorted(FORMER)}
    assert {*FORMER, *KEPT, young} <= buckets.keys(INGESTION)
    assert night(buckets).expired == {f"ingestion/{APART}": sorted(FORMER)}
    assert {key for key in buckets.keys(INGESTION) if key.startswith(APART)} == {*KEPT, young}


def test_a_mark_that_cannot_be_removed_fails_the_night_after_all_else(buckets: Buckets) -> None:
    refused, other = FORMER
    buckets.stores[INGESTION].refused.add(refused)
    with pytest.raises(LakeError, match="not you"):
        night(buckets)
    assert refused in buckets.keys(INGESTION) and other not in buckets.keys(INGESTION)


def test_a_damaged_log_that_no_contract_names_stops_no_night_and_one_of_a_contract_does(buckets: Buckets) -> None:
    buckets.store(PROCESSED, "_commits/nosuch_table/000000000001.json", 25)
    assert night(buckets).expired == {f"ingestion/{APART}": sorted(FORMER)}
    buckets.store(PROCESSED, "_commits/dim_design/000000000001.json", 25)
    with pytest.raises(DamagedError, match="dim_design"):
        night(buckets)
