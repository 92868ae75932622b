"""The dashboards of catalog/dashboards, as values: tiles over queries, filters, and the history of one order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from totelake.contracts.documents import line_of, place
from totelake.contracts.queries import Query, queries_of
from totelake.errors import ContractError

FIGURE, LINE, BAR, TABLE = CHARTS = ("figure", "line", "bar", "table")
COUNT, SUM, AVERAGE = MEASURES = ("count", "sum", "average")
DATES, CURRENCY = "dates", "currency"
CHOICES = (CURRENCY, "counterparty", "staff")
_FOLDER = "dashboards/"
_TILE = ("title", "question", "query", "chart", "where", "x", "y", "measure", "money", "series", "columns", "sort")
_DASHBOARD = ("name", "title", "description", "filters", "since", "history", "tiles")
_DECIMAL, _DAY = "DECIMAL", "DATETIME"
_NUMBERS = ("INTEGER", _DECIMAL)
_DRAWN = ("x", "y", "measure", "money", "series")
_CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Tile:
    """One picture of a dashboard, over the rows of one query.

    `x` are the columns that rows are put together by, `y` the one that is measured, `series` what is drawn apart.
    `money` is the currency of `y`: a code, or the column that has it; amounts of different currencies are never added
    up. `where` are values that rows must have, as text. A table shows `columns`, sorted by `sort`, of which one that
    begins with a dash goes down; bars with `sort` stand in the order of `x`, others by what they measure.
    """

    dashboard: str
    title: str
    question: str
    query: str
    chart: str
    where: tuple[tuple[str, str], ...] = ()
    x: tuple[str, ...] = ()
    y: str | None = None
    measure: str = COUNT
    money: str | None = None
    series: str | None = None
    columns: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.title}"


@dataclass(frozen=True)
class Dashboard:
    """A page of tiles. `filters` are columns by what people choose; the versions of one record are in `history`.

    `history` is a query and the column of it that says which record; empty without one. `since` are the queries whose
    rows are events of a day, with the column of that day: rows before a day may be left out of these, and of no other.
    """

    name: str
    title: str
    description: str
    filters: Mapping[str, tuple[str, ...]]
    history: tuple[str, str] | None
    tiles: tuple[Tile, ...]
    since: Mapping[str, str] = field(default_factory=dict)

    @property
    def queries(self) -> tuple[str, ...]:
        """The names of the queries that it shows, each once."""
        more = [self.history[0]] if self.history else []
        return tuple(dict.fromkeys([*(tile.query for tile in self.tiles), *more]))


def dashboards_of(files: Mapping[str, Any]) -> dict[str, Dashboard]:
    """The dashboards among the catalogue's documents, by name. Raises ContractError for the first mistake."""
    queries, found = queries_of(files), {}
    for path in sorted(files):
        if path.startswith(_FOLDER):
            dashboard = _dashboard(path, files[path], queries)
            if dashboard.name in found:
                raise ContractError(f"catalog/{path}: a dashboard {dashboard.name} is there already; rename one")
            found[dashboard.name] = dashboard
    return found


def tiles_of(files: Mapping[str, Any]) -> tuple[Tile, ...]:
    """The tiles of all dashboards. Raises ContractError for the first mistake."""
    return tuple(tile for dashboard in dashboards_of(files).values() for tile in dashboard.tiles)


def _dashboard(path: str, document: Any, queries: Mapping[str, Query]) -> Dashboard:
    where = place(path, line_of(document))
    entry = _fields(where, "the dashboard", document, _DASHBOARD)
    name, title, description = (_text(where, "the dashboard", entry, key) for key in ("name", "title", "description"))
    tiles = entry.get("tiles")
    if not isinstance(tiles, list) or not tiles:
        raise ContractError(f"{where}: the dashboard {name} has no list of tiles; write one with a tile at least")
    read = tuple(_tile(path, name, tile, queries) for tile in tiles)
    filters = _filters(where, entry.get("filters", {}), [queries[tile.query] for tile in read])
    for given, tile in zip(tiles, read):
        _check_unit(place(path, line_of(given)), tile, filters.get(CURRENCY, ()), queries[tile.query])
    titles = [tile.title for tile in read]
    for one in titles:
        if titles.count(one) > 1:
            raise ContractError(f"{where}: {titles.count(one)} tiles have the title {one}; rename all but one")
    made = Dashboard(name, title, description, filters, _history(where, entry, queries), read)
    return replace(made, since=_since(where, made, entry.get("since", {}), queries))


