"""The deployed jobs of a stack's workflow, run in the process of the tests, where Spark is warm already.

Most tests need a refresh, not five processes. What a command or `watch` starts, the demo and the first runs of two
files go through the workflow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.e2e.pipeline import WORKFLOW, Pipeline
from tests.faults.world import FUSED, JOBS, WORK
from totelake.runtime import Clients, open_job
from totelake.runtime.job_arguments import parse_arguments
from totelake.stack.model import CREDENTIAL


class RefreshHere:
    """A refresh of the stack by this process's Spark session."""

    def __init__(self, pipeline: Pipeline, spark: Any) -> None:
        stack = pipeline.stack
        self._pipeline = pipeline
        endpoints = {"": stack.aws_endpoint, "glue": stack.glue_endpoint}
        self._clients = Clients(stack.region, endpoints, (CREDENTIAL, CREDENTIAL))
        hadoop = spark.sparkContext._jsc.hadoopConfiguration()
        for bucket in (stack.ingestion_bucket, stack.processed_bucket):
            hadoop.set(f"fs.s3a.bucket.{bucket}.endpoint", stack.aws_endpoint)

    def __call__(self) -> None:
        """Run it; fails the test with the failing job's own sentence."""
        deployed = dict(self._deployed())
        for script in (*JOBS, FUSED):
            if script in deployed:
                self._run(script, deployed[script])

    def _deployed(self) -> Iterable[tuple[str, dict[str, str]]]:
        """Script and arguments of the workflow's jobs."""
        glue = self._pipeline.glue
        graph = glue.get_workflow(Name=WORKFLOW, IncludeGraph=True)["Workflow"]["Graph"]
        for node in graph["Nodes"]:
            if node["Type"] == "JOB":
                job = glue.get_job(JobName=node["Name"])["Job"]
                script = job["Command"]["ScriptLocation"].rsplit("/", 1)[1].removesuffix(".py")
                yield script, job["DefaultArguments"]

    def _run(self, script: str, arguments: dict[str, str]) -> None:
        work, kind = WORK[script]
        words = [word for name, value in arguments.items() for word in (name, value)]
        with open_job(parse_arguments([script, *words], kind), self._clients) as job:
            work(job)
