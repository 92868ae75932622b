"""The queries of catalog/, and how wrong ones are refused."""

from __future__ import annotations

import pytest
import yaml

from tests.conftest import ROOT
from totelake.contracts import load_contracts
from totelake.contracts.documents import documents
from totelake.contracts.lineage import COMPILED, find_lineage, lineage
from totelake.contracts.queries import Query, queries_of
from totelake.errors import ContractError

sqlglot = pytest.importorskip("sqlglot", reason="the queries are read by sqlglot, which no job needs")

HEADER = "-- title: T\n-- description: D\n-- on: both\n"


def test_a_header_reads_as_yaml_too() -> None:
    for name, query in queries_of(documents()).items():
        lines = (ROOT / "catalog" / "queries" / f"{name}.sql").read_text(encoding="utf-8").splitlines()
        header = yaml.load("\n".join(line[3:] for line in lines if line.startswith("-- ")), yaml.BaseLoader)
        columns = header.pop("columns")
        assert header == {"title": query.title, "description": query.description, "on": query.on}
        assert columns == ", ".join(map(" ".join, query.columns))


def test_quicksight_is_told_the_columns_that_a_query_gives() -> None:
    for query in queries_of(documents()).values():
        given = sqlglot.parse_one(query.sql, read="athena").named_selects
        assert [name for name, _ in query.columns] == given, query.name


def test_a_query_is_its_header_and_its_text() -> None:
    found = queries_of({"queries/one.sql": f"{HEADER}SELECT 1\n"})
    assert found == {"one": Query("one", "T", "D", "both", "SELECT 1")}


@pytest.mark.parametrize("text", ["SELECT 1", "-- title: T\n-- on: both\nSELECT 1", HEADER.replace("both", "moon")])
def test_a_query_without_its_header_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match=r"catalog/queries/one\.sql needs a line '-- (title|description|on): "):
        queries_of({"queries/one.sql": text})


@pytest.mark.parametrize("columns", ["a", "a INTEGER, b", "a integer", "a BIGINT"])
def test_a_column_without_a_type_of_quicksight_is_refused(columns: str) -> None:
    with pytest.raises(ContractError, match=r"one\.sql: the column .+ has no type; it is one of STRING"):
        queries_of({"queries/one.sql": f"{HEADER}-- columns: {columns}\nSELECT 1"})


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT nothing FROM dim_staff", "Column 'nothing' could not be resolved"),
        ("SELECT 1 AS one FROM dim_moon AS m WHERE m.colour = 1", "reads dim_moon, which is not in both"),
        ("SELECT FROM WHERE", "cannot be used: it is not understood in line 1, column 17, at WHERE; correct the query"),
        ("SELECT 'x", "cannot be used: a quote or a comment in it does not end; correct the query"),
    ],
)
def test_a_query_that_cannot_run_is_refused_when_the_wheel_is_built(sql: str, words: str) -> None:
    with pytest.raises(ContractError, match=words) as raised:
        find_lineage({"queries/one.sql": f"{HEADER}{sql}"}, load_contracts().star_tables())
    assert str(raised.value).isprintable()


def test_without_a_star_table_no_list_is_empty() -> None:
    with pytest.raises(ContractError, match="use one of none: no contract of a star table is there"):
        find_lineage({"queries/one.sql": f"{HEADER}SELECT m.x FROM dim_moon AS m"}, ())


def test_compiled_lineage_is_taken_as_it_is() -> None:
    assert lineage({COMPILED: {"one": {"dim_staff": ["staff_id"]}}}, ()) == {"one": {"dim_staff": ["staff_id"]}}
