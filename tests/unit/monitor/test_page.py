"""The monitor's page: it says what was seen, whatever is in it, and asks nobody for anything."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.parsed_page import Parsed
from tests.unit.monitor.looks import ill, well
from totelake.monitor.gather import Seen
from totelake.monitor.page import page


def words(seen: Seen) -> str:
    """What a person reads on the page, in one line."""
    return " ".join(" ".join(Parsed(page(seen)).words).split())


@pytest.mark.parametrize("seen", [well(), well("aws"), ill(), Seen("totelake", "local", well().at)])
def test_the_page_is_well_formed_and_every_name_on_it_is_there_once(seen: Seen) -> None:
    found = Parsed(page(seen, 10))
    assert found.is_well_formed
    names = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(names) == len(set(names))
    inside = [attributes["href"] for tag, attributes in found.elements if tag == "a"]
    assert all(str(href)[1:] in names for href in inside if str(href).startswith("#"))
    assert not [tag for tag, attributes in found.elements if tag in ("img", "iframe") or "src" in attributes]


def test_where_all_is_well_nothing_needs_anybody() -> None:
    shown = words(well())
    assert "Nothing failed, nothing is held, nothing is late." in shown
    assert "100% of 2" in shown and "Batch 7, captured 2026-11-24 11:58:00 UTC, 5 min ago" in shown
    assert "behind by 60 s at the last look of watch, 2026-11-24 11:50:00 UTC" in shown
    assert "0.0021 DPU-hours, $0.0009 for the newest runs of each job, by prices of eu-west-2." in shown
    assert "What ran on this machine cost nothing" in shown
    assert "cost nothing" not in words(well("aws"))


@pytest.mark.parametrize(
    "said",
    [
        "log of totelake-watch-totesys could not be looked at: CloudWatch does not answer; try again",
        "totelake-audit is not deployed; run `totelake deploy`",
        "check-schemas-totesys FAILED: SourceError: <b>no grant</b> & more",
        "totesys.payment is not captured since batch 7: its key changed; mend it",
        "dim_design is held: not accepted from batch 6 on, 26 events wait",
        "totesys was 67 minutes behind at the last two looks; 30 are promised",
        "totesys.design breaks its contract: its events are held since batch 6",
        "rows of staff differs: 20 against 19",
    ],
)
def test_what_needs_somebody_stands_first(said: str) -> None:
    shown = words(ill())
    assert said in shown
    assert shown.index(said) < shown.index("Workflows and their newest runs")


def test_a_step_leads_to_its_log_with_one_click() -> None:
    source = page(well())
    assert '<a href="#log-jr_0succeeded">' in source and 'id="log-jr_0succeeded"' in source
    assert "12:00:01 captured &lt;all&gt; &amp; more" in source


def test_states_are_words_and_not_colours_alone() -> None:
    boxes = re.findall(r"<text[^>]*class=\"said\">([A-Z_]+)", page(ill()))
    assert boxes[:3] == ["SUCCEEDED", "FAILED", "NOT_RUN"]


SAID_OF_NOTHING = [
    ("workflow totelake-audit", "No workflow is deployed."),
    ("source totesys", "Every captured table is as its contract says."),
    ("quarantine", "No row is quarantined."),
    ("quarantine", "Only the jobs reach this warehouse; ask the table quarantine of the lake with Athena."),
    ("audit", "No audit of the lake has ended well yet."),
    ("reconciliation of totesys", "Nothing to compare yet."),
    ("alerts", "No message was sent so far."),
    ("cost of totelake-audit", "No job has run."),
    ("log of totelake-audit", "No job has run in a workflow yet."),
]


@pytest.mark.parametrize(("part", "said"), SAID_OF_NOTHING)
def test_nothing_is_said_of_what_could_not_be_looked_at(part: str, said: str) -> None:
    seen = Seen("totelake", "local", well().at, reconciled=[], quarantine=[] if "No row" in said else None)
    assert said in words(seen)
    seen.missed = {part: "it does not answer"}
    assert said not in words(seen)
    assert words(seen).count(f"{part} could not be looked at: it does not answer") >= 2


def test_one_late_look_after_a_quiet_night_is_no_trouble() -> None:
    seen = ill()
    seen.sources[0] = replace(seen.sources[0], looks=seen.sources[0].looks[-1:])
    assert "minutes behind" not in words(seen)


def test_a_watch_that_does_not_look_is_told_where_it_should() -> None:
    seen = well("aws")
    assert "watch has not looked at totesys" not in words(seen)
    seen.at += timedelta(hours=3)
    assert "watch has not looked at totesys for 3 h; see whether its trigger is activated" in words(seen)
    seen.kind = "local"
    assert "watch has not looked at" not in words(seen)
