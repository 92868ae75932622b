"""The monitor's page: it says what was seen, whatever is in it, and asks nobody for anything."""

from __future__ import annotations

import re

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
    assert "0.0021 DPU-hours, $0.0009 for the newest runs of each job. What ran on this machine cost nothing" in shown
    assert "cost nothing" not in words(well("aws"))


@pytest.mark.parametrize(
    "said",
    [
        "quarantine could not be looked at: the warehouse does not answer; start it",
        "totelake-audit is not deployed; run `totelake deploy`",
        "check-schemas-totesys FAILED: SourceError: <b>no grant</b> & more",
        "totesys.payment is not captured since batch 7: its key changed; mend it",
        "dim_design is held: not accepted from batch 6 on, 26 events wait",
        "totesys was 67 minutes behind at the last look; 30 are promised",
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
