"""pipeline.yaml expanded: once for each source what holds {source} in its name, and one way to publish."""

from __future__ import annotations

from typing import Any

import pytest

from totelake.contracts import load_contracts
from totelake.contracts.documents import documents, parse_yaml
from totelake.contracts.pipeline import FUSED, SPLIT, active, expanded, pipeline_of, star_table_names
from totelake.contracts.sources import Source
from totelake.errors import ContractError

SOURCES = {
    name: Source(name, "postgres", "", "", f"{{prefix}}/{name}", f"cron({minute} * * * ? *)", prefix)
    for name, minute, prefix in (("crm", 5, "crm_"), ("shop", 0, ""))
}
TEXT = """
jobs:
  take-in-{source}:
    description: Takes in {source}.
    max_retries: 1
    access:
      read: [in/_commits, "in/{source}"]
      starts: ["refresh-{source}"]
    arguments: {source: "{source}", source_secret: "{source_secret}", bucket: "{ingestion_bucket}"}
  tidy-up:
    access:
      write: ["in/{source}", "{star_tables}", [in/a, ["in/b/{source}"]]]
      crawls: ["in-{source}"]
crawlers:
  in-{source}: {table_prefix: "{source_table_prefix}"}
workflows:
  refresh-{source}: {max_concurrent_runs: 1}
triggers:
  refresh-{source}-then: {workflow: "refresh-{source}", after: ["take-in-{source}"], jobs: [tidy-up]}
  clock-{source}: {schedule: "{source_schedule}", jobs: ["take-in-{source}"]}
"""


def expand(text: str = TEXT, sources: dict[str, Source] = SOURCES) -> Any:
    """What a text is expanded to, with the star tables dim_a and fact_b."""
    return expanded(parse_yaml(text, "pipeline.yaml"), sources, ["dim_a", "fact_b"])


def test_an_entry_with_source_in_its_name_is_there_once_for_each_source() -> None:
    found = expand()
    assert {part: list(found[part]) for part in found} == {
        "jobs": ["take-in-crm", "take-in-shop", "tidy-up"],
        "crawlers": ["in-crm", "in-shop"],
        "workflows": ["refresh-crm", "refresh-shop"],
        "triggers": ["refresh-crm-then", "refresh-shop-then", "clock-crm", "clock-shop"],
    }


def test_names_in_braces_are_filled_in_everywhere_inside_and_others_are_left_to_who_deploys() -> None:
    found = expand()
    assert found["jobs"]["take-in-crm"] == {
        "script": "take_in",
        "source": "crm",
        "description": "Takes in crm.",
        "max_retries": 1,
        "access": {"read": ["in/_commits", "in/crm"], "starts": ["refresh-crm"]},
        "arguments": {"source": "crm", "source_secret": "{prefix}/crm", "bucket": "{ingestion_bucket}"},
    }
    assert found["triggers"]["refresh-shop-then"] == {
        "source": "shop", "workflow": "refresh-shop", "after": ["take-in-shop"], "jobs": ["tidy-up"],
    }  # fmt: skip
    assert found["triggers"]["clock-crm"]["schedule"] == "cron(5 * * * ? *)"
    assert [item["table_prefix"] for item in found["crawlers"].values()] == ["crm_", ""]


def test_access_of_a_job_that_is_there_once_names_each_source_and_star_table() -> None:
    job = expand()["jobs"]["tidy-up"]
    assert job["access"]["write"] == [
        "in/crm", "in/shop", "processed/compacted", "processed/dim_a", "processed/fact_b", "in/a", "in/b/crm",
        "in/b/shop",
    ]  # fmt: skip
    assert job["access"]["crawls"] == ["in-crm", "in-shop"]
    assert job["script"] == "tidy_up" and "source" not in job


def test_a_job_may_name_another_script() -> None:
    found = expand("jobs:\n  a-{source}: {script: other}\n  b: {script: one}\n")
    assert {name: job["script"] for name, job in found["jobs"].items()} == {
        "a-crm": "other", "a-shop": "other", "b": "one",
    }  # fmt: skip


def test_expanding_again_changes_nothing() -> None:
    once = expand()
    assert expanded(once, SOURCES, ["dim_a", "fact_b"]) == once


