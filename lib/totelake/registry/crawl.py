"""The crawler as a function: start it, or wait for the crawl under way and then start it, and wait for the end."""

from __future__ import annotations

import time
from typing import Any, Callable

from botocore.exceptions import ClientError

from totelake.errors import LakeError, RetriableError

_POLL = 0.3
_SLOWEST_POLL = 10.0
_WITHIN = 45 * 60.0


def crawl(
    glue: Any,
    name: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    within: float = _WITHIN,
) -> None:
    """Run the crawler once over what is there now. Raises LakeError with the crawler's own message when it fails."""
    deadline = clock() + within
    before = _wait_ready(glue, name, sleep, clock, deadline)
    while True:
        try:
            glue.start_crawler(Name=name)
            break
        except ClientError as error:
            if error.response["Error"]["Code"] != "CrawlerRunningException":
                raise
        before = _wait_ready(glue, name, sleep, clock, deadline)
    crawler = _wait_ready(glue, name, sleep, clock, deadline, before)
    last = crawler.get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        raise LakeError(
            f"the crawler {name} ended {last.get('Status', 'without a crawl')}: "
            f"{last.get('ErrorMessage', 'no message')}; see its log, mend what it names and run the job again"
        )


def _wait_ready(
    glue: Any,
    name: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    deadline: float,
    before: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Wait until it is READY and, with `before`, until its last crawl is another one than then."""
    pause = _POLL
    while True:
        crawler: dict[str, Any] = glue.get_crawler(Name=name)["Crawler"]
        same = before is not None and crawler.get("LastCrawl") == before.get("LastCrawl")
        if crawler["State"] == "READY" and not same:
            return crawler
        if clock() > deadline:
            raise RetriableError(f"the crawler {name} is still {crawler['State']}; run the job again when it has ended")
        sleep(pause)
        pause = min(pause * 1.5, _SLOWEST_POLL)
