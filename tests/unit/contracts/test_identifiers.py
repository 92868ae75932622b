"""Names: which are kept, which block their table, and that every engine gets them quoted from one place."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modules import LIB
from totelake.capture import events
from totelake.contracts import load_contracts
from totelake.contracts.checks import check_table
from totelake.contracts.identifiers import (
    METADATA,
    PARTITION_KEYS,
    RESERVED,
    catalogue_name,
    is_contract_name,
    is_reserved,
    namesakes,
    spark_quoted,
    sql_quoted,
    unusable_characters,
)
from totelake.errors import ContractError
from totelake.lake import partitions
from totelake.lake.keys import QUARANTINE, Attempt
from totelake.lake.manifest import DATA, LakeObject, Manifest, TableCommit
from totelake.ports.memory import MemoryCatalog
from totelake.runtime import moments
from totelake.schemas.changes import NAME_RESERVED, unusable
from totelake.schemas.columns import SourceColumn

# what PostgreSQL takes as a name: any text of up to 63 bytes without NUL
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda name: len(name.encode()) <= 63
)
KEPT = ("note", "deliveryNote", "delivery note", "delivery-note", "price$", "größe", "数量", "e\u0301t", "order", "2nd")
KEPT += ("select", "a" * 63, "_note", "\u00dcnit", "\u039f\u0394\u039f\u03a3")
UNUSABLE = ("x`y", "a.b", 'a"b', "a'b", "a,b", "a;b", "a:b", "a(b)", "a{b}", "a=b", "a/b", "a\\b", "a\nb", "a\tb", " a")
# the last has a lower case of two letters, and Athena compares letter by letter
UNUSABLE += ("a ", "a%b", "a\u200bb", "<a>", "a*", "?", "\u0130d")


@pytest.mark.parametrize("name", KEPT)
def test_names_that_every_engine_takes_in_quotes_are_kept(name: str) -> None:
    assert unusable_characters(name) == "" and not is_reserved(name)


@pytest.mark.parametrize("name", UNUSABLE)
def test_names_with_what_an_engine_takes_for_syntax_are_not(name: str) -> None:
    assert set(unusable_characters(name)) <= set(name) and unusable_characters(name)


@given(st.sampled_from(sorted(RESERVED)), st.data())
def test_the_lakes_own_names_are_reserved_in_whatever_case(name: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from((letter, letter.upper()))) for letter in name)
    assert is_reserved(written)


def test_the_lakes_own_names_are_those_that_it_writes() -> None:
    assert {field.name for field in events.METADATA} == set(METADATA)
    assert {name for name, _ in partitions.METADATA} < set(METADATA)
    written = (LIB / "totelake" / "capture" / "events.py").read_text("utf-8")
    assert re.findall(r'\{"(\w+)": day\}', written) == list(PARTITION_KEYS)


def test_no_registered_column_shares_a_partition_keys_name() -> None:
    catalog, contracts = MemoryCatalog(), load_contracts()
    for table in contracts.star_tables():
        partitions.ensure_log_table(catalog, table, "processed")
    row = LakeObject("s", f"{QUARANTINE}/star/x/1.parquet", 1, 1)
    commit = {star.name: TableCommit(quarantined=1, quarantine=(row,)) for star in contracts.star_tables()}
    manifest = Manifest.of_attempt(Attempt("x", 1, "a"), DATA, moments.now(), {}, commit)
    partitions.register_quarantine(catalog, contracts.star_tables()[0], "processed", manifest)
    keys = [key["Name"] for table in catalog.tables() for key in table["PartitionKeys"]]
    assert set(keys) >= {"created_month", "target_table"}
    for table in catalog.tables():
        columns = {catalogue_name(item["Name"]) for item in table["StorageDescriptor"]["Columns"]}
        assert columns.isdisjoint(key["Name"] for key in table["PartitionKeys"]), table["Name"]
    for key in PARTITION_KEYS:  # the crawler registers a source's tables; what is not captured it never sees
        columns = (SourceColumn(written, "date", False) for written in (key, key.upper(), key.title()))
        assert {change.kind for change, _ in unusable("t", tuple(columns))} == {NAME_RESERVED}


@pytest.mark.parametrize("name", ["created_month", "_batch"])
def test_a_star_table_has_no_column_of_its_partition_keys_name(name: str) -> None:
    fact = next(table for table in load_contracts().star_tables() if table.partition_by == "created_month")
    column = replace(fact.columns[-1], name=name)
    with pytest.raises(ContractError, match=f"has a column {name}, a name the lake keeps for itself"):
        check_table(replace(fact, columns=(*fact.columns, column)))


@given(st.lists(NAMES, unique=True))
def test_what_is_left_without_namesakes_differs_for_every_engine(names: list[str]) -> None:
    twice = namesakes(names)
    kept = [name for name in names if name not in twice]
    for fold in (catalogue_name, str.upper, str.casefold):
        assert len({fold(name) for name in kept}) == len(kept)
    assert set(twice.values()) <= set(kept)


@pytest.mark.parametrize("pair", [("Note", "note"), ("GRÖSSE", "grösse"), ("\u212a", "k"), ("\u017f", "s")])
def test_names_that_are_equal_but_for_case_are_one(pair: tuple[str, str]) -> None:
    assert namesakes(pair) == {pair[1]: pair[0]}


@given(NAMES)
def test_quotes_of_sql_hold_every_name(name: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        found = connection.execute(f"SELECT 1 AS {sql_quoted(name)}")
        assert found.description[0][0] == name


@given(NAMES)
def test_quotes_of_sql_hold_every_name_for_the_engines_of_queries(name: str) -> None:
    duckdb = pytest.importorskip("duckdb", reason="no job needs DuckDB")
    sqlglot = pytest.importorskip("sqlglot", reason="no job needs sqlglot")
    assert duckdb.sql(f"SELECT 1 AS {sql_quoted(name)}").columns == [name]
    assert sqlglot.parse_one(f"SELECT 1 AS {sql_quoted(name)}", read="postgres").selects[0].alias == name


@given(NAMES)
def test_quotes_of_spark_hold_every_name(name: str) -> None:
    quoted = spark_quoted(name)
    assert re.fullmatch(r"`(?:[^`]|``)+`", quoted) and quoted[1:-1].replace("``", "`") == name


@pytest.mark.parametrize("name", ["Note", "a.b", "a b", "", "1a", "a" * 64, "a\n", "ä", "a$"])
def test_a_contract_takes_plain_names_only(name: str) -> None:
    assert not is_contract_name(name)


def test_names_are_quoted_in_one_place() -> None:
    by_hand = [
        f"{path.relative_to(LIB)}: {line.strip()}"
        for package in ("contracts", "lake", "capture", "registry", "star", "warehouse", "operate", "query")
        for path in sorted((LIB / "totelake" / package).rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"`\{[\w.]*name[\w.]*\}`|[^\\=]\"\{[\w.]*name[\w.]*\}\"[^\"]*'", line)
    ]
    assert not by_hand, "\n".join(by_hand)
