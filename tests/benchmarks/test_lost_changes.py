"""The hazards on a small source: totelake loses none of them, the other readers lose what docs/benchmarks.md says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.lost_changes.hazards import HAZARDS
from tests.benchmarks.lost_changes.play import Outcome, play
from tests.benchmarks.lost_changes.readers.dlt_sql_database import Dlt
from tests.benchmarks.lost_changes.readers.totelake_capture import Totelake
from tests.benchmarks.lost_changes.readers.watermark import Watermark
from tests.benchmarks.lost_changes.totesys import Totesys
from tests.conftest import Postgres

pytestmark = pytest.mark.integration

UNCHANGED = {"rolled back", "update without a change", "TRUNCATE and reload, same content"}
HARMLESS = UNCHANGED | {"orders and edits as they should be", "equal timestamps, new rows", "A, B, A", "bulk update"}
# the small fixed tables have one timestamp in all rows, so a closed range reads them again each time
RE_READ = {"enum label renamed"}
TIES, NULLS = "equal timestamps, same rows", "no timestamp"
EVERYTHING = {"silent edit", "clock set back", "delete", "delete that cascades", "delete and insert again"}


@pytest.fixture
def totesys(postgres: Postgres) -> Totesys:
    """A small source of its own."""
    return Totesys(postgres.new_database(), orders=120, seed=1, rows=2)


def _names() -> set[str]:
    return {hazard.name for hazard in HAZARDS}


def _lossy(outcome: Outcome, reader: str) -> set[str]:
    return {result.hazard.name for result in outcome.results if result.verdicts[reader].lost}


def _all_lost(outcome: Outcome, reader: str) -> set[str]:
    verdicts = {result.hazard.name: result.verdicts[reader] for result in outcome.results}
    return {name for name, verdict in verdicts.items() if verdict.lost == verdict.made > 0}


def test_totelake_loses_and_duplicates_nothing_where_a_watermark_does(
    postgres: Postgres, aws: str, totesys: Totesys
) -> None:
    secret = postgres.secret(totesys.dsn, "totelake_reader")
    outcome = play(totesys, [Totelake(secret), Watermark(totesys.dsn)], HAZARDS)
    totesys.close()
    assert {result.hazard.name for result in outcome.results if not result.made} == UNCHANGED
    own = outcome.total("totelake")
    assert own.made == own.captured > 0
    assert (own.lost, own.duplicated, own.repeated, outcome.wrong["totelake"]) == (0, 0, 0, 0)
    assert _lossy(outcome, "watermark") == _names() - HARMLESS - RE_READ - {TIES}
    assert _all_lost(outcome, "watermark") >= EVERYTHING
    assert outcome.wrong["watermark"] > 0


# dlt warns about its own arguments
@pytest.mark.filterwarnings("default")
def test_dlt_loses_what_no_cursor_can_see(postgres: Postgres, totesys: Totesys, tmp_path: Path) -> None:
    pytest.importorskip("dlt", reason="dlt is not installed; `make lost-changes` makes .venv-bench with it")
    outcome = play(totesys, [Dlt(totesys.dsn, tmp_path)], HAZARDS)
    totesys.close()
    assert _lossy(outcome, "dlt") == _names() - HARMLESS - {NULLS}
    assert _all_lost(outcome, "dlt") >= EVERYTHING
    assert outcome.first["dlt"].lost == 0
