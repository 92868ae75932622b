"""Crawler definitions and their schedules."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial

from localapi.documents import Document, Operations
from localglue import cron
from localglue.errors import CrawlerRunning, EntityNotFound, GlueError, InvalidInput
from localglue.globs import regex_of
from localglue.paging import page_of
from localglue.scheduler import Schedule
from localglue.states import ACTIVE, CANCELLING, ERROR, FAILED, now
from localglue.store import CRAWL, CRAWLER, Store
from localglue.tags import carrying

SCHEDULED, NOT_SCHEDULED = "SCHEDULED", "NOT_SCHEDULED"
_CHANGEABLE = (
    "Role", "DatabaseName", "Description", "Targets", "Classifiers", "TablePrefix", "SchemaChangePolicy",
    "RecrawlPolicy", "LineageConfiguration", "LakeFormationConfiguration", "Configuration",
    "CrawlerSecurityConfiguration",
)  # fmt: skip
_DEFAULTS: Document = {
    "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"},
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    "Classifiers": [],
}


class Crawlers:
    """Create, read, update, schedule and delete crawlers."""

    def __init__(self, store: Store, lock: threading.RLock) -> None:
        self._store, self._lock = store, lock
        self.changed: Callable[[], None] = lambda: None
        """Called when schedules may have changed."""

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        everything = self._store.all
        return {
            "CreateCrawler": self.create,
            "UpdateCrawler": self.update,
            "GetCrawler": lambda request: {"Crawler": self.describe(self.get(request["Name"]))},
            "GetCrawlers": lambda request: page_of(
                request, "Crawlers", [self.describe(c) for c in everything(CRAWLER)]
            ),
            "BatchGetCrawlers": self.batch_get,
            "ListCrawlers": self.list_names,
            "DeleteCrawler": self.delete,
            "StartCrawlerSchedule": lambda request: self._schedule(request["CrawlerName"], SCHEDULED),
            "StopCrawlerSchedule": lambda request: self._schedule(request["CrawlerName"], NOT_SCHEDULED),
            "UpdateCrawlerSchedule": self.update_schedule,
        }

    def get(self, name: str) -> Document:
        """The crawler's definition. Raises EntityNotFound."""
        return self._store.existing(CRAWLER, name)

    def create(self, request: Document) -> Document:
        """Add a crawler. Raises AlreadyExists, InvalidInput."""
        name = request["Name"]
        self._store.refuse_existing(CRAWLER, name)
        kept = {key: value for key, value in request.items() if key in _CHANGEABLE}
        crawler = {"Name": name, **_DEFAULTS, **kept, "Version": 1, "CreationTime": now(), "LastUpdated": now()}
        self._save(_scheduled(crawler, request.get("Schedule")))
        return {}

    def update(self, request: Document) -> Document:
        """Change the members that the request names. Raises EntityNotFound, CrawlerRunning, InvalidInput."""
        with self._lock:
            crawler = self._idle(request["Name"])
            crawler |= {key: value for key, value in request.items() if key in _CHANGEABLE}
            crawler |= {"Version": crawler["Version"] + 1, "LastUpdated": now()}
            self._save(_scheduled(crawler, request.get("Schedule")))
        return {}

    def update_schedule(self, request: Document) -> Document:
        """Change the crawler's schedule. Raises EntityNotFound, InvalidInput."""
        with self._lock:
            self._save(_scheduled(self.get(request["CrawlerName"]), request.get("Schedule")))
        return {}

    def batch_get(self, request: Document) -> Document:
        """The crawlers with these names, and the names without a crawler."""
        found = {name: self._store.get(CRAWLER, name) for name in request["CrawlerNames"]}
        return {
            "Crawlers": [self.describe(crawler) for crawler in found.values() if crawler],
            "CrawlersNotFound": [name for name, crawler in found.items() if not crawler],
        }

    def delete(self, request: Document) -> Document:
        """Delete a crawler. Raises EntityNotFound, CrawlerRunning."""
        with self._lock:
            self._idle(request["Name"])
            self._store.delete(CRAWLER, request["Name"])
        self.changed()
        return {}

    def list_names(self, request: Document) -> Document:
        """The names of all crawlers, or of those with these tags."""
        names = [crawler["Name"] for crawler in self._store.all(CRAWLER)]
        return page_of(request, "CrawlerNames", carrying(self._store, "crawler", names, request))

    def active(self, name: str) -> Document | None:
        """The crawl in progress, if there is one."""
        found = self._store.runs_in_states(CRAWL, ACTIVE, name)
        return found[0] if found else None

    def schedules(self, start: Callable[[str], None]) -> list[Schedule]:
        """The active schedules; each calls `start` with the crawler's name when it is due."""
        return [
            Schedule(crawler["Schedule"]["ScheduleExpression"], crawler["ScheduledOn"], partial(start, crawler["Name"]))
            for crawler in self._store.all(CRAWLER)
            if crawler.get("Schedule", {}).get("State") == SCHEDULED
        ]

    def describe(self, crawler: Document) -> Document:
        """The crawler as GetCrawler returns it, with its state and last crawl."""
        since, crawls = crawler["CreationTime"], self._store.runs_of(CRAWL, crawler["Name"], 2)
        ended = next((one for one in crawls if one["State"] not in ACTIVE and one["StartedOn"] >= since), None)
        described = {**crawler, "State": "READY", "CrawlElapsedTime": 0}
        active = self.active(crawler["Name"])
        if active:
            described["State"] = "STOPPING" if active["State"] == CANCELLING else "RUNNING"
            described["CrawlElapsedTime"] = int(1000 * (now() - active["StartedOn"]))
        if ended:
            described["LastCrawl"] = {
                "Status": FAILED if ended["State"] == ERROR else ended["State"],
                "ErrorMessage": ended.get("ErrorMessage"),
                "LogGroup": ended["LogGroup"],
                "LogStream": crawler["Name"],
                "MessagePrefix": ended["CrawlId"],
                "StartTime": ended["StartedOn"],
            }
        return described

    def _idle(self, name: str) -> Document:
        crawler = self.get(name)
        if self.active(name):
            raise CrawlerRunning(name)
        return crawler

    def _schedule(self, name: str, state: str) -> Document:
        with self._lock:
            crawler = self.get(name)
            if "Schedule" not in crawler:
                raise _NoSchedule(name)
            if crawler["Schedule"]["State"] == state:
                raise _ScheduleUnchanged(name, state)
            crawler["Schedule"]["State"] = state
            self._save({**crawler, "ScheduledOn": now()})
        return {}

    def _save(self, crawler: Document) -> None:
        name, targets = crawler["Name"], crawler.get("Targets", {})
        if not targets.get("S3Targets"):
            raise InvalidInput(f"crawler {name} has no S3Targets; name one, localglue crawls nothing else")
        if any(targets.get(kind) for kind in targets if kind != "S3Targets"):
            raise InvalidInput(f"crawler {name}: localglue crawls S3Targets only; remove the other targets")
        for target in targets["S3Targets"]:
            if not target.get("Path", "").startswith("s3://"):
                raise InvalidInput(
                    f"crawler {name}: the path '{target.get('Path')}' is not an s3:// address; correct it"
                )
            for exclusion in target.get("Exclusions", ()):
                regex_of(exclusion)
        self._refuse_what_is_not_built(crawler)
        _check_configuration(name, crawler.get("Configuration"))
        self._store.put(CRAWLER, name, crawler)
        self.changed()

    def _refuse_what_is_not_built(self, crawler: Document) -> None:
        """Raises EntityNotFound for a classifier, as there are none, and InvalidInput for other members by name."""
        for classifier in crawler.get("Classifiers", ()):
            raise EntityNotFound("classifier", classifier)
        about, targets = f"crawler {crawler['Name']}", crawler["Targets"]["S3Targets"]
        if crawler.get("RecrawlPolicy", {}).get("RecrawlBehavior") == "CRAWL_EVENT_MODE":
            raise InvalidInput(f"{about}: localglue has no RecrawlBehavior CRAWL_EVENT_MODE; crawl everything")
        for member in ("ConnectionName", "SampleSize", "EventQueueArn", "DlqEventQueueArn"):
            if any(member in target for target in targets):
                raise InvalidInput(f"{about}: localglue crawls no target with {member}; remove it")


