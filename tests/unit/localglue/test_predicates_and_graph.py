"""When triggers fire, and the graphs of workflows."""

from __future__ import annotations

from typing import Any

import pytest

from localglue.errors import InvalidInput
from localglue.graph import action_nodes, downstream, graph, node_id, statistics
from localglue.predicates import is_satisfied
from localglue.trigger_rules import check

A, B, C, D = (("JOB", name) for name in "abcd")
CRAWLER = ("CRAWLER", "k")


def conditional(
    name: str, after: list[tuple[Any, str]], starts: list[Any], logical: str | None = "AND"
) -> dict[str, Any]:
    """A trigger that starts nodes after nodes have ended in these states."""
    conditions = [
        {"LogicalOperator": "EQUALS", "JobName": n, "State": state}
        if kind == "JOB"
        else {"LogicalOperator": "EQUALS", "CrawlerName": n, "CrawlState": state}
        for (kind, n), state in after
    ]
    predicate = {"Conditions": conditions, **({"Logical": logical} if logical else {})}
    return {"Name": name, "Type": "CONDITIONAL", "Predicate": predicate, "Actions": actions(starts)}


def actions(nodes: list[Any]) -> list[dict[str, str]]:
    """Actions that start these nodes."""
    return [{"JobName" if kind == "JOB" else "CrawlerName": name} for kind, name in nodes]


START = {"Name": "start", "Type": "ON_DEMAND", "Actions": actions([A])}
FORK = conditional("fork", [(A, "SUCCEEDED")], [B, CRAWLER], None)
JOIN = conditional("join", [(B, "SUCCEEDED"), (CRAWLER, "SUCCEEDED")], [C])
CHAIN = [START, FORK, JOIN]


@pytest.mark.parametrize(
    ("logical", "ended", "fires"),
    [
        ("AND", {}, False),
        ("AND", {B: "SUCCEEDED"}, False),
        ("AND", {B: "SUCCEEDED", CRAWLER: "FAILED"}, False),
        ("AND", {B: "SUCCEEDED", CRAWLER: "SUCCEEDED"}, True),
        ("AND", {B: "SUCCEEDED", CRAWLER: "SUCCEEDED", C: "FAILED"}, True),
        ("ANY", {B: "RUNNING", CRAWLER: "FAILED"}, False),
        ("ANY", {CRAWLER: "SUCCEEDED"}, True),
    ],
)
def test_a_predicate_holds_on_all_or_any_of_its_conditions(logical: str, ended: Any, fires: bool) -> None:
    trigger = conditional("t", [(B, "SUCCEEDED"), (CRAWLER, "SUCCEEDED")], [C], logical)
    assert is_satisfied(trigger, ended) is fires


def test_one_condition_needs_no_logical_and_no_condition_never_holds() -> None:
    assert is_satisfied(FORK, {A: "SUCCEEDED"})
    assert not is_satisfied(START, {A: "SUCCEEDED"})


def test_every_action_is_a_node_once_and_edges_follow_the_triggers() -> None:
    assert action_nodes([*CHAIN, conditional("again", [(C, "FAILED")], [B])]) == [A, B, CRAWLER, C]
    drawn = graph("w", CHAIN, {A: [{"Id": "old"}, {"Id": "new"}], CRAWLER: [{"CrawlId": "k"}]})
    ids = {(node["Type"], node["Name"]): node["UniqueId"] for node in drawn["Nodes"]}
    assert ids == {
        (kind, name): node_id("w", (kind, name))
        for kind, name in [("TRIGGER", "start"), ("TRIGGER", "fork"), ("TRIGGER", "join"), A, B, CRAWLER, C]
    }
    by_name = {node["Name"]: node for node in drawn["Nodes"]}
    assert by_name["a"]["JobDetails"] == {"JobRuns": [{"Id": "new"}, {"Id": "old"}]}
    assert by_name["k"]["CrawlerDetails"] == {"Crawls": [{"CrawlId": "k"}]}
    assert by_name["fork"]["TriggerDetails"] == {"Trigger": FORK}
    names = {unique: name for (_, name), unique in ids.items()}
    assert [(names[edge["SourceId"]], names[edge["DestinationId"]]) for edge in drawn["Edges"]] == [
        ("start", "a"), ("a", "fork"), ("fork", "b"), ("fork", "k"), ("b", "join"), ("k", "join"), ("join", "c"),
    ]  # fmt: skip


def test_each_node_counts_once_by_its_newest_run() -> None:
    runs = {
        A: [{"JobRunState": "FAILED"}, {"JobRunState": "SUCCEEDED"}],
        B: [{"JobRunState": "STOPPING"}],
        CRAWLER: [{"State": "CANCELLED"}],
    }
    assert statistics(CHAIN, runs) == {
        "TotalActions": 4,
        "TimeoutActions": 0,
        "FailedActions": 0,
        "StoppedActions": 1,
        "SucceededActions": 1,
        "RunningActions": 1,
        "ErroredActions": 0,
        "WaitingActions": 0,
    }


def test_downstream_is_everything_after_a_node_and_nothing_else() -> None:
    assert downstream(CHAIN, [B]) == ({B, C}, {"join"})
    assert downstream(CHAIN, [A]) == ({A, B, CRAWLER, C}, {"fork", "join"})
    assert downstream(CHAIN, [C]) == ({C}, set())


@pytest.mark.parametrize("trigger", CHAIN)
def test_valid_triggers_pass(trigger: dict[str, Any]) -> None:
    check(trigger)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"Type": "EVENT"}, "localglue has no EVENT triggers"),
        ({"Type": "SCHEDULED"}, "needs a Schedule"),
        ({"Type": "SCHEDULED", "Schedule": "daily"}, "is not a schedule"),
        ({"Schedule": "cron(0 3 * * ? *)"}, "of type ON_DEMAND has no Schedule"),
        ({"Type": "CONDITIONAL"}, "needs a Predicate with Conditions"),
        ({"Predicate": FORK["Predicate"]}, "of type ON_DEMAND has no Predicate"),
        ({"StartOnCreation": True}, "StartOnCreation is for SCHEDULED and CONDITIONAL"),
        ({"Actions": []}, "must name at least one job or crawler"),
        ({"Actions": [{}]}, "each action names either a JobName or a CrawlerName"),
        ({"Actions": [{"CrawlerName": name} for name in "abc"]}, "at most 2 crawlers"),
        (conditional("x", [(A, "SUCCEEDED"), (B, "SUCCEEDED")], [C], None), "must be AND or ANY"),
        (conditional("x", [(A, "RUNNING")], [C]), "a condition on a job has a State of"),
        (conditional("x", [(CRAWLER, "RUNNING")], [C]), "a condition on a crawler has a CrawlState of"),
        (
            {"Type": "CONDITIONAL", "Predicate": {"Conditions": [{"JobName": "a", "CrawlerName": "k"}]}},
            "each condition names either",
        ),
    ],
)
def test_invalid_triggers_are_rejected(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as rejected:
        check({**START, **wrong})
    assert message in rejected.value.message
