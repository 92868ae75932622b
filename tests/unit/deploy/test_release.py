"""Libraries packed for a release, and which of them it has."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.conftest import ROOT
from totelake.contracts import load_contracts
from totelake.deploy.compiled import fetch, needed
from totelake.deploy.jars import fetch_jars
from totelake.deploy.release import repacked
from totelake.errors import ConfigurationError
from totelake.stack.jars import DRIVER


def test_an_installed_library_is_packed_as_a_whole_wheel() -> None:
    name, content = repacked("iso4217")
    assert repacked("iso4217") == (name, content)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        names = set(wheel.namelist())
        record = next(entry for entry in names if entry.endswith("RECORD"))
        recorded = {line.split(",")[0] for line in wheel.read(record).decode().splitlines()}
    assert recorded == names
    assert {"iso4217/__init__.py", "iso4217/table.xml"} <= names


def test_a_library_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigurationError) as raised:
        repacked("no-such-library")
    assert str(raised.value) == "the library no-such-library is not installed; run `make install`"


def test_a_library_with_compiled_code_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        repacked("psutil")
    assert str(raised.value) == "the library psutil is not pure Python; take it out of the Spark jobs' libraries"


def test_what_spark_jobs_need_and_shell_jobs_do_not_is_what_their_kind_says() -> None:
    jobs = {"a": {"kind": "pythonshell", "modules": ["one"]}, "b": {"kind": "glueetl", "modules": ["three", "two"]}}
    assert needed({"jobs": {**jobs, "c": {"kind": "glueetl"}}}) == ["three", "two"]


def test_a_jar_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the jar mysql is not pinned; add it with its SHA-256 to"):
        fetch_jars(["mysql"])


def test_every_job_that_writes_to_the_warehouse_brings_its_driver() -> None:
    jobs = load_contracts().pipeline["jobs"].values()
    writers = [job for job in jobs if "warehouse_secret" in job.get("arguments", {})]
    assert writers and all(job["jars"] == [DRIVER.name] for job in writers)


def test_a_module_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="glue-spark.txt does not pin numpy; add it to requirements/glue-spark"
    ):
        fetch(ROOT, ["numpy"], ["cp311"])


def test_the_driver_is_pinned_as_the_tests_use_it() -> None:
    locks = [(ROOT / "requirements" / name).read_text().splitlines() for name in ("glue-spark.txt", "dev.txt")]
    assert set(locks[0]) <= set(locks[1])
