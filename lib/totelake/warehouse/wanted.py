"""What the warehouse has to have: the tables and views of the contracts, and the tables of loads' records."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from totelake.contracts import Contracts
from totelake.contracts.conversions import Converted, conversions
from totelake.contracts.identifiers import sql_quoted, sql_text
from totelake.contracts.model import FACT, Column, Reference, Table
from totelake.warehouse import ddl

_ETL_COLUMN = re.compile(r"    ([a-z_]+) (.+?)((?: NOT NULL)?)((?: DEFAULT| CHECK).*?)?,?")
_ETL_KEY = re.compile(r"^    PRIMARY KEY \((.*)\)", re.MULTILINE)
_MARK = "totelake "


@dataclass(frozen=True)
class WantedColumn:
    """A column; `type` as format_type() writes it, `definition` as CREATE TABLE and ADD COLUMN take it."""

    name: str
    type: str
    required: bool
    definition: str
    has_default: bool = False
    reference: Reference | None = None


@dataclass(frozen=True)
class WantedTable:
    """A table; `name` and `quoted` have its schema, `create` are the statements that make it."""

    name: str
    quoted: str
    columns: tuple[WantedColumn, ...]
    key: tuple[str, ...]
    create: tuple[str, ...]
    is_fact: bool = False


@dataclass(frozen=True)
class WantedView:
    """A view over the rows of one fact, `table`, and of `others`; names have their schema."""

    name: str
    quoted: str
    table: str
    columns: tuple[str, ...]
    create: str
    about: str
    others: tuple[str, ...] = ()

    @property
    def tables(self) -> frozenset[str]:
        """All that it reads but for the tables of loads' records."""
        return frozenset((self.table, *self.others))

    @property
    def comment(self) -> str:
        """What is noted on the view: what it shows, and of which text it is made."""
        return f"{self.about} ({_MARK}{hashlib.sha256(self.create.encode()).hexdigest()[:16]})"

    @property
    def statements(self) -> tuple[str, ...]:
        """Make or replace the view, and note on it what it is made of."""
        return self.create, f"COMMENT ON VIEW {self.quoted} IS {sql_text(self.comment)}"


def is_noted(comment: str | None) -> bool:
    """Whether a view's comment says of which text it is made."""
    return comment is not None and re.search(rf"\({_MARK}[0-9a-f]{{16}}\)$", comment) is not None


def tables(contracts: Contracts) -> list[WantedTable]:
    """Every table, in an order in which each finds those that it refers to."""
    return [*(_star(table) for table in contracts.star_tables()), *_etl()]


def views(contracts: Contracts) -> list[WantedView]:
    """Every view."""
    own = [view for fact in contracts.facts() for view in _views(fact)]
    providers = {name: source.option("provider") for name, source in contracts.sources.items()}
    return [*own, *map(_converted, conversions(contracts.stars, providers))]


def _star(table: Table) -> WantedTable:
    return WantedTable(
        name=f"{ddl.STAR}.{table.name}",
        quoted=ddl.qualified(table),
        columns=tuple(_column(column) for column in table.columns),
        key=tuple(column.name for column in table.key),
        create=(ddl.create_table(table),),
        is_fact=table.kind == FACT,
    )


def _column(column: Column) -> WantedColumn:
    return WantedColumn(
        column.name, column.type, column.required, ddl.definition(column), column.serial, column.foreign_key
    )


def _etl() -> Iterator[WantedTable]:
    """The tables of the schema etl, by the statements that make them."""
    for statements in ddl.ETL_TABLES:
        name, body = statements[0].split("(", 1)
        name = name.split()[-1]
        key = _ETL_KEY.search(body)
        yield WantedTable(
            name=name,
            quoted=name,
            columns=tuple(_etl_column(found) for line in body.split("\n") if (found := _ETL_COLUMN.fullmatch(line))),
            key=tuple(key[1].split(", ")) if key else (),
            create=statements,
        )


def _etl_column(line: re.Match[str]) -> WantedColumn:
    name, kind, required, more = line.groups()
    return WantedColumn(name, kind, bool(required), f"{name} {kind}{required}{more or ''}", "DEFAULT" in (more or ""))


def _views(fact: Table) -> Iterator[WantedView]:
    names, table = fact.column_names, f"{ddl.STAR}.{fact.name}"
    times = ("batch", "valid_from", "valid_to", "deleted_at")
    every = [
        (f"current_{fact.short_name}", names, ddl.current_view(fact), "The latest version of each row"),
        (
            f"history_{fact.short_name}",
            (*names, *times),
            ddl.history_view(fact),
            "Every version, with its times in UTC,",
        ),
    ]
    if fact.alias:
        every.append((fact.alias, names, ddl.alias_view(fact), "Every version"))
    for name, columns, create, about in every:
        yield WantedView(
            f"{ddl.STAR}.{name}", f"{ddl.STAR}.{sql_quoted(name)}", table, columns, create, f"{about} of {table}."
        )


def _converted(item: Converted) -> WantedView:
    view, (fact, *others) = item.conversion.view, (f"{ddl.STAR}.{table.name}" for table in item.tables)
    columns = (*item.fact.column_names, *(name for name, _ in item.more_columns))
    about = f"The latest version of each row of {fact}, with its amount in {item.conversion.quote} at its day's rate."
    return WantedView(
        f"{ddl.STAR}.{view}",
        f"{ddl.STAR}.{sql_quoted(view)}",
        fact,
        columns,
        ddl.converted_view(item),
        about,
        tuple(others),
    )
