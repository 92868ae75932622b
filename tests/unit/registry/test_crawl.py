"""A crawl as a function, against a crawler that does as the test says."""

from __future__ import annotations

import pytest

from totelake.errors import LakeError, RetriableError
from totelake.ports.schema_catalog import Crawl
from totelake.registry.crawl import crawl


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
        return Crawl(True, state, str(self.starts), self.status, self.message)

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
