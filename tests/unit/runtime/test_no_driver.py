"""AWS Glue's Spark has no psycopg2: a Spark job that brings no wheel of it loads none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from totelake.contracts.documents import documents
from totelake.contracts.pipeline import FUSED, SPLIT, pipeline_of

pytest.importorskip("pyspark", reason="a Python shell has no Spark")
_WITHOUT = "import sys, runpy; sys.modules['psycopg2'] = None; runpy.run_path(sys.argv[1], run_name='loaded')"
SCRIPTS = sorted(
    {
        str(job["script"])
        for way in (FUSED, SPLIT)
        for job in pipeline_of(documents(), way)["jobs"].values()
        if job["kind"] == "glueetl" and not job.get("modules")
    }
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_spark_job_loads_has_no_driver_for_python(script: str) -> None:
    command = [sys.executable, "-c", _WITHOUT, str(ROOT / "glue_jobs" / f"{script}.py")]
    done = subprocess.run(command, cwd=ROOT / "lib", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_are_such_jobs() -> None:
    assert SCRIPTS == ["build_and_load", "build_dimensions", "build_facts", "canary_spark", "load_warehouse"]