def _filters(where: str, given: Any, shown: Sequence[Query]) -> dict[str, tuple[str, ...]]:
    """Columns by what people choose; raises ContractError for one that narrows no tile."""
    entry = _fields(where, "filters", given, (DATES, *CHOICES))
    found = {kind: _names(where, f"the filter {kind}", entry[kind]) for kind in (DATES, *CHOICES) if kind in entry}
    for kind, names in found.items():
        for name in names:
            types = {dict(query.columns)[name] for query in shown if name in dict(query.columns)}
            if not types:
                raise ContractError(
                    f"{where}: the filter {kind} names {name}, which no query of a tile gives; correct it"
                )
            if kind == DATES and types != {_DAY}:
                raise ContractError(f"{where}: the filter {kind} names {name}, which is no day; name a column that is")
    return found


def _history(where: str, entry: Mapping[str, Any], queries: Mapping[str, Query]) -> tuple[str, str] | None:
    if "history" not in entry:
        return None
    found = _fields(where, "history", entry["history"], ("query", "key"))
    query = _query(where, "history", found, queries)
    return query.name, str(_column(where, "history", query, "key", found.get("key")))


def _since(where: str, dashboard: Dashboard, given: Any, queries: Mapping[str, Query]) -> dict[str, str]:
    """The queries that may be cut, with their day; raises ContractError for one that would lose what it is about."""
    entry = _fields(where, "since", given, tuple(tile.query for tile in dashboard.tiles))
    for name, day in entry.items():
        query = queries[name]
        if dashboard.history and name == dashboard.history[0]:
            raise ContractError(f"{where}: since names {name}, whose rows are the history of a record; take it away")
        _column(where, "since", query, name, day)
        if dict(query.columns)[day] != _DAY:
            raise ContractError(f"{where}: since cuts {name} by {day}, which is no day; name a column that is")
    return dict(entry)


def _tile(path: str, dashboard: str, given: Any, queries: Mapping[str, Query]) -> Tile:
    where = place(path, line_of(given))
    entry = _fields(where, "a tile", given, _TILE)
    title = _text(where, "a tile", entry, "title")
    what = f"the tile {title}"
    query, chart = _query(where, what, entry, queries), entry.get("chart")
    if chart not in CHARTS:
        raise ContractError(f"{where}: the chart of {what} is {chart}; use one of {', '.join(CHARTS)}")
    _check_fields_of_chart(where, what, entry, str(chart))
    lists = {key: _names(where, f"{key} of {what}", entry[key]) for key in ("x", "columns", "sort") if key in entry}
    for key, names in lists.items():
        for name in names:
            _column(where, what, query, key, name[1:] if key == "sort" and name.startswith("-") else name)
    y, series, money = (entry.get(key) for key in ("y", "series", "money"))
    for key, column in (("y", y), ("series", series)):
        if column is not None:
            _column(where, what, query, key, column)
    if money is not None and not _CODE.fullmatch(str(money)):
        _column(where, what, query, "money", money)
    return Tile(
        dashboard, title, _text(where, what, entry, "question"), query.name, str(chart),
        _where(where, what, entry.get("where", {}), query), lists.get("x", ()), y,
        _measure(where, what, entry, query), None if money is None else str(money), series,
        lists.get("columns", ()), lists.get("sort", ()),
    )  # fmt: skip


