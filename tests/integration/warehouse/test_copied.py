"""What an object of the lake has is what its staging table has, whatever the values: by COPY of the JDBC driver."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.integration.warehouse.conftest import Warehouse, dimensions
from totelake.contracts.types import arrow_type
from totelake.ports.memory import MemoryStore
from totelake.ports.postgres_address import PostgresAddress
from totelake.runtime.spark import open_jvm
from totelake.warehouse.driver_errors import RefusedError
from totelake.warehouse.jdbc import Connection, JdbcAddress, connect
from totelake.warehouse.lake_rows import LakeRows, csv_files

pytestmark = pytest.mark.integration
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999)
KINDS: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "small": ("smallint", st.integers(-(2**15), 2**15 - 1)),
    "whole": ("integer", st.integers(-(2**31), 2**31 - 1)),
    "big": ("bigint", st.integers(-(2**63), 2**63 - 1)),
    "flag": ("boolean", st.booleans()),
    "single": ("real", st.floats(width=32)),
    "exact": ("double precision", st.floats()),
    "price": ("numeric(10,2)", st.decimals(-99999999, 99999999, places=2)),
    "huge": ("numeric(38,18)", st.decimals(-(10**19), 10**19, places=18, allow_nan=False)),
    "day": ("date", st.dates()),
    "at": ("timestamp without time zone", st.datetimes(max_value=LAST).map(lambda at: at.replace(fold=0))),
    "note": ("text", TEXT),
    "Quoted": ("character varying(30)", TEXT),
}
NAMES = list(KINDS)
ROW = st.tuples(*(st.none() | values for _, values in KINDS.values()))
FULL = (
    0, -1, 2**63 - 1, False, float("inf"), 0.1, Decimal("-0.05"), Decimal("1e-18"), date(1, 1, 1), datetime(1, 1, 1)
)  # fmt: skip
HOSTILE = [
    "",
    "\\.",
    "\n\\.\n",
    '"',
    '""',
    "\\N",
    "NULL",
    "a,b",
    "\r",
    "\r\n",
    "\\",
    " ",
    "\ufeff",
    "\x7f",
    "\U0001f600",
]
PLAIN = [(*FULL, text, text) for text in HOSTILE]


@pytest.fixture
def target(warehouse: Warehouse) -> JdbcAddress:
    """A database with a table `t` that has a column of every type."""
    secret = warehouse.postgres.secret(warehouse.dsn, "totelake_loader")
    address = JdbcAddress(PostgresAddress.from_secret(secret, "s", "the warehouse"))
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in KINDS.items())
    with connect(open_jvm(), address) as connection:
        connection.run(f"CREATE SCHEMA star; CREATE TABLE star.t ({columns}, place serial)")
        connection.commit()
    return address


def copied(address: JdbcAddress, rows: list[tuple[Any, ...]], folder: Path) -> int:
    """Put an object with these rows into the emptied table; how many rows that took."""
    types = {name: arrow_type(kind) for name, (kind, _) in KINDS.items()}
    sink, store = io.BytesIO(), MemoryStore()
    pq.write_table(
        pa.Table.from_pylist([dict(zip(NAMES, row)) for row in rows], schema=pa.schema(list(types.items()))), sink
    )
    store.put("a", sink.getvalue())
    wanted = LakeRows("t", ["a"], types)
    with connect(open_jvm(), address) as connection:
        connection.run("TRUNCATE star.t")
        count = sum(connection.copy(wanted.copy_into("star.t"), path) for path in csv_files(store, wanted, folder))
        connection.commit()
    return count


@example(PLAIN)
@example([(None,) * len(NAMES)])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=20))
def test_whatever_an_object_has_is_what_the_table_gets(
    warehouse: Warehouse, target: JdbcAddress, tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    assert copied(target, rows, tmp_path) == len(rows)
    # the text of a `real` has fewer digits than Python's float
    names = ", ".join(f'"{name}"::double precision' if name == "single" else f'"{name}"' for name in NAMES)
    # repr: a NaN is the same, and 0.0 is not -0.0
    assert repr(warehouse.rows(f"SELECT {names} FROM star.t ORDER BY place")) == repr(rows)


def test_what_the_server_refuses_is_explained_and_leaves_what_was_there(
    warehouse: Warehouse, target: JdbcAddress, tmp_path: Path
) -> None:
    copied(target, PLAIN, tmp_path)
    with pytest.raises(RefusedError, match=r"the warehouse .*value too long for type character varying\(30\)"):
        copied(target, [(*FULL, "", "x" * 31)], tmp_path)
    assert warehouse.rows("SELECT count(*) FROM star.t") == [(len(PLAIN),)]


def test_rows_go_by_a_folder_below_that_of_the_run_and_leave_nothing_there(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, folders = Connection.copy, set[Path]()

    def noted(connection: Connection, statement: str, path: Path) -> int:
        folders.add(path.parent.parent)
        return copy(connection, statement, path)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Connection, "copy", noted)
    warehouse.commit(1, **dimensions())
    warehouse.load()
    assert (folders, list(tmp_path.iterdir())) == ({tmp_path}, [])
