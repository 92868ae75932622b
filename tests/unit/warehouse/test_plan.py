"""What a load takes: whole batches that all tables have reached, from where the warehouse stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import SOURCE
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError
from totelake.lake.manifest import REBUILD, REPLAY, LakeObject, TableCommit
from totelake.lake.records.star_commit import BatchCounts, StarCommit
from totelake.lake.records.verdict import HeldEvents
from totelake.ports.postgres_address import PostgresAddress
from totelake.warehouse.jdbc import JdbcAddress
from totelake.warehouse.plan import Applied, BatchEntry, TableLoad, plan, put_off

FACT, DIMENSION = load_contracts().find("fact_payment"), load_contracts().find("dim_design")


def commit(number: int, batches: dict[int, tuple[int, int]], objects: int = 1) -> StarCommit:
    """A star table's commit: rows and deletions by batch."""
    rows = sum(sum(counts) for counts in batches.values())
    items = tuple(LakeObject("staged", f"key-{number}-{i}", rows if i == 0 else 0, 1) for i in range(objects))
    counts = {batch: BatchCounts(found, gone, 0, 0, f"t{batch}") for batch, (found, gone) in batches.items()}
    return StarCommit("log", SOURCE, number, through=max(batches), commit=TableCommit(items), batches=counts)


def address(secret: dict[str, Any], name: str = "s") -> JdbcAddress:
    return JdbcAddress(PostgresAddress.from_secret(secret, name, "the warehouse"))


def entry(batch: int, commit: int, rows: int = 0, deletions: int = 0) -> BatchEntry:
    return BatchEntry(batch, commit, rows, deletions, 0, 0, f"t{batch}")


def test_nothing_built_is_nothing_to_load() -> None:
    assert plan([FACT], {"fact_payment": Applied()}, {"fact_payment": []}) == []
    assert plan([], {}, {}) == []


def test_everything_applied_is_nothing_to_load() -> None:
    assert plan([FACT], {"fact_payment": Applied(3, 2)}, {"fact_payment": []}) == []


def test_all_pending_commits_are_one_unit() -> None:
    logs = {"fact_payment": [commit(1, {1: (5, 0)}), commit(2, {2: (1, 1), 3: (0, 2)}, objects=2)]}
    assert plan([FACT], {"fact_payment": Applied()}, logs) == [
        TableLoad(
            FACT, 0, 3, ("key-1-0", "key-2-0", "key-2-1"), 9,
            (entry(1, 1, 5), entry(2, 1, 1, 1), entry(3, 2, 0, 2)),
        )
    ]  # fmt: skip


def anew(number: int, batches: dict[int, tuple[int, int]]) -> StarCommit:
    """A commit with all of a table, built anew."""
    return replace(commit(number, batches), kind=REBUILD, rebuilt=number)


def test_a_table_that_was_built_anew_is_loaded_from_there_on_whatever_is_applied() -> None:
    replay = replace(commit(5, {2: (1, 0)}), kind=REPLAY, batches={}, rebuilt=4)
    logs = {"fact_payment": [commit(3, {2: (1, 1)}), anew(4, {1: (5, 0), 2: (1, 1)}), replay, commit(6, {3: (2, 0)})]}
    (load,) = plan([FACT], {"fact_payment": Applied(1, 2)}, logs)
    assert (load.after, load.beyond, load.through, load.replaces) == (1, 0, 3, True)
    assert load.keys == ("key-4-0", "key-6-0") and [item.keys for item in load.replays] == [("key-5-0",)]
    assert load.batches == (entry(1, 3, 5), entry(2, 4, 1, 1), entry(3, 6, 2)) and load.expected == 10


def test_a_table_that_was_built_anew_beyond_what_all_have_reached_is_loaded_as_before_so_far() -> None:
    logs = {
        "fact_payment": [commit(1, {1: (5, 0), 2: (1, 0)}), anew(2, {1: (5, 0), 2: (1, 0)}), commit(3, {3: (1, 0)})],
        "dim_design": [commit(1, {1: (0, 0)})],
    }
    load, _ = plan([FACT, DIMENSION], {name: Applied() for name in logs}, logs)
    assert (load.keys, load.through, load.replaces) == (("key-1-0",), 1, False)
    assert load.batches == (entry(1, 0, 5),)


def test_a_held_table_holds_back_no_other_and_its_batches_are_recorded_as_held() -> None:
    logs = {"fact_payment": [commit(1, {1: (5, 0)})], "dim_design": [commit(1, {1: (2, 0), 2: (1, 0), 3: (0, 0)})]}
    held = {"fact_payment": [HeldEvents(2, "t2", 7), HeldEvents(4, "t4", 9)]}
    loads = plan([FACT, DIMENSION], dict.fromkeys(logs, Applied()), logs, held)
    assert [(load.table.name, load.through, load.expected) for load in loads] == [
        ("fact_payment", 3, 5),
        ("dim_design", 3, 3),
    ]
    assert loads[0].batches == (entry(1, 1, 5), BatchEntry(2, 0, 0, 0, 0, 7, "t2"))