def _check_fields_of_chart(where: str, what: str, entry: Mapping[str, Any], chart: str) -> None:
    """Raise ContractError for a field that this kind of chart needs, or has no use for."""
    useless = {TABLE: _DRAWN, FIGURE: ("x", "columns", "sort"), LINE: ("columns", "sort"), BAR: ("columns",)}[chart]
    for key in useless:
        if key in entry:
            raise ContractError(f"{where}: {what} is a {chart}, which has no {key}; take it away")
    if chart in (LINE, BAR) and not entry.get("x"):
        raise ContractError(f"{where}: {what} is a {chart} without x; name the columns that rows are put together by")
    if "money" in entry and "y" not in entry:
        raise ContractError(f"{where}: {what} has money without y; name the column with the amounts")


def _check_unit(where: str, tile: Tile, currencies: tuple[str, ...], query: Query) -> None:
    """Raise ContractError for a tile that would add up amounts of several currencies."""
    columns = dict(query.columns)
    if tile.y is None or tile.money is not None or columns[tile.y] != _DECIMAL:
        return
    apart = {*tile.x, tile.series, *(name for name, _ in tile.where)}
    found = [name for name in currencies if name in columns]
    if found and not apart.intersection(found):
        raise ContractError(
            f"{where}: the tile {tile.title} would add up {tile.y} of several currencies; "
            f"write money: {found[0]}, or the code of the currency that all of it is in"
        )


def _where(where: str, what: str, given: Any, query: Query) -> tuple[tuple[str, str], ...]:
    """Columns and the values that they must have, as JSON has them in text."""
    if not isinstance(given, Mapping):
        raise ContractError(f"{where}: where of {what} is no mapping; write {{column: value}}")
    found = []
    for name, value in given.items():
        _column(where, what, query, "where", name)
        if not isinstance(value, (str, int)):
            raise ContractError(f"{where}: {what} asks for {name} to be {value}; use a text, a number, true or false")
        found.append((str(name), str(value).lower() if isinstance(value, bool) else str(value)))
    return tuple(found)


def _measure(where: str, what: str, entry: Mapping[str, Any], query: Query) -> str:
    """How rows become one number; raises ContractError for a measure that its column does not allow."""
    y = entry.get("y")
    measure = entry.get("measure", SUM if y else COUNT)
    if measure not in MEASURES:
        raise ContractError(f"{where}: the measure of {what} is {measure}; use one of {', '.join(MEASURES)}")
    if (measure == COUNT) != (y is None):
        raise ContractError(f"{where}: {what} has the measure {measure}, {'with' if y else 'without'} y; correct one")
    if y and dict(query.columns)[y] not in _NUMBERS:
        raise ContractError(f"{where}: y of {what} is {y}, which is no number; name a column that is")
    return str(measure)


def _query(where: str, what: str, entry: Mapping[str, Any], queries: Mapping[str, Query]) -> Query:
    name = entry.get("query")
    if name not in queries:
        known = ", ".join(queries) or "none: catalog/queries is empty"
        raise ContractError(f"{where}: the query of {what} is {name}; use one of {known}")
    query = queries[str(name)]
    if not query.columns:
        raise ContractError(f"catalog/queries/{name}.sql has no line '-- columns: ...', which {what} needs; add it")
    return query


def _column(where: str, what: str, query: Query, key: str, name: Any) -> str:
    known = dict(query.columns)
    if name not in known:
        raise ContractError(
            f"{where}: {key} of {what} is {name}, which is no column of {query.name}; use one of {', '.join(known)}"
        )
    return str(name)


def _names(where: str, what: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise ContractError(f"{where}: {what} is no list of columns; write [column, column]")
    return tuple(given)


def _text(where: str, what: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ContractError(f"{where}: {what} has no {key}; write it in words")
    return value


def _fields(where: str, what: str, given: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ContractError(f"{where}: {what} is no mapping of fields; write {', '.join(known)}")
    for key in given:
        if key not in known:
            raise ContractError(f"{where}: {what} has a field {key}, which is not known; use {', '.join(known)}")
    return given
