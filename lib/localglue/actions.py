"""What triggers do: start jobs and crawlers."""

from __future__ import annotations

from localglue.crawlers import Crawlers
from localglue.documents import Document
from localglue.errors import CrawlerStopping, GlueError, InvalidInput
from localglue.job_runs import JobRuns
from localglue.states import ACTIVE, Origin
from localglue.store import CRAWL, Store

_OF_THE_RUN = ("JobName", "Arguments", "Timeout", "SecurityConfiguration", "NotificationProperty")


class Actions:
    """Starts what triggers name."""

    def __init__(self, store: Store, job_runs: JobRuns, crawlers: Crawlers) -> None:
        self._store, self._job_runs, self._crawlers = store, job_runs, crawlers

    def fire(self, trigger: Document, origin: Origin) -> None:
        """Do the trigger's actions; one that cannot be started leaves a run in state ERROR."""
        for action in trigger["Actions"]:
            try:
                self._start(action, origin)
            except GlueError as problem:
                self._refuse(action, problem, origin)

    def on_demand(self, trigger: Document) -> None:
        """Do the actions of a trigger that was started by hand. Raises the error of the first that cannot be started.

        Raises InvalidInput for a trigger of a workflow.
        """
        if trigger.get("WorkflowName"):
            raise InvalidInput(
                f"trigger {trigger['Name']} belongs to the workflow {trigger['WorkflowName']}; start the workflow"
            )
        for action in trigger["Actions"]:
            self._start(action, Origin(trigger["Name"]))

    def stop_all(self, workflow_run: str) -> None:
        """Begin to stop everything that goes on in a workflow run."""
        for run in self._job_runs.active_in(workflow_run):
            self._job_runs.stop(run["JobName"], run["Id"])
        for crawl in self._store.runs_in(CRAWL, workflow_run):
            if crawl["State"] in ACTIVE:
                self._stop_crawl(crawl["CrawlerName"])

    def _start(self, action: Document, origin: Origin) -> None:
        if "CrawlerName" in action:
            self._crawlers.start_crawl(action["CrawlerName"], origin)
            return
        request = {name: action[name] for name in _OF_THE_RUN if name in action}
        self._job_runs.start(request, origin)

    def _refuse(self, action: Document, problem: GlueError, origin: Origin) -> None:
        if "CrawlerName" in action:
            self._crawlers.refuse(action["CrawlerName"], problem, origin)
        else:
            self._job_runs.refuse(action["JobName"], problem, origin)

    def _stop_crawl(self, crawler: str) -> None:
        try:
            self._crawlers.stop({"Name": crawler})
        except CrawlerStopping:  # somebody has stopped it already, which is what is wanted
            return
