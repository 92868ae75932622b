"""Crawls: started, stopped and recorded. Each really reads the objects in S3."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable

from localapi.documents import Document, Operations
from localapi.errors import ApiError
from localglue.clients import Clients
from localglue.crawl import Crawl, CrawlStopped, Summary
from localglue.crawl_filters import filter_of
from localglue.crawlers import Crawlers
from localglue.data_catalog import DataCatalog
from localglue.errors import CrawlerNotRunning, CrawlerRunning, CrawlerStopping
from localglue.footers import FooterReader
from localglue.log_groups import crawler_log_group
from localglue.logs import LogShipper
from localglue.paging import page_of
from localglue.security_configurations import SecurityConfigurations
from localglue.states import (
    ACTIVE,
    CANCELLED,
    CANCELLING,
    CRAWLER_NODE,
    ERROR,
    FAILED,
    RUNNING,
    SUCCEEDED,
    FinishedRun,
    Origin,
    now,
)  # fmt: skip
from localglue.store import CRAWL, CRAWLER, Store

_LOG = logging.getLogger(__name__)
_LISTED = {SUCCEEDED: "COMPLETED", FAILED: "FAILED", CANCELLED: "STOPPED", ERROR: "FAILED"}
_DPUS = 2
"""The DPUs that Glue uses for a crawl."""


class Crawls:
    """Starts, stops and records crawls. Every change of state happens under the application's lock."""

    def __init__(
        self,
        store: Store,
        crawlers: Crawlers,
        security: SecurityConfigurations,
        clients: Clients,
        catalog: DataCatalog,
        lock: threading.RLock,
    ) -> None:
        self._store, self._crawlers, self._security, self._clients = store, crawlers, security, clients
        self._catalog, self._lock = catalog, lock
        self._threads: dict[str, threading.Thread] = {}
        self._stops: dict[str, threading.Event] = {}
        self._closing = False
        self.listeners: list[Callable[[FinishedRun], None]] = []
        """Called, under the lock, when a crawl has ended."""

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        return {"StartCrawler": self.start, "StopCrawler": self.stop, "ListCrawls": self.list_crawls}

    def start_scheduled(self, name: str) -> None:
        """Start a crawl whose schedule is due. Raises EntityNotFound, CrawlerRunning."""
        self.start_crawl(name, Origin())

    def start(self, request: Document) -> Document:
        """Start a crawl. Raises EntityNotFound, CrawlerRunning."""
        self.start_crawl(request["Name"], Origin())
        return {}

    def record_failed_start(self, name: str, problem: ApiError, origin: Origin) -> None:
        """Record that a trigger could not start the crawler, as a crawl in state ERROR; its workflow run shows it."""
        crawl = self._new_crawl(name, origin, crawler_log_group(self._store.get(CRAWLER, name) or {}))
        crawl |= {"State": ERROR, "ErrorMessage": problem.message, "CompletedOn": now()}
        self._store.add_run(CRAWL, crawl["CrawlId"], name, origin.workflow_run, ERROR, crawl)

    @staticmethod
    def _new_crawl(name: str, origin: Origin, log_group: str) -> Document:
        crawl = {
            "CrawlId": str(uuid.uuid4()), "CrawlerName": name, "State": RUNNING, "StartedOn": now(),
            "LogGroup": log_group, "LogStream": name, "TriggerName": origin.trigger, "Workflow": origin.workflow,
            "WorkflowRun": origin.workflow_run,
        }  # fmt: skip
        return {key: value for key, value in crawl.items() if value is not None}

    def start_crawl(self, name: str, origin: Origin) -> None:
        """Start a crawl. Raises EntityNotFound for it or its security configuration, CrawlerRunning."""
        with self._lock:
            crawler = self._crawlers.get(name)
            if self._crawlers.active(name):
                raise CrawlerRunning(name)
            key = self._security.log_key(crawler.get("CrawlerSecurityConfiguration"))
            crawl = self._new_crawl(name, origin, crawler_log_group(crawler))
            crawl_id = crawl["CrawlId"]
            self._store.add_run(CRAWL, crawl_id, name, origin.workflow_run, RUNNING, crawl)
            stop = self._stops[crawl_id] = threading.Event()
            thread = threading.Thread(target=self._run, args=(crawler, crawl, key, stop, origin), daemon=True)
            self._threads[crawl_id] = thread
            thread.start()

    def stop(self, request: Document) -> Document:
        """Begin to stop the crawl. Raises CrawlerNotRunning, CrawlerStopping."""
        with self._lock:
            self._crawlers.get(request["Name"])
            crawl = self._crawlers.active(request["Name"])
            if crawl is None:
                raise CrawlerNotRunning(request["Name"])
            if crawl["State"] == CANCELLING:
                raise CrawlerStopping(request["Name"])
            crawl["State"] = CANCELLING
            self._store.save_run(CRAWL, crawl["CrawlId"], CANCELLING, crawl)
            self._stops[crawl["CrawlId"]].set()
        return {}

    def _run(
        self, crawler: Document, started: Document, key: str | None, stop: threading.Event, origin: Origin
    ) -> None:
        crawl_id, group = started["CrawlId"], started["LogGroup"]
        shipper = LogShipper(self._clients.logs, [group], crawler["Name"], key)

        def log(level: str, message: str) -> None:
            shipper.write(group, f"[{crawl_id}] {level} : {message}")

        log("BENCHMARK", f"Running Start Crawl for Crawler {crawler['Name']}")
        footers = FooterReader(self._clients.s3, self._store)
        crawl = Crawl(crawler, crawl_id, self._clients.s3, self._catalog, footers, stop, log)
        state, message = _run_to_end(crawl)
        if message:
            log("ERROR", message)
        log("BENCHMARK", "Crawler has finished running and is in state READY")
        shipper.close()
        self._ended(crawler["Name"], crawl_id, state, message, crawl.summary, origin)

    def _ended(
        self, name: str, crawl_id: str, state: str, message: str | None, summary: Summary, origin: Origin
    ) -> None:
        with self._lock:
            crawl = self._store.run(CRAWL, crawl_id) or {}
            crawl |= {"State": state, "CompletedOn": now(), "Summary": summary}
            if message:
                crawl["ErrorMessage"] = message[:2048]
            self._store.save_run(CRAWL, crawl_id, state, crawl)
            del self._stops[crawl_id], self._threads[crawl_id]
            if not self._closing:
                for listener in self.listeners:
                    listener(FinishedRun((CRAWLER_NODE, name), crawl_id, state, origin))

    def list_crawls(self, request: Document) -> Document:
        """The crawler's crawls, newest first, with a summary of what each changed. Raises InvalidInput for a filter."""
        name, fits = request["CrawlerName"], filter_of(request.get("Filters", ()))
        since = self._crawlers.get(name)["CreationTime"]
        # crawls of a deleted crawler of this name are still in the graphs of workflow runs
        own = (_history(one) for one in self._store.runs_of(CRAWL, name) if one["StartedOn"] >= since)
        return page_of(request, "Crawls", [one for one in own if fits(one)])

    def recover(self) -> None:
        """Record as FAILED the crawls that were in progress when localglue last ended."""
        for crawl in self._store.runs_in_states(CRAWL, ACTIVE):
            crawl |= {"State": FAILED, "CompletedOn": now(), "ErrorMessage": "localglue was ended during this crawl"}
            self._store.save_run(CRAWL, crawl["CrawlId"], FAILED, crawl)

    def close(self) -> None:
        """Stop every crawl and wait for it."""
        with self._lock:
            self._closing = True
            for stop in self._stops.values():
                stop.set()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()


