"""Values as SQL and IEEE 754 have them, where DuckDB has them otherwise."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from localathena.sql.casts import rounded
from localathena.sql.refusals import Refused, refusal_of
from localathena.sql.types import type_of
from tests.unit.localathena.answers import refusal, rows

_PEOPLE = "(VALUES (1, 'b', 'x'), (2, 'a', 'y')) AS t(id, m, n)"
_NOON = "(VALUES (1, 'b', TIMESTAMP '2024-01-01 01:00 UTC'), (2, 'a', TIMESTAMP '2024-01-01 02:00 UTC')) AS t(id, m, n)"


@pytest.mark.parametrize("distinct", ["", "DISTINCT "])
@pytest.mark.parametrize(
    ("column", "source"), [("CAST(n AS char(2))", _PEOPLE), ("n", _PEOPLE), ("n", _NOON), ("id", _PEOPLE)]
)
@pytest.mark.parametrize("by", ["c", "3"])
def test_rows_are_sorted_by_the_column_of_select_and_no_other(column: str, source: str, by: str, distinct: str) -> None:
    if distinct and source == _NOON:
        distinct = ""
    selected = f"SELECT {distinct}id, m, {column} AS c FROM {source} ORDER BY {by} DESC LIMIT 1"
    assert [row[0] for row in rows(selected)] == ["2"]


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(str.strip)


@settings(deadline=None, max_examples=60)
@given(name=_NAMES | st.sampled_from(["a'||substr(version(),1,0)||'", 'a"b', "'", '""', "c), (d"]))
def test_a_rows_field_may_have_any_name(name: str) -> None:
    written = '"' + name.replace('"', '""') + '"'
    one = f"CAST(row(7, 8) AS row({written} integer, other_field integer))"
    assume(name.lower() != "other_field")
    found = rows(
        f"SELECT {one}[1], {one}[2], {one} = {one}, CAST({one} AS json), t.f FROM UNNEST(ARRAY[{one}]) AS t(f, g)"
    )
    json_text = json.dumps({name.lower(): 7, "other_field": 8}, ensure_ascii=False, separators=(",", ":"))
    assert found == [["7", "8", "true", json_text, "7"]]


@given(name=_NAMES)
def test_a_type_with_a_fields_name_is_read_back_as_it_was_written(name: str) -> None:
    written = '"' + name.replace('"', '""') + '"'
    assert type_of(f"row({written} integer)").fields == (name,)


def _ieee(sign: str, one: float | None, other: float | None) -> str | None:
    if one is None or other is None:
        return None
    return str(getattr(one, f"__{sign}__")(other)).lower()


_SIGNS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_EDGES = [math.nan, None, 1.0, -1.0, 0.0, -0.0, math.inf, -math.inf]
_WRITTEN = {None: "NULL", math.inf: "infinity()", -math.inf: "-infinity()", 1.0: "1e0", -1.0: "-1e0", 0.0: "0e0"}


def _double(value: float | None) -> str:
    if value is not None and (math.isnan(value) or str(value) == "-0.0"):
        return "nan()" if math.isnan(value) else "-0e0"
    return _WRITTEN[value]


_PAIRS = [(one, other) for one in _EDGES for other in _EDGES]


@pytest.mark.parametrize("kind", ["double", "real"])
@pytest.mark.parametrize("sign", _SIGNS)
def test_doubles_compare_as_ieee_754_has_it(sign: str, kind: str) -> None:
    wanted = [_ieee(_SIGNS[sign], one, other) for one, other in _PAIRS]
    written = [(f"CAST({_double(one)} AS {kind})", f"CAST({_double(other)} AS {kind})") for one, other in _PAIRS]
    values = ", ".join(f"({number}, {one}, {other})" for number, (one, other) in enumerate(written))
    source = f"(VALUES {values}) AS t(n, a, b)"
    ways = [f"a {sign} b", f"a {sign} ANY (SELECT b)", f"a {sign} ALL (SELECT b)"]
    ways += ["a IN (b)", "a IN (SELECT b)"] if sign == "=" else []
    found = rows(f"SELECT n, {', '.join(ways)} FROM {source} ORDER BY n")
    assert [row[1:] for row in found] == [[item] * len(ways) for item in wanted]
    alone = ", ".join(f"{one} {sign} {other}" for one, other in written)
    assert rows(f"SELECT {alone}") == [wanted]


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("nan() BETWEEN 0 AND 1", "false"),
        ("1e0 BETWEEN 0 AND nan()", "false"),
        ("nan() IN (nan(), 1e0)", "false"),
        ("nan() NOT IN (nan(), 1e0)", "true"),
        ("nan() IN (1e0, NULL)", None),
        ("nan() IN (1, 2)", "false"),
        ("NULLIF(nan(), nan())", "NaN"),
        ("NULLIF(1e0, 1e0)", None),
        ("CASE nan() WHEN nan() THEN 1 ELSE 2 END", "2"),
        ("nan() IS NOT DISTINCT FROM nan()", "true"),
        ("ARRAY[nan()] = ARRAY[nan()]", "false"),
        ("row(1, nan()) = row(1, nan())", "false"),
        ("(SELECT count(*) FROM (VALUES nan(), 1e0) AS t(x) JOIN (VALUES nan(), 1e0) AS u(x) USING (x))", "1"),
        ("(SELECT count(*) FROM (VALUES nan(), 1e0) AS t(x) JOIN (VALUES nan(), 1e0) AS u(y) ON x >= y)", "1"),
        ("(SELECT count(*) FROM (VALUES nan(), 1e0) AS t(x) WHERE x > 0)", "1"),
        ("row(1, NULL) IN (row(1, 2))", None),
        ("row(1, NULL) IN (row(2, 2))", "false"),
        ("row(1, NULL) IN (row(1, 2), row(2, 2))", None),
        ("row(1, 2) IN (row(1, NULL), row(1, 2))", "true"),
        ("row(1, NULL) NOT IN (row(1, 2))", None),
        ("row(1, NULL) IN (SELECT 1, 2)", None),
        ("row(1, NULL) IN (SELECT 2, 2)", "false"),
        ("row(1, 2) IN (SELECT * FROM (VALUES (1, NULL), (1, 2)))", "true"),
        ("row(1, 2) NOT IN (SELECT * FROM (VALUES (1, NULL), (2, 2)))", None),
        ("row(1, 2) IN (SELECT 1, 2 WHERE false)", "false"),
        ("row(1, 2) = ALL (SELECT 1, 2 WHERE false)", "true"),
        ("row(1, 2) = ALL (SELECT * FROM (VALUES (1, NULL), (2, 2)))", "false"),
        ("row(1, 2) = ALL (SELECT * FROM (VALUES (1, NULL), (1, 2)))", None),
        ("ARRAY[1, NULL] IN (ARRAY[1, 2])", None),
        ("ARRAY[1, NULL] IN (ARRAY[1], ARRAY[2, 2])", "false"),
        ("ARRAY[1, NULL] IN (SELECT ARRAY[1, 2])", None),
        ("ARRAY[1, 2] IN (SELECT ARRAY[1, 2])", "true"),
        ("(SELECT count(*) FROM (VALUES (1, 2), (3, 4)) AS t(a, b) WHERE (a, b) IN (SELECT 1, 2))", "1"),
    ],
)
def test_nan_and_null_inside_rows_and_arrays_compare_as_sql_has_it(sql: str, wanted: str | None) -> None:
    assert rows(f"SELECT {sql}") == [[wanted]]


@pytest.mark.parametrize(
    "kind",
    [
        "array",
        "map",
        "row",
        "map(varchar)",
        "array(integer, integer)",
        "map(varchar, integer, integer)",
        "array(3)",
        "array(map(varchar))",
        "varchar(integer)",
    ],
)
def test_a_type_with_too_few_or_too_many_types_in_it_is_refused(kind: str) -> None:
    assert refusal(f"SELECT CAST(NULL AS {kind})") in ("TYPE_MISMATCH", "SYNTAX_ERROR")
    with pytest.raises(Refused) as raised:
        type_of(kind)
    assert raised.value.kind == "TYPE_MISMATCH"


@pytest.mark.parametrize("kind", ["", "array(", "row(a", "row(a integer", "map<string,", "array<"])
def test_half_a_type_is_refused(kind: str) -> None:
    with pytest.raises(Refused) as raised:
        type_of(kind)
    assert (raised.value.kind, raised.value.sentence) == ("TYPE_MISMATCH", f"Unknown type: {kind}")


@pytest.mark.parametrize("kind", ["Binder", "Parser", "INTERNAL", "Out of Memory", "Catalog", "Not implemented"])
def test_what_is_no_mistake_of_the_users_is_not_answered_here(kind: str) -> None:
    found = refusal_of(f"{kind} Error: c0 of r1 has no m_first\n\nLINE 1: SELECT c0")
    assert (found.kind, found.sentence) == ("NOT_SUPPORTED", "this machine cannot answer the query")


_FIRST = datetime(1, 1, 1)


@settings(deadline=None, max_examples=60)
@given(moment=st.datetimes(max_value=datetime(9999, 12, 31, 23, 59, 59)), digits=st.integers(0, 5))
def test_a_moment_is_rounded_half_up_also_before_1970(moment: datetime, digits: int) -> None:
    unit = 10 ** (6 - digits)
    since = (moment - _FIRST) // timedelta(microseconds=1)
    wanted = _FIRST + timedelta(microseconds=(since + unit // 2) // unit * unit)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {rounded('CAST(? AS TIMESTAMP)', digits)}", [moment]).fetchall()
    assert found == [(wanted,)]


_ONE_MOMENT = (
    "(VALUES (1, TIMESTAMP '2024-01-01 12:00 UTC'), (2, TIMESTAMP '2024-01-01 14:00 Europe/Helsinki')) AS t(id, at)"
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM {} GROUP BY at",
        "SELECT at, count(*) FROM {} GROUP BY 1",
        "SELECT count(*) FROM {} GROUP BY ROLLUP (at)",
        "SELECT DISTINCT at FROM {}",
        "SELECT DISTINCT ARRAY[at] FROM {}",
        "SELECT count(DISTINCT at) FROM {}",
        "SELECT approx_distinct(at) FROM {}",
        "SELECT array_agg(DISTINCT at) FROM {}",
        "SELECT histogram(at) FROM {}",
        "SELECT map_agg(at, id) FROM {}",
        "SELECT array_distinct(ARRAY[at]) FROM {}",
        "SELECT contains(ARRAY[at], at) FROM {}",
        "SELECT count(*) OVER (PARTITION BY row(at, 1)) FROM {}",
        "SELECT at FROM {} UNION SELECT at FROM {}",
        "SELECT at FROM {} INTERSECT SELECT at FROM {}",
        "SELECT at FROM {} EXCEPT SELECT at FROM {}",
    ],
)
def test_what_would_tell_a_moment_apart_by_its_zone_is_not_answered(sql: str) -> None:
    assert refusal(sql.replace("{}", _ONE_MOMENT)) == "NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT max(n) FROM (SELECT count(*) OVER (PARTITION BY at) AS n FROM {})", "2"),
        ("SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY at ORDER BY id) AS n FROM {})", "2"),
        ("SELECT count(*) FROM (SELECT at FROM {} UNION ALL SELECT at FROM {})", "4"),
        ("SELECT count(DISTINCT CAST(at AT TIME ZONE 'UTC' AS timestamp)) FROM {}", "1"),
        ("SELECT count(*) FROM {} WHERE at IN (TIMESTAMP '2024-01-01 13:00 Europe/Paris')", "2"),
        ("SELECT count(*) FROM {} WHERE ARRAY[at] = ARRAY[TIMESTAMP '2024-01-01 13:00 Europe/Paris']", "2"),
        ("SELECT count(*) FROM {} AS a JOIN {} AS b ON a.at = b.at".replace("AS t(id, at) AS", "AS"), "4"),
    ],
)
def test_a_moment_is_the_same_in_every_zone(sql: str, wanted: str) -> None:
    relation = _ONE_MOMENT if " AS a " not in sql else f"(SELECT * FROM {_ONE_MOMENT})"
    assert rows(sql.replace("{}", relation)) == [[wanted]]


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("CAST(0.1 AS real)", "0.1"),
        ("ARRAY[CAST(0.1 AS real), NULL, CAST(nan() AS real)]", "[0.1, null, NaN]"),
        ("MAP(ARRAY['a'], ARRAY[CAST(0.1 AS real)])", "{a=0.1}"),
        ("MAP(ARRAY[CAST(0.1 AS real)], ARRAY[ARRAY[CAST(3.4028235E38 AS real)]])", "{0.1=[3.4028235E38]}"),
        ("CAST(row(CAST(0.1 AS real), 1) AS row(a real, b integer))", "{a=0.1, b=1}"),
        ("CAST(NULL AS array(real))", None),
    ],
)
def test_a_real_is_the_shortest_text_of_its_four_bytes_wherever_it_stands(sql: str, wanted: str | None) -> None:
    assert rows(f"SELECT {sql}") == [[wanted]]
