"""Run monitor and data dictionary in a real browser: for a screen reader, by keyboard, on a phone, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.dashboard.conftest import Looked
from tests.integration.dashboard.test_for_everybody import PHONE, serious
from tests.unit.monitor.looks import ill, well
from totelake.cli.dictionary import write
from totelake.monitor.page import page
from totelake.pages.files import replace

pytestmark = pytest.mark.integration
WHOLE_CATALOG = True


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a pipeline in which all is well, of one in which nothing is, and two of the dictionary."""
    folder = tmp_path_factory.mktemp("monitor")
    found = {"well": folder / "well.html", "ill": folder / "ill.html"}
    write(folder / "docs")
    found.update({"index": folder / "docs" / "index.html", "table": folder / "docs" / "fact_sales_order.html"})
    found["well"].write_text(page(well()), encoding="utf-8")
    found["ill"].write_text(page(ill()), encoding="utf-8")
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("which", ["well", "ill", "index", "table"])
def test_axe_finds_nothing_serious(which: str, phone: bool, theme: Any, files: dict[str, Path], looked: Looked) -> None:
    if phone:
        looked.page.set_viewport_size(PHONE)
    looked.page.emulate_media(color_scheme=theme)
    looked.page.goto(files[which].as_uri())
    for details in looked.page.locator("details").all():
        details.locator("summary").click()
    assert serious(looked.page) == []
    wide = looked.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, "the page scrolls sideways, and not its tables alone"


def test_a_step_opens_its_log_by_keyboard(files: dict[str, Path], looked: Looked) -> None:
    looked.page.goto(files["well"].as_uri())
    log = looked.page.locator("details pre").first
    assert log.is_hidden()
    looked.page.locator("svg.graph a").first.focus()
    looked.page.keyboard.press("Enter")
    log.wait_for(state="visible")
    assert log.inner_text() == "12:00:01 captured <all> & more"


def test_a_page_that_is_written_again_keeps_what_is_open(tmp_path: Path, looked: Looked) -> None:
    file = tmp_path / "live.html"
    file.write_text(page(well(), 1), encoding="utf-8")
    looked.page.goto(file.as_uri())
    assert looked.page.locator("details[open]").count() == 0
    looked.page.locator("summary", has_text="The newest runs").click()
    assert looked.page.evaluate("document.activeElement.textContent") == "The newest runs, 2"
    replace(file, page(ill(), 1))
    looked.page.locator("text=dim_design is held").first.wait_for()
    assert looked.page.locator("details[open] > summary").inner_text() == "The newest runs, 2"
    assert looked.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_dictionary_is_walked_by_its_links(files: dict[str, Path], looked: Looked) -> None:
    looked.page.goto(files["index"].as_uri())
    looked.page.get_by_role("link", name="fact_sales_order", exact=True).click()
    looked.page.get_by_role("link", name="dim_staff", exact=True).first.click()
    looked.page.locator("svg.graph a", has_text="totesys.staff").click()
    assert looked.page.locator("h1").inner_text() == "totesys.staff"
    looked.page.get_by_role("link", name="Data dictionary").click()
    assert looked.page.locator("h1").inner_text() == "Data dictionary"
