"""Wheels and scripts, named by their content."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from totelake.deploy.compiled import fetch, needed
from totelake.deploy.release import Release, build, repacked
from totelake.errors import ConfigurationError


@pytest.fixture(scope="module")
def release() -> Release:
    """The release of this checkout."""
    return build(ROOT)


def test_two_builds_of_one_checkout_are_the_same_release(release: Release) -> None:
    assert build(ROOT).id == release.id


def test_a_changed_file_changes_the_key_of_every_file(release: Release) -> None:
    changed = Release({**release.files, "glue_jobs/watch.py": b"raise"}, release.wheel, release.libraries)
    assert changed.key(release.wheel) != release.key(release.wheel)


def test_the_wheel_has_both_packages_the_compiled_catalog_and_no_requirements(release: Release) -> None:
    with zipfile.ZipFile(io.BytesIO(release.files[release.wheel])) as wheel:
        names = wheel.namelist()
        documents = json.loads(wheel.read("totelake/contracts/catalog.json"))
        metadata = wheel.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert {"totelake/capture/ingest.py", "localglue/server.py"} <= set(names)
    assert "pipeline.yaml" in documents and "sources/totesys/sales_order.yaml" in documents
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line] == []


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


def test_a_release_has_no_compiled_wheel_that_no_job_needs(release: Release) -> None:
    assert release.compiled == ()
    assert [name for name in release.files if not name.endswith(("-none-any.whl", ".py"))] == []


def test_what_spark_jobs_need_and_shell_jobs_do_not_is_what_their_kind_says() -> None:
    jobs = {"a": {"kind": "pythonshell", "modules": ["one"]}, "b": {"kind": "glueetl", "modules": ["three", "two"]}}
    assert needed({"jobs": {**jobs, "c": {"kind": "glueetl"}}}) == ["three", "two"]


def test_a_wheel_that_cannot_be_downloaded_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        fetch(ROOT, ["psycopg2-binary"], ["cp311"], ["--no-index", "--find-links", str(tmp_path)])
    said = str(raised.value)
    assert said.startswith(
        "the wheels of requirements/glue-spark.txt for Python 3.11 on x86_64 Linux cannot be downloaded"
    )
    assert said.endswith(
        "; build the release where pip reaches a package registry, or leave the jobs that need them kind: pythonshell"
    )


def test_a_module_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="glue-spark.txt does not pin numpy; add it to requirements/glue-spark"
    ):
        fetch(ROOT, ["numpy"], ["cp311"])


def test_the_driver_is_pinned_as_the_tests_use_it() -> None:
    locks = [(ROOT / "requirements" / name).read_text().splitlines() for name in ("glue-spark.txt", "dev.txt")]
    assert set(locks[0]) <= set(locks[1])
