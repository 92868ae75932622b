"""The dashboard in a real browser: by keyboard, for screen readers, on a phone, on paper, while business goes on."""

from __future__ import annotations

import contextlib
import random
import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.conftest import Postgres
from tests.integration.dashboard.conftest import Looked, wanted
from tests.integration.dashboard.shop import ORDERS, Shop, fill
from totelake.dashboard.page import _own
from totelake.dashboard.write import write

pytestmark = pytest.mark.integration
WHOLE_CATALOG = True
PHONE = {"width": 375, "height": 700}


def serious(page: Any) -> list[str]:
    """What axe-core finds that is serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make install")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {node['html'][:120]}"
        for item in found
        for node in item["nodes"]
        if item["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious(theme: str, phone: bool, file: Path, looked: Looked) -> None:
    if phone:
        looked.page.set_viewport_size(PHONE)
    looked.open(file, f"#theme={theme}")
    for details in looked.page.locator("details").all()[:3]:
        details.locator("summary").click()
    assert serious(looked.page) == []
    looked.page.locator("button[data-order]").first.click()
    assert serious(looked.page) == []


def test_all_of_it_works_by_keyboard(file: Path, looked: Looked) -> None:
    looked.open(file)
    press = looked.page.keyboard.press
    press("Tab")
    assert looked.page.evaluate("document.activeElement.className") == "skip"
    press("Enter")
    assert looked.page.evaluate("document.activeElement.id") == "tiles"
    looked.page.get_by_label("Currency").focus()
    press("U")
    assert "Narrowed: currency USD." in looked.page.inner_text("#narrowed")
    summary = looked.tile("Revenue by month").locator("summary")
    summary.focus()
    press("Enter")
    press("Tab")
    region = looked.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert region == "Table: Revenue by month, numbers"
    order = looked.tile("What arrived last").locator("button[data-order]").first
    order.focus()
    press("Enter")
    assert looked.page.get_by_role("dialog").is_visible()
    press("Escape")
    assert looked.page.get_by_role("dialog").is_hidden()
    assert order.evaluate("one => one === document.activeElement")


def test_a_chart_is_described_and_its_numbers_are_a_table(file: Path, looked: Looked) -> None:
    looked.open(file)
    charts = looked.page.locator(".chart")
    assert charts.count() > 8
    for chart in charts.all():
        assert "The table below has its numbers." in str(chart.get_attribute("aria-label"))
    for table in looked.page.locator("table").all():
        assert table.locator("caption").count() == 1 and table.locator("th[scope=col]").count() > 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_systems_until_somebody_chooses(scheme: Any, file: Path, looked: Looked) -> None:
    looked.page.emulate_media(color_scheme=scheme)
    looked.open(file)
    other = {"light": "dark", "dark": "light"}[scheme]
    assert looked.page.evaluate("document.documentElement.dataset.theme") == scheme
    looked.page.get_by_label("Theme").select_option(other)
    assert looked.page.evaluate("document.documentElement.dataset.theme") == other
    looked.page.reload()
    looked.ready()
    assert looked.page.evaluate("document.documentElement.dataset.theme") == other


def test_nothing_is_wider_than_a_phone_and_paper_has_no_controls(file: Path, looked: Looked) -> None:
    looked.page.set_viewport_size(PHONE)
    looked.open(file)
    assert looked.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    looked.page.emulate_media(media="print")
    assert looked.page.locator("#controls").is_hidden()
    assert looked.tile("Revenue by month").locator(".chart").is_visible()


def test_an_open_page_takes_up_what_arrives_and_keeps_what_is_chosen(
    postgres: Postgres, tmp_path: Path, looked: Looked
) -> None:
    dsn = postgres.new_database("totelake_loader")
    fill(dsn)
    file = write(wanted(dsn, every=4), tmp_path / "page.html").file
    looked.open(file, "#currency=GBP&theme=dark")
    before = int(looked.figures("Orders")["Number"])
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        Shop(cursor, random.Random(2)).order(ORDERS + 1, currency_id=1)
    write(wanted(dsn, every=4), file)
    looked.tile("Orders").locator(f"dd:text-is('{before + 1}')").wait_for()
    assert looked.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert looked.page.get_by_label("Currency").input_value() == "GBP"
    looked.page.get_by_label("Take up new data").uncheck()
    assert "refresh=off" in looked.page.url


OLD = "2026-01-31T09:00:00Z"


@pytest.fixture
def old(shop: str, tmp_path: Path, looked: Looked) -> Looked:
    """An open page that follows a file which was written long ago; its clock goes on as the test says, too."""
    file = write(wanted(shop, every=60), tmp_path / "page.html").file
    text = re.sub('"taken":"[^"]*"', f'"taken":"{OLD}"', file.read_text(encoding="utf-8"), count=1)
    file.write_text(text, encoding="utf-8")
    looked.page.clock.install(time="2026-01-31T10:00:00Z")
    looked.open(file)
    looked.page.evaluate("document.documentElement.dataset.first = ''")
    return looked


STILL = "this page has not been loaded again since 2026-01-31 10:00:"
UNWRITTEN = " minutes old: the file is not written again."


@pytest.mark.parametrize("stop", ["box", "typing", "history"])
def test_a_page_that_stays_says_so_and_nothing_of_the_file(stop: str, old: Looked) -> None:
    assert "60" + UNWRITTEN in old.page.inner_text("#narrowed")
    if stop == "box":
        old.page.get_by_label("Take up new data").uncheck()
    elif stop == "typing":
        old.page.clock.fast_forward(45_000)
        old.page.get_by_label("Order", exact=True).press_sequentially("7")
    else:
        old.page.locator("button[data-order]").first.click()
    old.page.clock.fast_forward(16_000 if stop == "typing" else 61_000)
    old.page.wait_for_timeout(500)
    assert old.page.locator("html[data-first]").count() == 1 == len(old.asked)
    said = old.page.inner_text("#narrowed")
    assert STILL in said and UNWRITTEN not in said


@pytest.mark.parametrize("label", ["Currency", "From", "Order", "summary"])
def test_a_page_goes_on_to_follow_when_something_was_chosen_and_keeps_the_place(label: str, old: Looked) -> None:
    """The focus is where it was, so that whoever uses the keyboard goes on from there."""
    if label == "summary":
        field = old.tile("Revenue by month").locator("summary")
        field.focus()
    else:
        field = old.page.get_by_label(label, exact=True)
        field.focus()
        old.page.keyboard.type({"Currency": "U", "From": "06012025", "Order": "12"}[label])
    before = None if label == "summary" else field.input_value()
    assert before != ""
    old.page.clock.fast_forward(61_000)
    old.page.wait_for_selector("html[data-ready]:not([data-first])")
    assert UNWRITTEN in old.page.inner_text("#narrowed")
    assert field.evaluate("one => one === document.activeElement")
    assert label == "summary" or field.input_value() == before


def test_sums_and_averages_are_exact(looked: Looked) -> None:
    """As Decimal reckons; halves go away from zero, as PostgreSQL rounds them."""
    looked.page.set_content(f"<script>{_own('exact.js')}</script>")
    drawn = random.Random(3)
    for _ in range(300):
        texts = [
            f"{drawn.choice(('', '-'))}{drawn.randrange(10 ** drawn.randint(1, 30))}"
            f"{drawn.choice(('', '.5', '.05', '.005', f'.{drawn.randrange(10**12):012}'))}"
            for _ in range(drawn.randint(1, 8))
        ]
        sum_, average, order = looked.page.evaluate(
            "texts => { const all = texts.map(exact), sum = all.reduce(add);"
            " return [written(sum), written(averageOf(sum, all.length)), all.sort(compareNumbers).map(written)]; }",
            texts,
        )
        with localcontext() as context:
            context.prec = 100
            total = sum(map(Decimal, texts), Decimal())
            assert Decimal(sum_) == total
            assert Decimal(average) == (total / len(texts)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert list(map(Decimal, order)) == sorted(map(Decimal, texts))


@pytest.mark.parametrize(("text", "grouped"), [("-1234567.10", "-1,234,567.10"), ("0.05", "0.05"), ("-999", "-999")])
def test_a_number_is_read_with_commas(text: str, grouped: str, looked: Looked) -> None:
    looked.page.set_content(f"<script>{_own('exact.js')}</script>")
    assert looked.page.evaluate("text => grouped(exact(text))", text) == grouped
    assert looked.page.evaluate("exact('NaN')") is None