def test_held_batches_alone_are_no_reason_to_load() -> None:
    applied = {"fact_payment": Applied(1, 1), "dim_design": Applied(3, 1)}
    logs: dict[str, list[StarCommit]] = {"fact_payment": [], "dim_design": []}
    assert plan([FACT, DIMENSION], applied, logs, {"fact_payment": [HeldEvents(2, "t2", 7)]}) == []


def test_a_table_that_was_released_catches_up_with_those_that_went_on() -> None:
    applied = {"fact_payment": Applied(1, 1), "dim_design": Applied(3, 1)}
    logs = {"fact_payment": [commit(2, {2: (7, 0), 3: (1, 0)})], "dim_design": []}
    loads = plan([FACT, DIMENSION], applied, logs, {"fact_payment": []})
    assert [(load.through, load.batches) for load in loads] == [(3, (entry(2, 1, 7), entry(3, 2, 1))), (3, ())]


def test_tables_wait_for_the_slowest() -> None:
    logs = {"fact_payment": [commit(1, {1: (5, 0), 2: (4, 0)})], "dim_design": [commit(1, {1: (2, 0)})]}
    loads = plan([FACT, DIMENSION], dict.fromkeys(logs, Applied()), logs)
    assert [(load.table.name, load.through, load.expected) for load in loads] == [
        ("fact_payment", 1, 5), ("dim_design", 1, 2),
    ]  # fmt: skip
    assert loads[0].batches == (entry(1, 0, 5),)


def test_a_commit_that_was_cut_is_read_again_for_its_rest() -> None:
    logs = {"fact_payment": [commit(1, {1: (5, 0), 2: (4, 0)})]}
    load = plan([FACT], {"fact_payment": Applied(1, 0)}, logs)[0]
    assert (load.after, load.through, load.keys, load.expected) == (1, 2, ("key-1-0",), 4)
    assert load.batches == (entry(2, 1, 4),)


def test_a_cut_dimension_cannot_say_how_many_rows_are_due() -> None:
    logs = {"dim_design": [commit(1, {1: (5, 0), 2: (4, 0)})], "fact_payment": [commit(1, {1: (5, 0)})]}
    loads = plan([DIMENSION, FACT], dict.fromkeys(logs, Applied()), logs)
    assert loads[0].expected is None


def test_a_table_that_is_ahead_waits_for_the_others() -> None:
    logs = {"fact_payment": [], "dim_design": [commit(2, {2: (1, 0)})]}
    assert plan([FACT, DIMENSION], {"fact_payment": Applied(1, 1), "dim_design": Applied(1, 1)}, logs) == []


@pytest.mark.parametrize("missing", ["host", "port", "dbname", "username", "password"])
def test_a_secret_that_lacks_a_value_is_named(missing: str) -> None:
    secret = {"host": "h", "port": 1, "dbname": "d", "username": "u", "password": "p"}
    with pytest.raises(ConfigurationError, match=f"the secret totelake/warehouse has no {missing}"):
        address({**secret, missing: ""}, "totelake/warehouse")


def test_the_password_is_not_in_the_url() -> None:
    secret = {"host": "h", "port": 1, "dbname": "d", "username": "u", "password": "hidden", "sslmode": "require"}
    found = address(secret)
    assert (found.url, str(found)) == ("jdbc:postgresql://h:1/d", "the warehouse d at h:1")
    assert found.properties["password"] == "hidden" and found.properties["sslmode"] == "require"


def test_no_other_table_waits_for_one_that_is_behind_whether_or_not_any_event_waits_for_it() -> None:
    logs = {"fact_payment": [commit(1, {1: (5, 0)})], "dim_design": [commit(1, {1: (2, 0), 2: (1, 0), 3: (0, 0)})]}
    applied = dict.fromkeys(logs, Applied())
    assert {load.through for load in plan([FACT, DIMENSION], applied, logs)} == {1}
    loads = plan([FACT, DIMENSION], applied, logs, behind=["fact_payment"])
    assert [(load.table.name, load.through, len(load.batches)) for load in loads] == [
        ("fact_payment", 3, 1), ("dim_design", 3, 3),
    ]  # fmt: skip


def test_of_a_table_that_is_put_off_every_batch_with_events_waits_and_nothing_is_applied() -> None:
    [load] = plan([FACT], {"fact_payment": Applied()}, {"fact_payment": [commit(1, {1: (5, 0), 2: (1, 0)})]})
    off = put_off(load, [HeldEvents(1, "t1", 5), HeldEvents(2, "t2", 1), HeldEvents(3, "t3", 9)])
    assert (off.keys, off.has_rows, off.expected) == ((), False, None)
    assert [(item.batch, item.rows, item.held) for item in off.batches] == [(1, 0, 5), (2, 0, 1)]
