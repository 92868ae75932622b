# ruff: noqa: E501
"""Athena's functions of arrays, maps and JSON, and the macros of DuckDB that they need."""

from __future__ import annotations

from localathena.sql.signatures import table_of

_TABLE = """
cardinality(array(E)) -> bigint : len({0})
cardinality(map(K, V)) -> bigint : cardinality({0})
contains(array(E), E) -> boolean : m_contains({0}, {1})
contains_sequence(array(E), array(E)) -> boolean : CASE WHEN len({1}) = 0 THEN true ELSE len(list_filter(range(1, len({0}) - len({1}) + 2), lambda q: list_slice({0}, q, q + len({1}) - 1) = {1})) > 0 END
element_at(array(E), bigint) -> E : CASE WHEN {1} = 0 THEN <<INVALID_FUNCTION_ARGUMENT|'SQL array indices start at 1'|{E}>> ELSE {0}[{1}] END
element_at(map(K, V), K) -> V : {0}[{1}]
concat(array(E), array(E)...) -> array(E) : ({CAT})
array_distinct(array(E)) -> array(E) : m_distinct({0})
array_except(array(E), array(E)) -> array(E) : m_except({0}, {1})
array_intersect(array(E), array(E)) -> array(E) : m_intersect({0}, {1})
array_union(array(E), array(E)) -> array(E) : m_distinct({0} || {1})
array_max(array(E)) -> E : CASE WHEN m_has_null({0}) THEN NULL ELSE list_max({0}) END
array_min(array(E)) -> E : CASE WHEN m_has_null({0}) THEN NULL ELSE list_min({0}) END
array_position(array(E), E) -> bigint : CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN CAST(coalesce(list_position({0}, {1}), 0) AS BIGINT) END
array_remove(array(E), E) -> array(E) : CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda q: q IS NULL OR q <> {1}) END
array_sort(array(E)) -> array(E) : list_sort({0}, 'ASC', 'NULLS LAST')
arrays_overlap(array(E), array(E)) -> boolean : CASE WHEN list_has_any({0}, {1}) THEN true WHEN len({0}) > 0 AND len({1}) > 0 AND (m_has_null({0}) OR m_has_null({1})) THEN NULL WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN false END
flatten(array(array(E))) -> array(E) : flatten({0})
repeat(E, bigint) -> array(E) : list_transform(range(greatest({1}, 0)), lambda q: {0})
reverse(array(E)) -> array(E) : list_reverse({0})
sequence(bigint, bigint) -> array(bigint) : m_sequence({0}, {1}, CAST(CASE WHEN {0} <= {1} THEN 1 ELSE -1 END AS BIGINT))
sequence(bigint, bigint, bigint) -> array(bigint) : m_sequence({0}, {1}, {2})
sequence(date, date) -> array(date) : list_transform(m_sequence(m_days({0}), m_days({1}), CAST(CASE WHEN {0} <= {1} THEN 1 ELSE -1 END AS BIGINT)), lambda q: m_from_days(q))
sequence(date, date, interval day to second) -> array(date) : list_transform(m_sequence(m_days({0}), m_days({1}), {2} // 86400000), lambda q: m_from_days(q))
sequence(date, date, interval year to month) -> array(date) : list_filter(list_transform(m_sequence(CAST(0 AS BIGINT), date_sub('month', {0}, {1}) // {2} + 1, CAST(1 AS BIGINT)), lambda q: CAST({0} + to_months(CAST(q * {2} AS INTEGER)) AS DATE)), lambda q: CASE WHEN {2} > 0 THEN q <= {1} ELSE q >= {1} END)
sequence(timestamp(3), timestamp(3), interval day to second) -> array(timestamp(3)) : list_transform(m_sequence(epoch_ms({0}), epoch_ms({1}), {2}), lambda q: make_timestamp(q * 1000))
sequence(timestamp(3), timestamp(3), interval year to month) -> array(timestamp(3)) : list_filter(list_transform(m_sequence(CAST(0 AS BIGINT), date_sub('month', {0}, {1}) // {2} + 1, CAST(1 AS BIGINT)), lambda q: {0} + to_months(CAST(q * {2} AS INTEGER))), lambda q: CASE WHEN {2} > 0 THEN q <= {1} ELSE q >= {1} END)
shuffle(array(E)) -> array(E) : list_transform(list_sort(list_transform({0}, lambda q: struct_pack(o := random(), v := q))), lambda q: q.v)
slice(array(E), bigint, bigint) -> array(E) : CASE WHEN {1} = 0 THEN <<INVALID_FUNCTION_ARGUMENT|'SQL array indices start at 1'|{R}>> WHEN {2} < 0 THEN <<INVALID_FUNCTION_ARGUMENT|'length must be greater than or equal to 0'|{R}>> WHEN {2} = 0 OR -{1} > len({0}) THEN list_slice({0}, 1, 0) WHEN {1} < 0 THEN list_slice({0}, len({0}) + {1} + 1, len({0}) + {1} + {2}) ELSE list_slice({0}, {1}, {1} + {2} - 1) END
trim_array(array(E), bigint) -> array(E) : CASE WHEN {1} < 0 OR {1} > len({0}) THEN <<INVALID_FUNCTION_ARGUMENT|'size must not exceed array cardinality'|{R}>> ELSE list_slice({0}, 1, len({0}) - {1}) END
zip(array(T), array(U)) -> array(row(T, U)) : list_transform(list_zip({0}, {1}), lambda q: struct_pack(field0 := q[1], field1 := q[2]))
zip(array(T), array(U), array(V)) -> array(row(T, U, V)) : list_transform(list_zip({0}, {1}, {2}), lambda q: struct_pack(field0 := q[1], field1 := q[2], field2 := q[3]))
all_match(array(T), (T)->boolean) -> boolean : m_all(list_transform({0}, {1}))
any_match(array(T), (T)->boolean) -> boolean : m_any(list_transform({0}, {1}))
none_match(array(T), (T)->boolean) -> boolean : NOT m_any(list_transform({0}, {1}))
filter(array(T), (T)->boolean) -> array(T) : list_filter({0}, {1})
transform(array(T), (T)->U) -> array(U) : list_transform({0}, {1})
zip_with(array(T), array(U), (T,U)->R) -> array(R) : list_transform(list_zip({0}, {1}), {2})
reduce(array(T), S, (S,T)->S, (S)->R) -> R : list_transform([list_reduce({0}, {2}, {1})], {3})[1]
map() -> map(unknown, unknown) : MAP {{}}
map(array(K), array(V)) -> map(K, V) : CASE WHEN len({0}) <> len({1}) THEN <<INVALID_FUNCTION_ARGUMENT|'Key and value arrays must be the same length'|{R}>> WHEN len(m_distinct({0})) <> len({0}) THEN <<INVALID_FUNCTION_ARGUMENT|'Duplicate map keys are not allowed'|{R}>> ELSE map({0}, {1}) END
map_from_entries(array(row(K, V))) -> map(K, V) : CASE WHEN len({0}) <> len(m_distinct(list_transform({0}, lambda q: q.field0))) THEN <<INVALID_FUNCTION_ARGUMENT|'Duplicate map keys are not allowed'|{R}>> ELSE map(list_transform({0}, lambda q: q.field0), list_transform({0}, lambda q: q.field1)) END
multimap_from_entries(array(row(K, V))) -> map(K, array(V)) : m_grouped(list_transform({0}, lambda q: struct_pack(k := q.field0, v := q.field1)))
map_entries(map(K, V)) -> array(row(K, V)) : list_transform(map_entries({0}), lambda q: struct_pack(field0 := q.key, field1 := q.value))
map_concat(map(K, V), map(K, V)...) -> map(K, V) : map_concat({ALL})
map_keys(map(K, V)) -> array(K) : map_keys({0})
map_values(map(K, V)) -> array(V) : map_values({0})
map_filter(map(K, V), (K,V)->boolean) -> map(K, V) : map_from_entries(list_filter(map_entries({0}), {1}))
transform_keys(map(K, V), (K,V)->U) -> map(U, V) : map(list_transform(map_entries({0}), {1}), map_values({0}))
transform_values(map(K, V), (K,V)->U) -> map(K, U) : map(map_keys({0}), list_transform(map_entries({0}), {1}))
json_parse(varchar) -> json : py_json_parse({0})
json_format(json) -> varchar : {0}
json_extract(varchar, varchar) -> json : py_json_extract({0}, {1})
json_extract(json, varchar) -> json : py_json_extract({0}, {1})
json_extract_scalar(varchar(x), varchar) -> varchar(x) : py_json_extract_scalar({0}, {1})
json_extract_scalar(json, varchar) -> varchar : py_json_extract_scalar({0}, {1})
json_array_length(varchar) -> bigint : py_json_array_length({0})
json_array_length(json) -> bigint : py_json_array_length({0})
json_array_contains(varchar, bigint) -> boolean : py_json_array_contains({0}, CAST({1} AS VARCHAR))
json_array_contains(varchar, boolean) -> boolean : py_json_array_contains({0}, CAST({1} AS VARCHAR))
json_array_contains(varchar, double) -> boolean : py_json_array_contains({0}, CAST({1} AS VARCHAR))
json_array_contains(varchar, varchar) -> boolean : py_json_array_contains({0}, py_json_quote({1}))
json_array_contains(json, bigint) -> boolean : py_json_array_contains({0}, CAST({1} AS VARCHAR))
json_array_contains(json, boolean) -> boolean : py_json_array_contains({0}, CAST({1} AS VARCHAR))
json_array_contains(json, double) -> boolean : py_json_array_contains({0}, CAST({1} AS VARCHAR))
json_array_contains(json, varchar) -> boolean : py_json_array_contains({0}, py_json_quote({1}))
json_array_get(varchar, bigint) -> json : py_json_array_get({0}, {1})
json_array_get(json, bigint) -> json : py_json_array_get({0}, {1})
json_size(varchar, varchar) -> bigint : py_json_size({0}, {1})
json_size(json, varchar) -> bigint : py_json_size({0}, {1})
is_json_scalar(varchar) -> boolean : py_is_json_scalar({0})
is_json_scalar(json) -> boolean : py_is_json_scalar({0})
"""

