"""Schedules of triggers and crawlers."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.integration.localglue.bench import bench_on, serve


def test_schedules_start_jobs_workflows_and_crawlers(endpoint: str, tmp_path: Path) -> None:
    service = serve(endpoint, tmp_path)
    try:
        bench = bench_on(endpoint, service)
        job, inside = bench.job(), bench.job()
        workflow, crawler = bench.workflow(), bench.crawler("nowhere", "t", Schedule="cron(0 12 * * ? *)")
        schedule: dict[str, Any] = {"Type": "SCHEDULED", "Schedule": "cron(0 12 * * ? *)", "StartOnCreation": True}
        trigger = bench.trigger([job], **schedule)
        bench.trigger([inside], WorkflowName=workflow, **schedule)
        idle = bench.trigger([job], **{**schedule, "StartOnCreation": False})
        day = datetime(2099, 1, 1, 11, 59, tzinfo=timezone.utc).timestamp()

        service.glue._scheduler.tick(day, day + 30)
        assert bench.glue.get_job_runs(JobName=job)["JobRuns"] == []
        service.glue._scheduler.tick(day + 30, day + 90)

        assert [run["TriggerName"] for run in bench.glue.get_job_runs(JobName=job)["JobRuns"]] == [trigger] != [idle]
        run_id = bench.glue.get_workflow_runs(Name=workflow)["Runs"][0]["WorkflowRunId"]
        assert bench.workflow_ended(workflow, run_id)["Statistics"]["SucceededActions"] == 1
        bench.crawler_ready(crawler)
        assert len(bench.glue.list_crawls(CrawlerName=crawler)["Crawls"]) == 1
    finally:
        service.close()
