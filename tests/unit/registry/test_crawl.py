"""A crawl as a function, against a crawler that does what it is told."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from totelake.errors import LakeError, RetriableError
from totelake.registry.crawl import crawl


class Crawler:
    """A crawler that goes through the states it is given; a start takes effect when it is READY."""

    def __init__(self, states: list[str], status: str = "SUCCEEDED", message: str | None = None, refusals: int = 0):
        self.states, self.status, self.message, self.refusals = states, status, message, refusals
        self.starts = 0
        self.now = 0.0

    def get_crawler(self, Name: str) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        found: dict[str, Any] = {"Name": Name, "State": state}
        if self.starts and state == "READY":
            found["LastCrawl"] = {"Status": self.status, "StartTime": self.starts}
            if self.message:
                found["LastCrawl"]["ErrorMessage"] = self.message
        return {"Crawler": found}

    def start_crawler(self, Name: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "CrawlerRunningException"}}, "StartCrawler")
        self.starts += 1

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self) -> None:
        crawl(self, "c", sleep=self.sleep, clock=lambda: self.now, within=60)


def test_it_is_started_once_and_waited_for() -> None:
    crawler = Crawler(["READY", "RUNNING", "STOPPING", "READY"])
    crawler.run()
    assert crawler.starts == 1


def test_a_crawl_under_way_is_waited_for_and_then_started_anew() -> None:
    crawler = Crawler(["RUNNING", "READY", "RUNNING", "READY", "RUNNING", "READY"], refusals=1)
    crawler.run()
    assert crawler.starts == 1


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        ("FAILED", "no rights", "the crawler c ended FAILED: no rights"),
        ("CANCELLED", None, "the crawler c ended CANCELLED: no message"),
    ],
)
def test_a_crawl_that_does_not_succeed_is_told_in_its_own_words(status: str, message: str | None, says: str) -> None:
    with pytest.raises(LakeError, match=says):
        Crawler(["READY", "RUNNING", "READY"], status, message).run()


def test_a_crawl_that_never_ends_can_be_tried_again() -> None:
    with pytest.raises(RetriableError, match="the crawler c is still RUNNING"):
        Crawler(["READY", "RUNNING"]).run()


def test_a_crawler_that_is_not_there_is_an_error() -> None:
    class Missing(Crawler):
        def start_crawler(self, Name: str) -> None:
            raise ClientError({"Error": {"Code": "EntityNotFoundException"}}, "StartCrawler")

    with pytest.raises(ClientError, match="EntityNotFoundException"):
        Missing(["READY"]).run()
