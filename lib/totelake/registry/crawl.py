"""A crawl as a function: wait for the one under way, start another, wait for its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Callable

from totelake.errors import LakeError, RetriableError
from totelake.ports.schema_catalog import Crawl, Crawler

_POLL = 0.3
_SLOWEST_POLL = 10.0
_WITHIN = 45 * 60.0
_SUCCEEDED = "SUCCEEDED"
# a night's audit begins when those before it have ended, so not at the same minute
_HALF_A_DAY = timedelta(days=0.5)


def crawl(
    crawler: Crawler,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    within: float = _WITHIN,
) -> None:
    """Run the crawler once over what is there now. Raises LakeError with the crawler's own message when it fails."""
    wait = _Wait(crawler, sleep, clock, clock() + within)
    before = wait.until_ready()
    while not crawler.start():
        before = wait.until_ready()
    last = wait.until_ready(before.last_crawl)
    if last.last_status != _SUCCEEDED:
        raise LakeError(
            f"the crawler {crawler.name} ended {last.last_status or 'without a crawl'}: "
            f"{last.last_message or 'no message'}; see its log and correct what it names"
        )


def crawled_since(crawler: Crawler, now: datetime, days: int) -> datetime | None:
    """When the crawler's last crawl began, if it succeeded and so many days have not passed; with 1 day None."""
    found = crawler.look()
    begun = found.last_start
    if days == 1 or begun is None or found.last_status != _SUCCEEDED:
        return None
    return begun if now - begun < timedelta(days=days) - _HALF_A_DAY else None


@dataclass(frozen=True)
class _Wait:
    """Looks at a crawler, less and less often, until a deadline."""

    crawler: Crawler
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    deadline: float

    def until_ready(self, before: str | None = None) -> Crawl:
        """Wait until it can be started and, with `before`, until its last crawl is another one than that."""
        pause = _POLL
        while True:
            found = self.crawler.look()
            if found.is_ready and found.last_crawl != before:
                return found
            if self.clock() > self.deadline:
                raise RetriableError(
                    f"the crawler {self.crawler.name} is still {found.state}; run the job again when it has ended"
                )
            self.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_POLL)