class _NoSchedule(GlueError):
    code = "NoScheduleException"

    def __init__(self, name: str) -> None:
        super().__init__(f"crawler {name} has no schedule; give it one with UpdateCrawlerSchedule")


class _ScheduleUnchanged(GlueError):
    def __init__(self, name: str, state: str) -> None:
        super().__init__(f"the schedule of crawler {name} is already {state}")
        self.code = "SchedulerRunningException" if state == SCHEDULED else "SchedulerNotRunningException"


def _scheduled(crawler: Document, expression: str | None) -> Document:
    """The crawler with this schedule; without a schedule if it is empty; unchanged if it is None."""
    if expression is None:
        return crawler
    if not expression:
        return {key: value for key, value in crawler.items() if key != "Schedule"}
    cron.check(expression)
    return {**crawler, "Schedule": {"ScheduleExpression": expression, "State": SCHEDULED}, "ScheduledOn": now()}


def _check_configuration(name: str, configuration: str | None) -> None:
    try:
        parsed = json.loads(configuration or "{}")
    except ValueError as problem:
        raise InvalidInput(f"crawler {name}: Configuration is not JSON ({problem})") from problem
    if not isinstance(parsed, dict):
        raise InvalidInput(f"crawler {name}: Configuration must be a JSON object, and is {configuration}")
    output = _section(name, parsed, "CrawlerOutput", "")
    tables, grouping = _section(name, output, "Tables", "CrawlerOutput."), _section(name, parsed, "Grouping", "")
    _section(name, output, "Partitions", "CrawlerOutput.")
    if parsed.get("CreatePartitionIndex"):
        raise InvalidInput(f"crawler {name}: localglue creates no partition index; remove CreatePartitionIndex")
    numbers = {
        "CrawlerOutput.Tables.TableThreshold": tables.get("TableThreshold"),
        "Grouping.TableLevelConfiguration": grouping.get("TableLevelConfiguration"),
    }
    for member, number in numbers.items():
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
            raise InvalidInput(f"crawler {name}: {member} of its Configuration is {number}; it is a number from 1 on")


def _section(name: str, within: Document, member: str, path: str) -> Document:
    """A section of a crawler's Configuration, empty when there is none. Raises InvalidInput for what is no object."""
    found = within.get(member, {})
    if not isinstance(found, dict):
        raise InvalidInput(f"crawler {name}: {path}{member} of its Configuration is {found}; it is a JSON object")
    return found
