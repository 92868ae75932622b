"""The dictionary: all of every contract is on a page, and every link leads to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parsed_page import Parsed
from totelake.cli.dictionary import write
from totelake.contracts import load_contracts
from totelake.contracts.dashboards import tiles_of
from totelake.contracts.documents import documents
from totelake.contracts.model import Column, Table
from totelake.contracts.queries import queries_of
from totelake.dictionary import pages as module
from totelake.dictionary.entries import entries_of, meaning
from totelake.dictionary.pages import INDEX, pages_of
from totelake.errors import ConfigurationError
from totelake.pages.graph import Box
from totelake.pages.html import Html
from totelake.registry.registered import Version
from totelake.schemas.changes import COLUMN_ADDED, Change
from totelake.schemas.impact import impact_of

WHOLE_CATALOG = True


def pages(versions: dict[str, list[Version]] | None = None) -> dict[str, str]:
    """All pages of the catalogue, or with these versions."""
    files = documents()
    return pages_of(entries_of(load_contracts(), versions), queries_of(files), tiles_of(files))


def tables() -> list[Table]:
    """Every table that a contract names."""
    return [*load_contracts().all_source_tables(), *load_contracts().star_tables()]


def test_every_column_of_every_contract_is_on_its_tables_page() -> None:
    found = pages()
    assert len(found) == len(tables()) + 1
    for item in tables():
        words = Parsed(found[f"{item}.html"]).words
        assert item.grain in words
        assert {column.name for column in item.columns} <= set(words)
        assert {column.type for column in item.columns} <= set(words)


def test_every_link_leads_to_a_page_and_every_page_is_well_formed() -> None:
    found = pages()
    for name, source in found.items():
        parsed = Parsed(source)
        assert parsed.is_well_formed, name
        ids = {attributes["id"] for _, attributes in parsed.elements if "id" in attributes}
        for href in [str(attributes["href"]) for tag, attributes in parsed.elements if tag == "a"]:
            assert href[1:] in ids if href.startswith("#") else href in found, f"{name} leads to {href}"
    leads = {attributes.get("href") for _, attributes in Parsed(found[INDEX]).elements}
    assert {f"{item}.html" for item in tables()} <= leads


def test_a_page_says_what_a_change_would_reach() -> None:
    source = pages()["totesys.staff.html"]
    assert "dim_staff" in source and "sales_by_staff_and_counterparty" in source
    said = [attributes["aria-label"] for tag, attributes in Parsed(source).elements if tag == "svg"]
    assert len(said) == 1 and str(said[0]).startswith("totesys.staff is what dim_staff, ")


def test_versions_are_shown_where_they_were_asked_for() -> None:
    added = Change("staff", "nick", COLUMN_ADDED, "", "text")
    versions = [Version(1, "2026-11-23T10:00:00+00:00", 7, ()), Version(2, "2026-11-24T10:00:00+00:00", 8, (added,))]
    found = pages({"totesys.staff": versions})
    assert "staff.nick: nullable column added" in found["totesys.staff.html"]
    assert "It is not registered yet." in found["dim_staff.html"]
    assert "Versions in the registry" not in pages()["dim_staff.html"]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column("a", "text", enum=("x", "y")), "one of x, y"),
        (Column("a", "integer", minimum="1", maximum="9"), "from 1 to 9"),
        (Column("a", "integer", minimum="0"), "0 or more"),
        (Column("a", "integer", maximum="9", unique=True), "9 or less; unique"),
        (Column("a", "integer", serial=True, description="Its number."), "Its number.; numbered by the warehouse"),
        (Column("a", "text", default="'x'", pattern="[a-z]"), "reads as [a-z]; 'x' where none is given"),
        (Column("a", "bigint", number_of=("b", "c")), "a number for b, c"),
        (Column("a", "text"), ""),
    ],
)
def test_what_a_column_may_hold_is_said_in_words(column: Column, words: str) -> None:
    assert meaning(column) == words


def test_pages_are_written_into_a_folder_and_nothing_else_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "docs"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    names = write(folder)
    assert {path.name for path in folder.iterdir()} == {*names, "notes.txt"}
    with pytest.raises(ConfigurationError, match="notes.txt is no folder; name one with --output"):
        write(folder / "notes.txt")


def test_a_query_hangs_on_the_star_tables_that_it_reads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[Box]] = {}

    def graph_of(boxes: list[Box], said: str) -> Html:
        drawn[said.split(" is what ")[0]] = boxes
        return Html("")

    monkeypatch.setattr(module, "graph_of", graph_of)
    pages()
    impact = {table.name: impact_of(table).queries for table in load_contracts().star_tables()}
    edges = [
        (box.label, star) for boxes in drawn.values() for box in boxes if box.words == "query" for star in box.after
    ]
    assert len(edges) > 50
    for query, star in edges:
        assert query in impact[star], f"{query} does not read {star}"
