"""Athena's functions that are not answered on one machine: they are refused by name."""

from __future__ import annotations

import re

# whole families: geospatial functions and those of tiles, sketches, regressions and distributions
_FAMILIES = re.compile(
    r"""st_\w+ | geometry_\w+ | \w+_geometry | \w*bing_tiles?\w* | spatial_\w+ | line_(locate|interpolate)_points?
    | \w+_encoded_polyline | \w+_spherical_geography | flatten_geometry_collections | great_circle_distance
    | \w*[tq]digest\w* | \w+_set_digest | values?_at_quantiles? | quantiles?_at_values? | approx_set | empty_approx_set
    | regr_\w+ | \w+_cdf | learn_\w+""",
    re.VERBOSE,
)
# DuckDB has another answer, or Athena's own depends on chance
_NAMES = frozenset(
    [
        "approx_most_frequent",
        "approx_percentile",
        "bar",
        "checksum",
        "classify",
        "color",
        "combinations",
        "convex_hull_agg",
        "cosine_distance",
        "cosine_similarity",
        "dot_product",
        "entropy",
        "euclidean_distance",
        "evaluate_classifier_predictions",
        "features",
        "from_ieee754_32",
        "from_ieee754_64",
        "from_iso8601_timestamp_nanos",
        "geometry_from_hadoop_shape",
        "hash_counts",
        "intersection_cardinality",
        "jaccard_index",
        "json_array",
        "json_exists",
        "json_object",
        "json_query",
        "kurtosis",
        "mad",
        "map_zip_with",
        "merge",
        "murmur3",
        "ngrams",
        "numeric_histogram",
        "parse_data_size",
        "parse_presto_data_size",
        "reduce_agg",
        "regress",
        "render",
        "rgb",
        "skewness",
        "spooky_hash_v2_32",
        "spooky_hash_v2_64",
        "timezone",
        "to_ieee754_32",
        "to_ieee754_64",
        "version",
        "wilson_interval_lower",
        "wilson_interval_upper",
        "word_stem",
    ]
)


def is_not_answered(name: str) -> bool:
    """Whether Athena has a function of the name, in small letters, of which nothing is known here but the name."""
    return name in _NAMES or _FAMILIES.fullmatch(name) is not None
