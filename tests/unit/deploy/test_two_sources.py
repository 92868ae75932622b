"""The plan of a catalog with two sources."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.two_sources import FIRST, SECOND, add_second_source, tables_of
from tests.unit.deploy.test_plan import SETTINGS
from totelake.contracts.documents import read_folder
from totelake.contracts.pipeline import pipeline_of
from totelake.deploy.plan import Plan, plan

KINDS = ("jobs", "crawlers", "workflows", "triggers")


@pytest.fixture(scope="module", params=["split", "fused"])
def plans(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Plan]:
    """With one source and with two, each way to publish."""
    folder: Path = tmp_path_factory.mktemp("two") / "catalog"
    shutil.copytree(ROOT / "catalog", folder)
    one = read_folder(folder)
    add_second_source(folder)
    two = read_folder(folder)
    found = [plan(pipeline_of(files, request.param), tables_of(files), SETTINGS) for files in (one, two)]
    return found[0], found[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_for_each_source_is_there_twice_and_nothing_else(plans: tuple[Plan, Plan], kind: str) -> None:
    one, two = (getattr(found, kind) for found in plans)
    assert set(two) - set(one) == {name.replace(FIRST, SECOND) for name in one if FIRST in name}
    assert {name: item for name, item in two.items() if name in one} == dict(one)


def test_the_second_source_is_in_no_way_the_first(plans: tuple[Plan, Plan]) -> None:
    one, two = plans
    added = [item for kind in KINDS for name, item in getattr(two, kind).items() if name not in getattr(one, kind)]
    assert [item["Name"] for item in added if FIRST in str(item)] == []
    assert all(SECOND in item["Name"] for item in added)


def test_a_source_has_its_own_secret_schedule_and_table_prefix(plans: tuple[Plan, Plan]) -> None:
    found = plans[1]
    arguments = found.jobs["totelake-ingest-crm"]["DefaultArguments"]
    assert (arguments["--source"], arguments["--source_secret"]) == ("crm", "totelake/crm")
    assert found.triggers["totelake-watch-crm"]["Schedule"] == "cron(0 * * * ? *)"
    crawler = found.crawlers["totelake-ingestion-crm"]
    assert crawler["TablePrefix"] == "crm_"
    assert crawler["Targets"] == {"S3Targets": [{"Path": "s3://in/crm/contact/"}]}
    assert found.jobs["totelake-check-schemas-crm"]["DefaultArguments"]["--crawler"] == crawler["Name"]