def _run_to_end(crawl: Crawl) -> tuple[str, str | None]:
    """Runs the crawl. Returns its final state and, if it failed, the reason."""
    try:
        crawl.run()
    except CrawlStopped:
        return CANCELLED, None
    except ApiError as problem:
        return FAILED, problem.message
    except Exception as problem:  # whatever went wrong, the crawler must not stay RUNNING forever
        _LOG.warning("a crawl failed", exc_info=True)
        return FAILED, f"{type(problem).__name__}: {problem}"
    return SUCCEEDED, None


def _history(crawl: Document) -> Document:
    seconds = crawl.get("CompletedOn", now()) - crawl["StartedOn"]
    changed = {kind: counts for kind, counts in crawl.get("Summary", {}).items() if counts}
    return {
        "CrawlId": crawl["CrawlId"],
        "State": _LISTED.get(crawl["State"], "RUNNING"),
        "StartTime": crawl["StartedOn"],
        "EndTime": crawl.get("CompletedOn"),
        "Summary": json.dumps(changed),
        "ErrorMessage": crawl.get("ErrorMessage"),
        "LogGroup": crawl["LogGroup"],
        "LogStream": crawl["LogStream"],
        "MessagePrefix": crawl["CrawlId"],
        "DPUHour": round(_DPUS * seconds / 3600, 5),
    }