def test_without_a_source_only_what_is_there_once_is_left() -> None:
    found = expand(sources={})
    assert list(found["jobs"]) == ["tidy-up"] and not found["triggers"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "jobs:\n  a: {access: {read: []}}\n  look: {arguments: {source: '{source}'}}\n",
            "catalog/pipeline.yaml line 3: the job look has {source} in '{source}'; put {source} into its name, so "
            "that there is one for each source",
        ),
        (
            "triggers:\n  then: {after: ['load-{source}']}\n",
            "catalog/pipeline.yaml line 2: the trigger then has {source} in 'load-{source}'; put {source} into its "
            "name, so that there is one for each source",
        ),
        (
            "jobs:\n  look-{source}: {arguments: {s: '{source_secrets}'}}\n",
            "catalog/pipeline.yaml line 2: the job look-{source} has {source_secrets} in '{source_secrets}'; use "
            "{source}, {source_secret}, {source_schedule}, {source_table_prefix}, and in access alone {star_tables}",
        ),
        (
            "jobs:\n  look: {access: {write: [{star_tables}]}}\n",
            "catalog/pipeline.yaml line 2: the job look has {'star_tables': None} in its access, which is no text; "
            "put it in quotes",
        ),
        (
            "workflows:\n  all-{source}: {a: 1}\n  all-crm: {a: 1}\n",
            "catalog/pipeline.yaml line 3: the workflow all-crm makes all-crm, and so does another entry; "
            "rename one of them",
        ),
        (
            "crawlers:\n  in-{source}:\n",
            "catalog/pipeline.yaml line 2: the crawler in-{source} is empty or no mapping; write it like the entries "
            "beside it",
        ),
    ],
    ids=["source outside of access", "in a list", "unknown word", "no quotes", "one name twice", "empty"],
)
def test_a_mistake_is_named_with_the_entry_and_its_line(text: str, message: str) -> None:
    with pytest.raises(ContractError) as raised:
        expand(text)
    assert str(raised.value) == message


def test_one_way_to_publish_is_active_and_what_the_other_and_earlier_versions_made_is_retired() -> None:
    described = {
        "publish": FUSED,
        "jobs": {"a": {"publish": SPLIT}, "b": {"publish": FUSED}, "c": {}},
        "triggers": {"t": {"publish": SPLIT}},
        "former": {"jobs": ["z", "c"], "workflows": ["w"]},
    }
    found = active(described)
    assert (list(found["jobs"]), list(found["triggers"])) == (["b", "c"], [])
    assert found["retired"] == {"jobs": ["a", "z"], "crawlers": [], "workflows": ["w"], "triggers": ["t"]}
    assert active(found) == found


@pytest.mark.parametrize(
    ("publish", "jobs"),
    [
        ("", {"build-and-load-totesys"}),
        (SPLIT, {"build-dimensions-totesys", "build-facts-totesys", "load-warehouse-totesys"}),
        (FUSED, {"build-and-load-totesys"}),
    ],
)
def test_this_repositorys_pipeline_can_be_had_in_both_ways(publish: str, jobs: set[str]) -> None:
    found = set(pipeline_of(documents(), publish)["jobs"])
    assert found - jobs == {
        "watch-totesys",
        "ingest-totesys",
        "check-schemas-totesys",
        "maintain-lake",
        "audit-catalog",
        "canary-shell-totesys",
        "canary-spark",
    }
    assert jobs <= found


def test_the_star_tables_are_those_of_the_contracts() -> None:
    names = star_table_names(documents())
    assert names == sorted(table.name for table in load_contracts().stars.values())
    access = pipeline_of(documents())["jobs"]["maintain-lake"]["access"]
    for places in (access["write"], access["delete"]):
        assert {f"processed/{name}" for name in ("compacted", *names)} <= set(places)


def test_a_malformed_contract_of_a_star_table_is_left_to_who_reads_contracts() -> None:
    files = {"warehouse/a.yaml": [], "warehouse/b.yaml": {"schema": {}}, "warehouse/c.yaml": {"schema": [{}]}}
    assert star_table_names({**files, "warehouse/d.yaml": {"schema": [{"name": "d"}]}}) == ["d"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- jobs", "catalog/pipeline.yaml is no mapping; write jobs, crawlers, workflows, triggers into it"),
        ("jobs", "catalog/pipeline.yaml is no mapping; write jobs, crawlers, workflows, triggers into it"),
        ("jobs:", "catalog/pipeline.yaml: jobs is empty or no mapping; write each job under its name"),
        ("triggers: [a]", "catalog/pipeline.yaml: triggers is empty or no mapping; write each trigger under its name"),
        (
            "jobs: {a: {access: [in]}}",
            "catalog/pipeline.yaml line 1: the job a has an access that is no mapping; write read, write and the like "
            "into it",
        ),
    ],
)
def test_a_pipeline_of_another_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(ContractError) as refused:
        pipeline_of({"pipeline.yaml": parse_yaml(text, "pipeline.yaml")})
    assert str(refused.value) == message
