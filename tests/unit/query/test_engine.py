"""DuckDB as the engine: no file but the folder's, values as they are, decimals as Athena reckons, true sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localathena.lake.engine import engine
from tests.duckdb_catalog import as_duckdb
from tests.unit.query.lakes import MemoryLake, parquet
from totelake.errors import ConfigurationError, LakeError
from totelake.query.cache import Cache
from totelake.query.engine import answer
from totelake.query.lake import Lake

DECIMALS = st.decimals(min_value=-(10**8) + 1, max_value=10**8 - 1, places=2, allow_nan=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one parquet file, beside a secret one."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a.parquet").write_bytes(parquet(a=1))
    (tmp_path / "secret.csv").write_text("password\nhunter2\n")
    (tmp_path / "secret.parquet").write_bytes(parquet(password="hunter2"))
    return tmp_path / "cache"


@pytest.fixture
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The engine over that folder."""
    with engine(folder) as found:
        yield found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{out}/secret.csv')",
        "SELECT * FROM read_csv('{out}/secret.csv')",
        "SELECT * FROM read_parquet('{out}/cache/../secret.parquet')",
        "SELECT * FROM '{out}/secret.parquet'",
        'SELECT * FROM "{out}/secret.csv"',
        "SELECT * FROM glob('{out}/*')",
        "SELECT l.content FROM (SELECT 1) AS t CROSS JOIN LATERAL read_text('{out}/secret.csv') AS l",
        "SELECT * FROM folder",
        "SELECT * FROM 'http://127.0.0.1:9/x.parquet'",
        "SELECT * FROM 's3://bucket/x.parquet'",
        "ATTACH '{out}/x.db'",
        "COPY (SELECT 1) TO '{out}/x.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
    ],
)
def test_the_engine_reads_the_folder_and_nothing_else(
    sql: str, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    assert connection.execute(f"SELECT * FROM read_parquet('{folder}/a.parquet')").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error) as raised:
        connection.execute(sql.format(out=folder.parent)).fetchall()
    assert "hunter2" not in str(raised.value)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["cache", "secret.csv", "secret.parquet"]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("timestamptz '2024-01-01 02:00:00.000001+02'", datetime(2024, 1, 1, 0, 0, 0, 1, timezone.utc)),
        ("NULL::timestamptz", None),
        ("[timestamptz '2024-01-01 00:00:00+00']", "['2024-01-01 00:00:00+00']"),
        ("timestamp '2024-01-01 00:00:00.000001'", datetime(2024, 1, 1, 0, 0, 0, 1)),
        ("timestamp '294000-01-01 00:00:00'", "294000-01-01 00:00:00"),
        ("timestamp_ns '2024-01-01 00:00:00.123456789'", "2024-01-01 00:00:00.123456789"),
        ("interval '1' month", "1 month"),
        ("{'a': interval '13' month}", "{'a': 1 year 1 month}"),
        ("0.1::float", 0.1),
        ("0.1::double", 0.1),
        ("170141183460469231731687303715884105727::hugeint", 2**127 - 1),
        ("12345678901234567890123456789012345.678::decimal(38,3)", Decimal("12345678901234567890123456789012345.678")),
        ("date '20000-01-01'", "20000-01-01"),
    ],
)
def test_a_value_is_what_it_is(sql: str, value: Any, connection: duckdb.DuckDBPyConnection) -> None:
    found = answer(connection, f"SELECT {sql} AS n, 'x' AS n, {sql} AS \"[n\" ORDER BY 1")
    assert (found.columns, found.rows) == (("n", "n", "[n"), [(value, "x", value)])


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT sum(unit_price * units) FROM price", Decimal("99999999.99") * (2**31 - 1)),
        ("SELECT unit_price * many FROM price", Decimal("922337203593243860331452241.93")),
        ("SELECT sum(total * 1000) FROM price", Decimal("999999999999999999.000")),
        ("SELECT total + total + 0.5 FROM price", Decimal("2000000000000000.498")),
        ("SELECT p.total * 10 FROM (SELECT max(total) AS total FROM price) AS p", Decimal("9999999999999999.990")),
        ("SELECT unit_price * units * 1.0000 FROM PRICE", Decimal("99999999.990000") * (2**31 - 1)),
        ("SELECT 99999999999999.99 * 99999999999.9", Decimal("99999999999999.99") * Decimal("99999999999.9")),
        ("SELECT CAST('9999999999999999.99' AS decimal(18,2)) * 100", Decimal("999999999999999999.00")),
        ("SELECT try_cast('12345678.99' AS decimal(5,2))", None),
        ("SELECT CAST(1.005 AS decimal(10,2)) * 1", Decimal("1.01")),
        ("SELECT CAST('12345678901234567890' AS decimal)", Decimal("12345678901234567890")),
        ("SELECT CAST(1.5 AS decimal(5)) * 1", Decimal("2")),
        ("SELECT CAST(CAST(1.25 AS decimal(3,2)) * 3.5 AS decimal(18,3)) * 1", Decimal("4.375")),
    ],
)
def test_decimals_are_reckoned_in_38_digits_as_athena_does(
    sql: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((found,),) = MemoryLake(monkeypatch).ask(sql, tmp_path)
    assert (found, getattr(found, "as_tuple", str)()) == (value, getattr(value, "as_tuple", str)())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(one=DECIMALS, other=DECIMALS, number=st.integers(-(2**63) + 1, 2**63 - 1))
def test_what_is_reckoned_is_what_python_reckons(
    one: Decimal, other: Decimal, number: int, connection: duckdb.DuckDBPyConnection
) -> None:
    sql = f"SELECT ({one}) * ({other}), ({one}) * ({number}), ({one}) - ({other}) + ({number})"
    with localcontext(prec=60):
        wanted = (one * other, one * number, one - other + number)
    assert answer(connection, as_duckdb(connection, sql)).rows == [wanted]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT count(*) FROM (VALUES 1, 2) AS t(x) TABLESAMPLE BERNOULLI (100.0)", "SAMPLE of "),
        ("SELECT approx_percentile(staff_id, 0.5) FROM dim_staff", "the function approx_percentile is"),
        ("EXPLAIN SELECT 1", "EXPLAIN, whose plan"),
    ],
)
def test_what_is_not_answered_here_is_not_said_to_be_wrong(
    sql: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        MemoryLake(monkeypatch).ask(sql, tmp_path)
    assert str(raised.value).startswith(what)
    assert str(raised.value).endswith(" not answered on this machine; ask in another way, or with --target aws")


@pytest.mark.parametrize("name", ["moon_phase", "getenv", "read_text", "datediff", "len"])
def test_a_function_that_athena_has_not_is_refused_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        LakeError, match=f"^the query was refused: FUNCTION_NOT_FOUND: Function '{name}' not registered"
    ):
        MemoryLake(monkeypatch).ask(f"SELECT {name}('x')", tmp_path)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SHOW TABLES", [("dim_staff",), ("fact_order",), ("price",)]),
        ("SHOW TABLES LIKE 'dim%'", [("dim_staff",)]),
        ("DESCRIBE dim_staff", [("staff_id", "integer", "", ""), ("name", "varchar", "", "")]),
        ("SELECT 7 / 2, name FROM fact_order WHERE month = '2026-11'", [(3, "Ada")]),
        ("SELECT at_timezone(timestamp '2024-07-01 23:30 UTC', 'Europe/London'), array['a', NULL]",
         [("2024-07-02 00:30:00.000 Europe/London", "[a, null]")]),
        ("SELECT map(array['a'], array[1]), row(1, 'x')", [("{a=1}", "{field0=1, field1=x}")]),
    ],
)  # fmt: skip
def test_what_only_athena_says_that_way_is_answered(
    sql: str, rows: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MemoryLake(monkeypatch).ask(sql, tmp_path) == rows


def test_a_question_without_tables_asks_no_server(tmp_path: Path) -> None:
    nobody: Any = object()
    assert Lake(nobody, "star", Cache(tmp_path, "one")).ask("SELECT 1").rows == [(1,)]


@pytest.mark.parametrize("sql", ["SELECT moon FROM dim_staff", "SELECT 1 FROM dim_staff d JOIN price p ON d.x = p.y"])
def test_a_refusal_has_no_word_of_the_translated_query(
    sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LakeError) as raised:
        MemoryLake(monkeypatch).ask(sql, tmp_path)
    assert "LINE" not in str(raised.value) and "^" not in str(raised.value) and "SELECT" not in str(raised.value)
    assert str(raised.value).startswith("the query was refused: ") and str(raised.value).endswith("; correct it")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT x FROM UNNEST(sequence(1, 3)) AS t(x)", [(1,), (2,), (3,)]),
        ("WITH Recent AS (SELECT name FROM DIM_STAFF) SELECT NAME FROM recent", [("Ada",)]),
        ("WITH dim_staff AS (SELECT name FROM dim_staff) SELECT name FROM dim_staff", [("Ada",)]),
        ('SELECT name FROM "AwsDataCatalog"."star"."dim_staff"', [("Ada",)]),
        (
            "SELECT q.a, d.name FROM (WITH dim_staff AS (SELECT 1 AS a) SELECT a FROM dim_staff) q, dim_staff d",
            [(1, "Ada")],
        ),
    ],
)
def test_what_athena_answers_is_answered(
    sql: str, rows: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MemoryLake(monkeypatch).ask(sql, tmp_path) == rows
