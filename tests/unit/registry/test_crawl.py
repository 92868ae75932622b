"""A crawl as a function, against a crawler that does as the test says."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from totelake.errors import LakeError, RetriableError
from totelake.ports.schema_catalog import Crawl
from totelake.registry.crawl import crawl, crawled_since


class FakeCrawler:
    """A crawler that goes through the states it is given; a start takes effect when it is READY."""

    def __init__(self, states: list[str], status: str = "SUCCEEDED", message: str = "", refusals: int = 0):
        self.states, self.status, self.message, self.refusals = states, status, message, refusals
        self.starts = 0
        self.now = 0.0

    @property
    def name(self) -> str:
        return "c"

    def look(self) -> Crawl:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if not self.starts or state != "READY":
            return Crawl(state == "READY", state)
        return Crawl(True, state, str(self.starts), last_status=self.status, last_message=self.message)

    def start(self) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.starts += 1
        return True

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self) -> None:
        crawl(self, sleep=self.sleep, clock=lambda: self.now, within=60)


def test_it_is_started_once_and_waited_for() -> None:
    crawler = FakeCrawler(["READY", "RUNNING", "STOPPING", "READY"])
    crawler.run()
    assert crawler.starts == 1


def test_a_crawl_under_way_is_waited_for_and_then_started_anew() -> None:
    crawler = FakeCrawler(["RUNNING", "READY", "RUNNING", "READY", "RUNNING", "READY"], refusals=1)
    crawler.run()
    assert crawler.starts == 1


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        ("FAILED", "no rights", "the crawler c ended FAILED: no rights"),
        ("CANCELLED", "", "the crawler c ended CANCELLED: no message"),
    ],
)
def test_a_crawl_that_does_not_succeed_is_reported_in_its_own_words(status: str, message: str, says: str) -> None:
    with pytest.raises(LakeError, match=says):
        FakeCrawler(["READY", "RUNNING", "READY"], status, message).run()


def test_a_crawl_that_never_ends_can_be_tried_again() -> None:
    with pytest.raises(RetriableError, match="the crawler c is still RUNNING"):
        FakeCrawler(["READY", "RUNNING"]).run()


def test_a_crawler_that_is_not_there_is_an_error() -> None:
    class Missing(FakeCrawler):
        def start(self) -> bool:
            raise LakeError("StartCrawler failed with EntityNotFoundException: c; create it")

    with pytest.raises(LakeError, match="EntityNotFoundException"):
        Missing(["READY"]).run()


@pytest.mark.parametrize(
    ("age", "days", "status", "is_enough"),
    [
        (timedelta(days=6), 7, "SUCCEEDED", True),
        (timedelta(days=7, minutes=-9), 7, "SUCCEEDED", False),  # the audit of that night began later than this one's
        (timedelta(days=1, minutes=-9), 2, "SUCCEEDED", True),
        (timedelta(minutes=5), 1, "SUCCEEDED", False),
        (timedelta(minutes=5), 7, "FAILED", False),
        (timedelta(minutes=5), 7, "CANCELLED", False),
    ],
)
def test_a_crawl_that_succeeded_days_ago_is_enough(age: timedelta, days: int, status: str, is_enough: bool) -> None:
    now = datetime(2026, 11, 30, 2, 15, tzinfo=timezone.utc)

    class Crawled(FakeCrawler):
        def look(self) -> Crawl:
            return Crawl(True, "READY", "1", now - age, status)

    assert crawled_since(Crawled(["READY"]), now, days) == (now - age if is_enough else None)


def test_a_crawler_that_never_ran_is_started() -> None:
    assert crawled_since(FakeCrawler(["READY"]), datetime.now(timezone.utc), 7) is None
