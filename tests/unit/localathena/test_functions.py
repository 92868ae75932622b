"""Which functions are answered, refused by name, or not known to Athena."""

from __future__ import annotations

import pytest

from localathena.sql.refusals import Refused
from tests.athena.compared import asked
from tests.unit.localathena.answers import refusal, rows


@pytest.mark.parametrize(
    "call",
    [
        "great_circle_distance(1, 2, 3, 4)",
        "st_length(1)",
        "to_geometry(1)",
        "values_at_quantiles(1, 2)",
        "regr_r2(1, 2)",
        "t_cdf(1, 2)",
        "from_iso8601_timestamp_nanos('')",
        "ST_Anything(1)",
        "bing_tile_at(1, 2, 3)",
        "geometry_to_bing_tiles(1, 2)",
        "qdigest_agg(1)",
        "tdigest_agg(1)",
        "make_set_digest(1)",
        "approx_set(1)",
        "regr_count(1, 2)",
        "line_locate_point(1, 2)",
        "convex_hull_agg(1)",
        "intersection_cardinality(1, 2)",
        "checksum(1)",
        "learn_classifier(1, 2)",
        "to_encoded_polyline(1)",
        "inverse_beta_cdf(1, 2, 3)",
        "merge(1)",
        "simplify_geometry(1, 2)",
        '"$path"',
        '"$file_size"',
        't."$path"',
    ],
)
def test_what_athena_has_and_this_machine_has_not_is_refused_by_name(call: str) -> None:
    found = asked(f"SELECT {call} FROM (VALUES 1) AS t(x)")
    assert isinstance(found, Refused)
    name = call.partition("(")[0].lower().removeprefix("t.")
    assert (found.kind, name in found.sentence) == ("NOT_SUPPORTED", True)


def test_of_a_family_that_is_refused_what_is_answered_is_answered() -> None:
    points = "(VALUES (2e0, 1e0), (4e0, 2e0)) AS t(y, x)"
    assert rows(f"SELECT regr_slope(y, x), regr_intercept(y, x) FROM {points}") == [["2.0", "0.0"]]


def test_a_function_that_athena_has_not_is_not_found() -> None:
    assert refusal("SELECT best_function(1)") == "FUNCTION_NOT_FOUND"
