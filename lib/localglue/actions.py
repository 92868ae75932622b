"""The actions of triggers: starting jobs and crawlers."""

from __future__ import annotations

from localapi.documents import Document
from localapi.errors import ApiError
from localglue.crawls import Crawls
from localglue.errors import CrawlerStopping
from localglue.job_runs import JobRuns
from localglue.states import ACTIVE, Origin
from localglue.store import CRAWL, Store

_RUN_MEMBERS = ("JobName", "Arguments", "Timeout", "SecurityConfiguration", "NotificationProperty")


class Actions:
    """Starts the jobs and crawlers that triggers name."""

    def __init__(self, store: Store, job_runs: JobRuns, crawls: Crawls) -> None:
        self._store, self._job_runs, self._crawls = store, job_runs, crawls

    def fire(self, trigger: Document, origin: Origin) -> None:
        """Start every action of the trigger. One that cannot be started is recorded as a run in state ERROR."""
        for action in trigger["Actions"]:
            try:
                self._start(action, origin)
            except ApiError as problem:
                self._record_failed_start(action, problem, origin)

    def fire_on_demand(self, trigger: Document) -> None:
        """Start the actions of an on-demand trigger. Raises the GlueError of the first that cannot be started."""
        for action in trigger["Actions"]:
            self._start(action, Origin(trigger["Name"]))

    def stop_all(self, workflow_run: str) -> None:
        """Begin to stop every active job run and crawl of a workflow run."""
        for run in self._job_runs.active_in(workflow_run):
            self._job_runs.stop(run["JobName"], run["Id"])
        for crawl in self._store.runs_in(CRAWL, workflow_run):
            if crawl["State"] in ACTIVE:
                self._stop_crawl(crawl["CrawlerName"])

    def _start(self, action: Document, origin: Origin) -> None:
        if "CrawlerName" in action:
            self._crawls.start_crawl(action["CrawlerName"], origin)
            return
        request = {name: action[name] for name in _RUN_MEMBERS if name in action}
        self._job_runs.start(request, origin)

    def _record_failed_start(self, action: Document, problem: ApiError, origin: Origin) -> None:
        if "CrawlerName" in action:
            self._crawls.record_failed_start(action["CrawlerName"], problem, origin)
        else:
            self._job_runs.record_failed_start(action["JobName"], problem, origin)

    def _stop_crawl(self, crawler: str) -> None:
        try:
            self._crawls.stop({"Name": crawler})
        except CrawlerStopping:  # another caller was faster
            return
