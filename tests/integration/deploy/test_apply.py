"""Plans applied to localglue: created, updated, left alone."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from localapi.server import Server
from localgate.keys import Keys
from localglue.app import SERVICE, LocalGlue
from localglue.settings import Settings as GlueSettings
from tests.unit.deploy.test_plan import SETTINGS, TABLES, pipeline
from totelake.deploy.apply import apply, differs
from totelake.deploy.plan import Plan, plan


@pytest.fixture
def glue(aws: str, tmp_path: Path) -> Iterator[Any]:
    """A client of an empty localglue."""
    keys = Keys.of_environment(os.environ)
    server = Server("127.0.0.1", 0, keys, SERVICE)
    address = f"http://127.0.0.1:{server.server_port}"
    settings = GlueSettings(endpoint=aws, own_url=address, state=tmp_path, python_shell="python3", keys=keys)
    glue = server.application = LocalGlue(settings)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = boto3.client("glue", endpoint_url=address)
    yield client
    for database in client.get_databases()["DatabaseList"]:
        client.delete_database(Name=database["Name"])
    client.close()
    server.shutdown()
    thread.join()
    glue.close()
    server.server_close()


def ours(**parts: Any) -> Plan:
    """The plan of a small pipeline."""
    return plan(pipeline(**parts), TABLES, SETTINGS)


def outcomes(glue: Any, wanted: Plan, activate_schedule: bool = False) -> dict[str, str]:
    """What applying the plan did, by resource, without what it left alone."""
    changes = apply(glue, wanted, activate_schedule)
    return {f"{item.kind} {item.name}": item.outcome for item in changes if item.outcome != "unchanged"}


def test_the_first_time_creates_and_the_second_changes_nothing(glue: Any) -> None:
    assert Counter(outcomes(glue, ours()).values()) == {"created": 8}
    assert outcomes(glue, ours()) == {}


def test_what_differs_is_updated_and_nothing_else(glue: Any) -> None:
    outcomes(glue, ours())
    changed = pipeline()
    changed["jobs"]["build"]["arguments"] = {"depth": 5}
    changed["workflows"]["refresh"]["max_concurrent_runs"] = 2
    changed["triggers"]["clock"]["schedule"] = "cron(0 * * * ? *)"
    wanted = plan(changed, {"shop": ["customer"]}, SETTINGS)
    assert outcomes(glue, wanted) == {
        "job shop-build": "updated",
        "crawler shop-in-shop": "updated",
        "workflow shop-refresh": "updated",
        "trigger shop-clock": "updated",
    }
    assert glue.get_job(JobName="shop-build")["Job"]["DefaultArguments"]["--depth"] == "5"
    assert outcomes(glue, wanted) == {}


def test_an_argument_taken_out_of_the_pipeline_is_taken_out_of_the_job(glue: Any) -> None:
    with_more = pipeline()
    with_more["jobs"]["build"]["arguments"] = {"depth": 4, "passing": "fancy"}
    outcomes(glue, plan(with_more, TABLES, SETTINGS))
    assert outcomes(glue, ours()) == {"job shop-build": "updated"}
    assert "--passing" not in glue.get_job(JobName="shop-build")["Job"]["DefaultArguments"]


def test_a_trigger_of_another_type_is_made_anew(glue: Any) -> None:
    outcomes(glue, ours())
    triggers = pipeline()["triggers"]
    triggers["clock"] = {"type": "ON_DEMAND", "jobs": ["take-in"]}
    assert outcomes(glue, ours(triggers=triggers)) == {"trigger shop-clock": "updated"}
    assert glue.get_trigger(Name="shop-clock")["Trigger"]["Type"] == "ON_DEMAND"


def test_conditions_are_active_and_a_schedule_only_when_asked_for(glue: Any) -> None:
    outcomes(glue, ours())
    states = {item["Name"]: item["State"] for item in glue.get_triggers()["Triggers"]}
    assert states == {"shop-start": "CREATED", "shop-then": "ACTIVATED", "shop-clock": "CREATED"}
    assert outcomes(glue, ours(), activate_schedule=True) == {"trigger shop-clock": "activated"}
    assert outcomes(glue, ours(), activate_schedule=True) == {}
    glue.stop_trigger(Name="shop-clock")


def test_a_condition_that_somebody_deactivated_is_activated_again(glue: Any) -> None:
    outcomes(glue, ours())
    glue.stop_trigger(Name="shop-then")
    assert outcomes(glue, ours()) == {"trigger shop-then": "updated"}


def test_a_new_role_updates_jobs_and_crawlers(glue: Any) -> None:
    outcomes(glue, ours())
    wanted = plan(pipeline(), TABLES, replace(SETTINGS, role="arn:aws:iam::1:role/other"))
    assert outcomes(glue, wanted) == {
        "job shop-take-in": "updated",
        "job shop-build": "updated",
        "crawler shop-in-shop": "updated",
    }


@pytest.mark.parametrize(
    ("wanted", "present", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": 2}, True),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2], "c": 3}}, False),
        ({"a": [1]}, {"a": [1, 2]}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, False),
        ({"a": {"b": 1}}, {"a": None}, True),
    ],
    ids=[
        "more is there",
        "another value",
        "nested the same",
        "a longer list",
        "more in a list's member",
        "nothing there",
    ],
)
def test_only_what_is_wanted_is_compared(wanted: Any, present: Any, expected: bool) -> None:
    assert differs(wanted, present) is expected


def test_what_another_way_to_publish_left_goes(glue: Any) -> None:
    parts = pipeline()
    parts["jobs"]["build"]["publish"] = parts["triggers"]["then"]["publish"] = "split"
    split = ours(**{**parts, "publish": "split"})
    outcomes(glue, split)
    fused = ours(**{**parts, "publish": "fused"})
    assert outcomes(glue, fused) == {"trigger shop-then": "deleted", "job shop-build": "deleted"}
    assert outcomes(glue, fused) == {}
    assert outcomes(glue, split) == {"job shop-build": "created", "trigger shop-then": "created"}


def test_what_an_earlier_version_deployed_under_another_name_goes(glue: Any) -> None:
    outcomes(glue, ours())
    former = {part: list(pipeline()[part]) for part in ("jobs", "triggers", "workflows", "crawlers")}
    now = ours(jobs={}, triggers={}, workflows={}, crawlers={}, former=former)
    assert outcomes(glue, now) == {
        "trigger shop-start": "deleted",
        "trigger shop-then": "deleted",
        "trigger shop-clock": "deleted",
        "workflow shop-refresh": "deleted",
        "job shop-take-in": "deleted",
        "job shop-build": "deleted",
        "crawler shop-in-shop": "deleted",
    }
    assert outcomes(glue, now) == {}
