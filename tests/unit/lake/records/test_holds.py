"""What holds a star table: repeated failures are one hold, and another step or table keeps its own."""

from __future__ import annotations

from tests.conftest import SOURCE
from totelake.contracts import load_contracts
from totelake.lake.records.holds import BUILD, LOAD, Hold, Holds, waiting
from totelake.lake.records.judged import AcceptedObject, JudgedBatch
from totelake.lake.records.verdict import HeldEvents

STAFF, DATES = load_contracts().star("dim_staff"), load_contracts().star("dim_date")


def hold(since: int = 3, reason: str = "it broke", at: str = "t1", **batches: int) -> Hold:
    held = {int(name[1:]): HeldEvents(int(name[1:]), "t", events) for name, events in batches.items()}
    return Hold(since, reason, "code", at, held)


def test_a_failure_that_repeats_itself_is_the_same_hold_and_its_batches_grow() -> None:
    first = hold(reason="no column in staging dim_ab12, line 4", b3=1)
    before = Holds().after(BUILD, ["dim_staff"], {"dim_staff": first})
    again = hold(reason="no column in staging dim_cd34, line 9", at="t2", b3=1, b4=2)
    [found] = before.after(BUILD, ["dim_staff"], {"dim_staff": again}).of_step(BUILD).values()
    assert (found.reason, found.held_at, sorted(found.batches), found.events) == (first.reason, "t1", [3, 4], 3)


def test_another_reason_or_a_later_batch_is_news() -> None:
    before = Holds().after(BUILD, ["dim_staff"], {"dim_staff": hold()})
    for other in (hold(reason="something else"), hold(since=4, at="t2")):
        [found] = before.after(BUILD, ["dim_staff"], {"dim_staff": other}).of_step(BUILD).values()
        assert (found.since, found.reason) == (other.since, other.reason)
        assert found.held_at == ("t1" if other.since == 3 else "t2")


def test_what_was_tried_and_did_not_fail_is_released_and_nothing_else() -> None:
    held = {"dim_staff": hold(), "dim_date": hold()}
    before = Holds().after(BUILD, list(held), held).after(LOAD, ["dim_staff"], {"dim_staff": hold()})
    after = before.after(BUILD, ["dim_staff"], {})
    assert (set(after.of_step(BUILD)), set(after.of_step(LOAD))) == ({"dim_date"}, {"dim_staff"})
    assert after.after(BUILD, ["dim_date"], {}).after(LOAD, ["dim_staff"], {}) == Holds()


def test_the_events_that_wait_are_those_of_the_tables_inputs_held_ones_included() -> None:
    def item(rows: int) -> AcceptedObject:
        return AcceptedObject("key", rows, rows, 0, 0, "", "", 1)

    batches = [
        JudgedBatch(1, "t1", 1, {"staff": item(5)}),
        JudgedBatch(2, "t2", 1, {"staff": item(2), "payment": item(7)}, {"department": item(3)}),
        JudgedBatch(3, "t3", 1, {"design": item(9)}),
    ]
    assert waiting(STAFF, batches, 1) == {2: HeldEvents(2, "t2", 7)}
    assert waiting(DATES, batches, 0)[2].events == 8
    assert STAFF.source == SOURCE
