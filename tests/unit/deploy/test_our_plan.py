"""The plan of this repository's own catalog, in both ways to publish."""

from __future__ import annotations

import ast

import botocore.session
import pytest
from botocore.validate import ParamValidator

from tests.conftest import ROOT
from tests.unit.deploy.test_plan import SETTINGS
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.contracts.pipeline import pipeline_of
from totelake.deploy.deploy import tables_by_source
from totelake.deploy.plan import Plan, plan


def our_plan(publish: str) -> Plan:
    """The plan of this repository with a way to publish."""
    return plan(pipeline_of(documents(), publish), tables_by_source(load_contracts()), SETTINGS)


# every script has its job where every kind of source is there
WHOLE_CATALOG = True
WAYS = pytest.mark.parametrize("publish", ["split", "fused"])


@WAYS
def test_every_request_is_one_that_glue_accepts(publish: str) -> None:
    service = botocore.session.get_session().get_service_model("glue")
    ours = our_plan(publish)
    kinds = {"CreateJob": ours.jobs, "CreateCrawler": ours.crawlers, "CreateWorkflow": ours.workflows}
    problems = [
        (name, report.generate_report())
        for operation, resources in {**kinds, "CreateTrigger": ours.triggers}.items()
        for name, resource in resources.items()
        if (report := ParamValidator().validate(resource, service.operation_model(operation).input_shape)).has_errors()
    ]
    assert problems == []


@WAYS
def test_glue_tries_again_what_no_watch_starts_again(publish: str) -> None:
    """One throttled call is not to cost the night; a refresh is started again by the cause of its failure."""
    retried = {name: job["MaxRetries"] for name, job in our_plan(publish).jobs.items() if job["MaxRetries"]}
    assert retried == {"totelake-maintain-lake": 1}


def test_every_job_has_its_script_and_every_script_its_job() -> None:
    jobs = {**our_plan("split").jobs, **our_plan("fused").jobs}
    planned = {job["Command"]["ScriptLocation"].rsplit("/", 1)[1] for job in jobs.values()}
    assert planned == {path.name for path in (ROOT / "glue_jobs").glob("*.py")}


def test_a_script_runs_the_work_that_is_named_like_its_file() -> None:
    for path in sorted((ROOT / "glue_jobs").glob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = [call.args[0].id for call in calls if isinstance(call.args[0], ast.Name)]
        assert names == [path.stem], path.name


@WAYS
def test_the_triggers_of_a_workflow_form_no_circle(publish: str) -> None:
    after: dict[str, set[str]] = {}
    for trigger in our_plan(publish).triggers.values():
        watched = {condition["JobName"] for condition in trigger.get("Predicate", {}).get("Conditions", ())}
        for action in trigger["Actions"]:
            after.setdefault(action["JobName"], set()).update(watched)
    while after:
        free = [name for name, before in after.items() if not before & set(after)]
        assert free, f"a circle among {sorted(after)}"
        for name in free:
            del after[name]


def test_jobs_and_triggers_of_the_other_way_to_publish_are_not_deployed_and_known_as_retired() -> None:
    sources = load_contracts().sources
    steps = ("build-dimensions", "build-facts", "load-warehouse")
    apart = {f"totelake-{name}-{source}" for name in steps for source in sources}
    jobs = (apart, {f"totelake-build-and-load-{source}" for source in sources})
    triggers = (
        {f"totelake-refresh-{source}-{step}" for step in ("build", "load") for source in sources},
        {f"totelake-refresh-{source}-publish" for source in sources},
    )
    former = {
        part: {f"totelake-{name}" for name in names} for part, names in documents()["pipeline.yaml"]["former"].items()
    }
    split, fused = our_plan("split"), our_plan("fused")
    retired = [{part: set(names) for part, names in found.retired.items()} for found in (split, fused)]
    assert retired == [
        {**former, "jobs": former["jobs"] | jobs[other], "triggers": former["triggers"] | triggers[other]}
        for other in (1, 0)
    ]
    assert set(split.jobs) ^ set(fused.jobs) == jobs[0] | jobs[1]
    assert set(split.triggers) ^ set(fused.triggers) == triggers[0] | triggers[1]


@WAYS
def test_what_earlier_versions_deployed_is_retired_and_nothing_that_is_wanted(publish: str) -> None:
    found = our_plan(publish)
    assert "totelake-watch" in found.retired["triggers"] and "totelake-refresh" in found.retired["workflows"]
    for part, names in found.retired.items():
        assert not set(names) & set(getattr(found, part)), part
