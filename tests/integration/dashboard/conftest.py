"""A filled warehouse, its dashboard as a file, and a real browser without any network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Postgres
from tests.integration.dashboard.shop import fill
from totelake.contracts.dashboards import dashboards_of
from totelake.contracts.documents import documents
from totelake.contracts.queries import WAREHOUSE, queries_of
from totelake.dashboard.write import Wanted, write
from totelake.query import warehouse

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def shop(postgres: Postgres) -> str:
    """The address of a warehouse with a small business in it, which no test changes."""
    dsn = postgres.new_database("totelake_loader")
    fill(dsn)
    return dsn


def wanted(dsn: str, every: int = 0) -> Wanted:
    """The business dashboard over a warehouse."""
    found = documents()
    return Wanted(
        dashboards_of(found)["business"], queries_of(found), WAREHOUSE, lambda: warehouse.asking(dsn), every=every
    )


@pytest.fixture(scope="session")
def file(shop: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dashboard of the small business."""
    return write(wanted(shop), tmp_path_factory.mktemp("dashboard") / "page.html").file


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium; the tests that need it are skipped without it or without Playwright, and say so.

    It ends with its module: Playwright's event loop runs until then, and other tests may want one of their own.
    """
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make install")
    program = os.environ.get("TOTELAKE_CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("Chromium is not installed: apt-get install chromium, or name it with TOTELAKE_CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Looked:
    """A page in the browser, with what it asked for and complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, file: Path, state: str = "") -> None:
        """Load a file, with what is chosen in its address, and wait until it is drawn."""
        self.page.goto(f"{file.as_uri()}{state}")
        self.ready()

    def ready(self) -> None:
        """Wait until everything is drawn."""
        self.page.wait_for_selector("html[data-ready=true]")

    def tile(self, title: str) -> Any:
        """The tile of that title."""
        return self.page.get_by_role("region", name=title, exact=True).first

    def numbers(self, title: str) -> dict[tuple[str, str], str]:
        """The numbers of a chart's table by key and series, without commas, all of its rows."""
        tile = self.tile(title)
        tile.locator("details").first.evaluate("one => { one.open = true; }")
        while tile.locator("button.more").count():
            tile.locator("button.more").first.click()
        heads, *rows = tile.locator("details table").first.evaluate(
            "table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent))"
        )
        found = {(row[0], head): cell.replace(",", "") for row in rows for head, cell in zip(heads[1:], row[1:])}
        return {key: value for key, value in found.items() if value}

    def figures(self, title: str) -> dict[str, str]:
        """The figures of a tile by their names, without commas."""
        pairs = (
            self.tile(title)
            .locator("dl > div")
            .evaluate_all(
                "all => all.map(one => [one.querySelector('dt').textContent, one.querySelector('dd').textContent])"
            )
        )
        return {name: value.replace(",", "") for name, value in pairs}

    def rows(self, title: str) -> list[list[str]]:
        """All rows of a table."""
        tile = self.tile(title)
        while tile.locator("button.more").count():
            tile.locator("button.more").first.click()
        found: list[list[str]] = tile.locator("tbody tr").evaluate_all(
            "all => all.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return found


@pytest.fixture
def looked(chromium: Any) -> Iterator[Looked]:
    """A page of a fresh browser profile that is offline; whatever it complains of, or asks for, fails the test."""
    context = chromium.new_context(offline=True, viewport={"width": 1400, "height": 900})
    found = Looked(context.new_page())
    found.page.on("request", lambda request: found.asked.append(request.url))
    found.page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()
    assert found.complaints == []
    assert [url for url in found.asked if not url.startswith(("file:", "data:", "about:"))] == []
