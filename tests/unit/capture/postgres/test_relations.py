"""Relations that are not captured, each with the sentence that fits it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from totelake.capture.postgres.relations import Relation, obstacles

TABLE = Relation("public", "staff", 1, "r", "p", (1,), False, True, True, False)
PARTITIONED = replace(TABLE, kind="p")


@pytest.mark.parametrize(
    ("relation", "descendants", "says"),
    [
        (replace(TABLE, kind="m"), (), "public.staff is no plain or partitioned table"),
        (PARTITIONED, ((2, "f", "p", ""),), "public.staff has a partition that is no table of this server"),
        (replace(TABLE, persistence="u"), (), "ALTER TABLE public.staff SET LOGGED"),
        (PARTITIONED, ((2, "r", "u", ""),), "public.staff has a partition that is not logged"),
        (replace(TABLE, inherits=True), (), "public.staff takes part in inheritance"),
        (replace(TABLE, has_policy=True), (), "public.staff has row-level security"),
    ],
)
def test_what_is_not_captured_says_why(relation: Relation, descendants: tuple[tuple[object, ...]], says: str) -> None:
    ((_, why),) = obstacles(relation, descendants)
    assert says in why


def test_everything_that_is_in_the_way_is_told_at_once() -> None:
    found = obstacles(replace(PARTITIONED, has_policy=True), ((2, "f", "p", ""), (3, "r", "u", "")))
    assert [what for what, _ in found] == ["no table", "UNLOGGED", "row security"]


def test_tables_and_partitioned_tables_are_captured() -> None:
    assert obstacles(TABLE, ()) == []
    assert obstacles(PARTITIONED, ((2, "r", "p", ""), (3, "p", "p", ""))) == []
