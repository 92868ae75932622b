"""The dictionary's pages: one for each table, and one that leads to all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from totelake.contracts.dashboards import Tile
from totelake.contracts.model import SOURCE, Column, Table
from totelake.contracts.queries import Query
from totelake.dictionary.entries import Entry, asked_by, file_of, meaning
from totelake.pages.frame import Page, Section, framed
from totelake.pages.graph import Box, graph_of
from totelake.pages.html import Html, element, joined, table

INDEX = "index.html"
_TITLE = "Data dictionary"


def pages_of(entries: Sequence[Entry], queries: Mapping[str, Query], tiles: Sequence[Tile]) -> dict[str, str]:
    """The HTML of every page by its file's name."""
    by_name = {str(entry.table): entry for entry in entries}
    found = {entry.file: framed(_page(entry, by_name, queries, tiles)) for entry in entries}
    return {INDEX: framed(_index(entries, queries, tiles)), **found}


def _index(entries: Sequence[Entry], queries: Mapping[str, Query], tiles: Sequence[Tile]) -> Page:
    kinds = dict.fromkeys(_group(entry.table) for entry in entries)
    sections = [
        Section(
            group.replace(" ", "-"), group, _tables([item for item in entries if _group(item.table) == group], group)
        )
        for group in kinds
    ]
    asked = [(item.name, item.title, item.on, _tiles_over(item.name, tiles)) for item in queries.values()]
    heads = ("query", "question", "on", "tiles")
    sections.append(Section("queries", "Queries", table("Queries", heads, asked, "No query is in catalog/queries.")))
    counts = (
        f"{len(entries)} tables, {sum(len(item.table.columns) for item in entries)} columns, {len(queries)} queries"
    )
    return Page(_TITLE, f"{counts}, from the contracts in catalog/.", sections)


def _group(item: Table) -> str:
    return f"Tables of {item.source}" if item.kind == SOURCE else f"Warehouse: {item.kind}s"


def _tables(entries: Iterable[Entry], group: str) -> Html:
    rows = [
        (_link(item.table), item.table.grain, len(item.table.columns), ", ".join(item.table.key_names))
        for item in entries
    ]
    return table(group, ("table", "a row is", "columns", "key"), rows, "None.")


def _tiles_over(name: str, tiles: Sequence[Tile]) -> str:
    return ", ".join(tile.title for tile in tiles if tile.query == name)


def _page(entry: Entry, by_name: Mapping[str, Entry], queries: Mapping[str, Query], tiles: Sequence[Tile]) -> Page:
    sections = [
        Section("about", "About", _about(entry)),
        Section("columns", "Columns", _columns(entry, by_name)),
        Section("lineage", "Lineage", _lineage(entry, by_name, tiles)),
        Section("uses", "What uses it", _uses(entry, queries, tiles)),
    ]
    if entry.versions is not None:
        sections.append(Section("versions", "Versions in the registry", _versions(entry)))
    return Page(str(entry.table), entry.table.grain, sections, links=((_TITLE, INDEX),))


def _about(entry: Entry) -> Html:
    item = entry.table
    facts = [
        ("kind", f"table of the source {item.source}" if item.kind == SOURCE else item.kind),
        ("key", ", ".join(item.key_names)),
        ("schema", item.schema),
        ("a new column", "is taken" if item.policy == "evolve" else "holds the table"),
    ]
    if item.driving:
        facts.append(("a row for every event of", f"{item.source}.{item.driving}"))
    if item.source_key:
        facts.append(("versions of one row share", item.source_key))
    if item.partition_by:
        facts.append(("partitioned by", item.partition_by))
    if item.dataset:
        facts.append(("files", f"{item.dataset.format} below {item.dataset.prefix}"))
    if item.conversion:
        words = f"{item.conversion.view}: {item.conversion.quantity} times {item.conversion.price}"
        facts.append((f"in {item.conversion.quote}", words))
    return table(f"About {item}", ("what", "how"), facts, "")


def _columns(entry: Entry, by_name: Mapping[str, Entry]) -> Html:
    rows = [
        (
            column.name,
            column.type,
            column.required,
            column.key_position if column.primary_key else None,
            meaning(column),
            _origins(entry.table, column, by_name),
            _references(entry.table, column, by_name),
        )
        for column in entry.table.columns
    ]
    heads = ("column", "type", "required", "in the key", "meaning", "comes from", "refers to")
    return table(f"Columns of {entry.table}", heads, rows, "")


def _references(item: Table, column: Column, by_name: Mapping[str, Entry]) -> Html | None:
    if column.foreign_key is None:
        return None
    name = f"{item.source}.{column.foreign_key.table}" if item.kind == SOURCE else column.foreign_key.table
    return joined((_named(name, by_name), f".{column.foreign_key.column}"))


def _origins(item: Table, column: Column, by_name: Mapping[str, Entry]) -> Html | None:
    if not column.sources:
        return None
    return joined(
        (joined((_named(f"{item.source}.{origin.table}", by_name), f".{origin.column}")) for origin in column.sources),
        ", ",
    )


def _named(name: str, by_name: Mapping[str, Entry]) -> Html:
    return _link(by_name[name].table) if name in by_name else element("span", name)


def _link(item: Table) -> Html:
    return element("a", str(item), href=file_of(item))


def _lineage(entry: Entry, by_name: Mapping[str, Entry], tiles: Sequence[Tile]) -> Html:
    """From source tables by way of star tables to queries and tiles, as far as this table is part of it."""
    item, impact = entry.table, entry.impact
    is_source = item.kind == SOURCE
    stars = entry.built if is_source else (item.name,)
    origins = (item,) if is_source else entry.inputs
    boxes = [
        Box(str(origin), 0, (), "source table", "this" if origin is item else "", file_of(origin)) for origin in origins
    ]
    boxes += [
        Box(name, 1, tuple(map(str, origins)), by_name[name].table.kind, "this" if name == item.name else "",
            by_name[name].file)
        for name in stars
    ]  # fmt: skip
    for name in impact.queries:
        read = tuple(star for star in stars if name in by_name[star].impact.queries)
        boxes.append(Box(f"query {name}", 2, read, "query", label=name))
    shown = [tile for tile in tiles if str(tile) in impact.tiles]
    boxes += [
        Box(f"tile {tile}", 3, (f"query {tile.query}",), f"tile of {tile.dashboard}", label=tile.title)
        for tile in shown
    ]
    reached = ", ".join((*stars, *impact.queries, *impact.tiles)) or "nothing"
    return graph_of(boxes, f"{', '.join(map(str, origins))} is what {reached} comes from")


def _uses(entry: Entry, queries: Mapping[str, Query], tiles: Sequence[Tile]) -> Html:
    impact = entry.impact
    asked = [(item.name, item.title, item.description) for item in asked_by(queries, impact)]
    shown = [(tile.title, tile.dashboard, tile.question) for tile in tiles if str(tile) in impact.tiles]
    return joined((
        table("Views over it", ("view",), [(view,) for view in impact.views], "No view shows it."),
        table("Queries that read it", ("query", "question", "what it answers"), asked, "No query reads it."),
        table("Tiles that show it", ("tile", "dashboard", "question"), shown, "No tile shows it."),
    ))  # fmt: skip


def _versions(entry: Entry) -> Html:
    rows = [
        (item.number, item.at[:19].replace("T", " "), item.columns, "; ".join(map(str, item.changes)) or "the first")
        for item in entry.versions or ()
    ]
    heads = ("version", "registered (UTC)", "columns", "what changed")
    return table(f"Registered versions of {entry.table}", heads, rows, "It is not registered yet.")
