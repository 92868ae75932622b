# ruff: noqa: E501
"""Athena's aggregate functions and those of windows."""

from __future__ import annotations

from localathena.sql.signatures import Signature, table_of

_PAIRS = "list(struct_pack(k := {0}, v := {1})) FILTER (WHERE {0} IS NOT NULL)"
_TABLE = f"""
count() -> bigint : count(*){{W}}
count(E) -> bigint : count({{D}}{{0}}){{W}}
count_if(boolean) -> bigint : CAST(count_if({{D}}{{0}}){{W}} AS BIGINT)
sum(bigint) -> bigint : CAST(sum({{D}}{{0}}){{W}} AS BIGINT)
sum(decimal(p,s)) -> decimal(38,s) : CAST(sum({{D}}CAST({{0}} AS DECIMAL(38, {{s}}))){{W}} AS {{R}})
sum(real) -> real : CAST(sum({{D}}{{0}}){{W}} AS FLOAT)
sum(double) -> double : sum({{D}}{{0}}){{W}}
sum(interval day to second) -> interval day to second : CAST(sum({{D}}{{0}}){{W}} AS BIGINT)
sum(interval year to month) -> interval year to month : CAST(sum({{D}}{{0}}){{W}} AS BIGINT)
avg(bigint) -> double : avg({{D}}{{0}}){{W}}
avg(decimal(p,s)) -> decimal(p,s) : CAST(py_divide_{{s}}_0_{{s}}(CAST(sum({{D}}CAST({{0}} AS DECIMAL(38, {{s}}))){{W}} AS DECIMAL(38, {{s}})), CAST(count({{D}}{{0}}){{W}} AS DECIMAL(38, 0))) AS {{R}})
avg(interval day to second) -> interval day to second : CAST(round(avg({{D}}{{0}}){{W}}) AS BIGINT)
avg(real) -> real : CAST(avg({{D}}{{0}}){{W}} AS FLOAT)
avg(double) -> double : avg({{D}}{{0}}){{W}}
min(E) -> E : min({{D}}{{0}}){{W}}
max(E) -> E : max({{D}}{{0}}){{W}}
min(E, bigint) -> array(E) : min({{0}}, {{1}}){{W}}
max(E, bigint) -> array(E) : max({{0}}, {{1}}){{W}}
min_by(V, K) -> V : arg_min_null({{0}}, {{1}}){{W}}
max_by(V, K) -> V : arg_max_null({{0}}, {{1}}){{W}}
min_by(V, K, bigint) -> array(V) : arg_min({{0}}, {{1}}, {{2}}){{W}}
max_by(V, K, bigint) -> array(V) : arg_max({{0}}, {{1}}, {{2}}){{W}}
any_value(E) -> E : any_value({{0}}){{W}}
arbitrary(E) -> E : any_value({{0}}){{W}}
array_agg(E) -> array(E) : list({{D}}{{0}}{{O}}){{W}}
bool_and(boolean) -> boolean : bool_and({{0}}){{W}}
bool_or(boolean) -> boolean : bool_or({{0}}){{W}}
every(boolean) -> boolean : bool_and({{0}}){{W}}
geometric_mean(double) -> double : exp(avg(ln({{0}})){{W}})
approx_distinct(E) -> bigint : count(DISTINCT {{0}}){{W}}
approx_distinct(E, double) -> bigint : count(DISTINCT {{0}}){{W}}
bitwise_and_agg(bigint) -> bigint : bit_and({{0}}){{W}}
bitwise_or_agg(bigint) -> bigint : bit_or({{0}}){{W}}
histogram(K) -> map(K, bigint) : CAST(histogram({{0}}){{W}} AS {{R}})
map_agg(K, V) -> map(K, V) : m_first({_PAIRS})
multimap_agg(K, V) -> map(K, array(V)) : m_grouped({_PAIRS})
map_union(map(K, V)) -> map(K, V) : m_first(list_transform(flatten(list(map_entries({{0}})){{W}}), lambda e: struct_pack(k := e.key, v := e.value)))
stddev(double) -> double : stddev_samp({{D}}{{0}}){{W}}
stddev_samp(double) -> double : stddev_samp({{D}}{{0}}){{W}}
stddev_pop(double) -> double : stddev_pop({{D}}{{0}}){{W}}
variance(double) -> double : var_samp({{D}}{{0}}){{W}}
var_samp(double) -> double : var_samp({{D}}{{0}}){{W}}
var_pop(double) -> double : var_pop({{D}}{{0}}){{W}}
corr(real, real) -> real : CAST(corr({{0}}, {{1}}){{W}} AS FLOAT)
corr(double, double) -> double : corr({{0}}, {{1}}){{W}}
covar_pop(real, real) -> real : CAST(covar_pop({{0}}, {{1}}){{W}} AS FLOAT)
covar_pop(double, double) -> double : covar_pop({{0}}, {{1}}){{W}}
covar_samp(real, real) -> real : CAST(covar_samp({{0}}, {{1}}){{W}} AS FLOAT)
covar_samp(double, double) -> double : covar_samp({{0}}, {{1}}){{W}}
regr_slope(real, real) -> real : CAST(regr_slope({{0}}, {{1}}){{W}} AS FLOAT)
regr_slope(double, double) -> double : regr_slope({{0}}, {{1}}){{W}}
regr_intercept(real, real) -> real : CAST(regr_intercept({{0}}, {{1}}){{W}} AS FLOAT)
regr_intercept(double, double) -> double : regr_intercept({{0}}, {{1}}){{W}}
"""
_WINDOWS = """
row_number() -> bigint : row_number(){W}
rank() -> bigint : rank(){W}
dense_rank() -> bigint : dense_rank(){W}
percent_rank() -> double : percent_rank(){W}
cume_dist() -> double : cume_dist(){W}
ntile(bigint) -> bigint : ntile({0}){W}
lag(E) -> E : lag({0}{I}){W}
lag(E, bigint) -> E : lag({0}, {1}{I}){W}
lag(E, bigint, E) -> E : lag({0}, {1}, {2}{I}){W}
lead(E) -> E : lead({0}{I}){W}
lead(E, bigint) -> E : lead({0}, {1}{I}){W}
lead(E, bigint, E) -> E : lead({0}, {1}, {2}{I}){W}
first_value(E) -> E : first_value({0}{I}){W}
last_value(E) -> E : last_value({0}{I}){W}
nth_value(E, bigint) -> E : nth_value({0}, {1}{I}){W}
"""
# they are not answered with a window or a filter, for want of a single aggregate of DuckDB's
ALONE = ("map_agg", "multimap_agg")
AGGREGATES: list[Signature] = list(table_of(_TABLE))
WINDOWS: list[Signature] = list(table_of(_WINDOWS))
