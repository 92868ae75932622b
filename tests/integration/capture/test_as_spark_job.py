"""ingest as a job of kind glueetl: the deployed script, its wheels from S3, on localglue by spark-submit."""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from localglue.wheels import runs_here
from tests.conftest import SOURCE
from tests.integration.capture.conftest import Source, insert_designs
from tests.integration.localglue.conftest import bench_on, serve
from tests.integration.star.samples import SPARK
from totelake.contracts import load_contracts
from totelake.deploy.deploy import tables_by_source
from totelake.deploy.plan import Settings, plan
from totelake.deploy.release import Release, build
from totelake.errors import ConfigurationError
from totelake.stack import spark

pytestmark = SPARK
JOB = f"ingest-{SOURCE}"


def pipeline() -> dict[str, Any]:
    """The catalog's, with one shell job as a Spark job."""
    found = copy.deepcopy(dict(load_contracts().pipeline))
    found["jobs"][JOB]["kind"] = "glueetl"
    return found


@pytest.fixture(scope="module")
def release(request: pytest.FixtureRequest) -> Release:
    """A release for that pipeline; its compiled wheels are downloaded."""
    try:
        return build(Path(__file__).resolve().parents[3], pipeline())
    except ConfigurationError as error:
        if "cannot be downloaded" not in str(error):
            raise
        pytest.skip(str(error))


def test_the_release_has_the_pinned_driver_for_every_glue_version(release: Release) -> None:
    tags = {name: name.split("-")[2] for name in release.compiled}
    assert sorted(tags.values()) == ["cp311", "cp313"]
    assert all(name.startswith("psycopg2_binary-") and "x86_64" in name for name in tags)
    assert set(release.compiled) <= set(release.files)


def test_it_captures_what_a_shell_job_would(
    source: Source, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    for name, value in spark.environment().items():
        monkeypatch.setenv(name, value)
    properties = spark.write_properties(tmp_path / "spark.properties", endpoint)
    submit = str(Path(sys.executable).parent / "spark-submit")
    service = serve(
        endpoint, tmp_path / "state", spark_submit=submit, spark_properties=properties, minute=60.0, grace=5.0
    )
    try:
        bench = bench_on(endpoint, service)
        for name, content in release.files.items():
            bench.put(name, content)
        settings = Settings(
            ingestion_bucket=source.bucket,
            processed_bucket="processed",
            role="local",
            scripts=f"s3://{bench.bucket}/glue_jobs",
            wheel=f"s3://{bench.bucket}/{release.wheel}",
            libraries=tuple(f"s3://{bench.bucket}/{name}" for name in release.libraries),
            compiled=tuple(f"s3://{bench.bucket}/{name}" for name in release.compiled),
            jars=tuple(f"s3://{bench.bucket}/{name}" for name in release.jars),
        )
        wanted = plan(pipeline(), tables_by_source(load_contracts()), settings).jobs[f"totelake-{JOB}"]
        bench.glue.create_job(**wanted)
        source.sql(insert_designs(1, 3))
        run = bench.glue.start_job_run(JobName=wanted["Name"], Arguments={"--source_secret": source.secret})
        ended = bench.ended(wanted["Name"], run["JobRunId"], 120.0)
        said = bench.lines("/aws-glue/jobs/error", run["JobRunId"])
    finally:
        service.close()
    assert ended["JobRunState"] == "SUCCEEDED", ended.get("ErrorMessage")
    assert source.replayed("design") == source.content("design")
    modules = wanted["DefaultArguments"]["--additional-python-modules"].split(",")
    [driver] = [module.rsplit("/", 1)[-1] for module in modules if "psycopg2" in module]
    assert any(driver in line for line in said) != runs_here(driver)
