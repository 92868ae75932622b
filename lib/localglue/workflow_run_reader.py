"""What a workflow run has started so far, read from the store."""

from __future__ import annotations

from localapi.documents import Document
from localglue.graph import graph, statistics
from localglue.states import CRAWLER_NODE, JOB_NODE, RUNNING, Node
from localglue.store import CRAWL, JOB_RUN, WORKFLOW_RUN, Store

NodeRuns = dict[Node, list[Document]]
"""The job runs or crawls of each node, oldest first."""


class WorkflowRunReader:
    """Reads workflow runs; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def may_start_more(self, run_id: str) -> bool:
        """Whether the workflow run may still start jobs and crawlers."""
        run = self._store.run(WORKFLOW_RUN, run_id)
        return run is not None and run["Status"] == RUNNING

    def describe(self, run: Document, with_graph: bool) -> Document:
        """The workflow run with its statistics and, on request, its graph."""
        nodes = self.node_runs(run)
        described = {**run, "Statistics": statistics(run["Triggers"], nodes)}
        return {**described, "Graph": graph(run["Name"], run["Triggers"], nodes)} if with_graph else described

    def node_runs(self, run: Document) -> NodeRuns:
        """The runs of each node that has any: copied from the resumed workflow run, or started by this one."""
        found: NodeRuns = {}
        for kind, name, ids in run["Copied"]:
            stored = (self._store.run(JOB_RUN if kind == JOB_NODE else CRAWL, run_id) for run_id in ids)
            found[(kind, name)] = [one for one in stored if one is not None]
        for one in self._store.runs_in(JOB_RUN, run["WorkflowRunId"]):
            found.setdefault((JOB_NODE, one["JobName"]), []).append(one)
        for one in self._store.runs_in(CRAWL, run["WorkflowRunId"]):
            found.setdefault((CRAWLER_NODE, one["CrawlerName"]), []).append(one)
        return {node: runs for node, runs in found.items() if runs}