SIGNATURES = list(table_of(_TABLE))
# a lambda of two parameters that DuckDB gives one value, with both in it
PAIRED = {
    "zip_with": ("{0}[1]", "{0}[2]"),
    **dict.fromkeys(("map_filter", "transform_keys", "transform_values"), ("{0}.key", "{0}.value")),
}
_TOO_LONG = "CAST(CAST('~INVALID_FUNCTION_ARGUMENT~result of sequence function must not have more than 10000 entries~' AS TINYINT) AS BIGINT)"
_WRONG_WAY = "CAST(CAST('~INVALID_FUNCTION_ARGUMENT~sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start~' AS TINYINT) AS BIGINT)"
MACROS = {
    "m_has_null": "(a) AS len(list_filter(a, lambda q: q IS NULL)) > 0",
    "m_contains": "(a, v) AS CASE WHEN list_contains(a, v) THEN true WHEN v IS NULL OR m_has_null(a) THEN NULL WHEN a IS NOT NULL THEN false END",
    "m_has": "(a, v) AS CASE WHEN v IS NULL THEN m_has_null(a) ELSE list_contains(a, v) END",
    "m_distinct": "(a) AS list_filter(a, lambda v, i: NOT m_has(list_slice(a, 1, i - 1), v))",
    "m_except": "(a, b) AS m_distinct(list_filter(a, lambda v: NOT m_has(b, v)))",
    "m_intersect": "(a, b) AS m_distinct(list_filter(a, lambda v: m_has(b, v)))",
    "m_any": "(a) AS CASE WHEN list_contains(a, true) THEN true WHEN m_has_null(a) THEN NULL WHEN a IS NOT NULL THEN false END",
    "m_all": "(a) AS CASE WHEN list_contains(a, false) THEN false WHEN m_has_null(a) THEN NULL WHEN a IS NOT NULL THEN true END",
    "m_step": f"(a, b, s) AS CASE WHEN s = 0 OR (s > 0 AND a > b) OR (s < 0 AND a < b) THEN {_WRONG_WAY} WHEN (b - a) // s >= 10000 THEN {_TOO_LONG} ELSE s END",
    "m_sequence": "(a, b, s) AS generate_series(a, b, m_step(a, b, s))",
    "m_from_days": "(q) AS CAST(DATE '1970-01-01' + CAST(q AS INTEGER) AS DATE)",
    "m_days": "(d) AS CAST(d - DATE '1970-01-01' AS BIGINT)",
    "m_keys": "(l) AS m_distinct(list_transform(l, lambda e: e.k))",
    "m_grouped": "(l) AS map(m_keys(l), list_transform(m_keys(l), lambda q: list_transform(list_filter(l, lambda y: y.k = q), lambda y: y.v)))",
    "m_first": "(l) AS map(m_keys(l), list_transform(m_keys(l), lambda q: list_filter(l, lambda y: y.k = q)[1].v))",
}
