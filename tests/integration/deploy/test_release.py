"""Releases as setuptools and pip build them: named by their content, whole, and the same each time."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from totelake.dashboard.page import SCRIPTS
from totelake.deploy.compiled import fetch
from totelake.deploy.release import Release, build
from totelake.errors import ConfigurationError
from totelake.stack.jars import DRIVER

pytestmark = pytest.mark.integration


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
    assert {"totelake/capture/ingest.py", "localapi/server.py", "totelake/dashboard/page.html"} <= set(names)
    assert {f"totelake/dashboard/{name}" for name in ("page.css", *SCRIPTS)} <= set(names)
    assert "pipeline.yaml" in documents and "sources/totesys/sales_order.yaml" in documents
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line] == []


def test_a_release_has_no_compiled_wheel_that_no_job_needs(release: Release) -> None:
    assert release.compiled == ()
    assert [name for name in release.files if not name.endswith(("-none-any.whl", ".py", ".jar"))] == []


def test_a_release_has_the_pinned_driver_of_the_warehouse(release: Release) -> None:
    assert release.jars == (DRIVER.file_name,)
    assert hashlib.sha256(release.files[DRIVER.file_name]).hexdigest() == DRIVER.sha256


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
