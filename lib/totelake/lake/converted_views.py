"""The views that show amounts of money in one currency: over views of other star tables, so that no batch moves them.

A view is there once all that it reads is, and no load waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from totelake.contracts import Contracts
from totelake.contracts.conversions import Converted, conversions, converted_sql
from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import DIMENSION, Table
from totelake.contracts.types import hive_type
from totelake.lake.tables import change_table, columns_of
from totelake.lake.views import View, view_document
from totelake.ports.schema_catalog import Document, SchemaCatalog


def publish_conversions(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> None:
    """Create or correct the views that read a star table's, where all that they read is registered."""
    for view in _due(catalog, contracts, table):
        _publish(catalog, view)


def widen_conversions(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> None:
    """Correct those that are there with the columns that they are to have: before what they read is widened, as Athena
    calls a view stale that declares less. One that gains a column waits until that can be read."""
    for view in _due(catalog, contracts, table):
        present = catalog.table(view.name)
        names = [name for name, _ in view.columns]
        if present is not None and [name for name, _ in columns_of(present)] == names:
            _publish(catalog, view)


def _publish(catalog: SchemaCatalog, view: View) -> None:
    wanted = view_document(view, catalog.database, {})

    def decide(present: Document | None) -> Document | None:
        return None if present is not None and _is_same(present, wanted) else wanted

    change_table(catalog, view.name, decide, keep_version=False)


def lacks_conversions(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> bool:
    """Whether a view that reads a star table's is to be there, and is not as it is to be."""
    for view in _due(catalog, contracts, table):
        present = catalog.table(view.name)
        if present is None or not _is_same(present, view_document(view, catalog.database, {})):
            return True
    return False


def converted_view(item: Converted, database: str) -> View:
    """The view in Athena's SQL, with the types of its columns."""
    own = item.fact.lake_columns
    orders, currencies, rates = (f"{sql_quoted(database)}.{sql_quoted(_shown_as(table))}" for table in item.tables)
    names = tuple(column.name for column in own)
    sql = converted_sql(
        item, names, orders, currencies, rates, lambda first, last: f"date_diff('day', {first}, {last})"
    )
    columns = [(column.name, hive_type(column.type)) for column in own]
    return View(item.conversion.view, (*columns, *item.more_columns), sql)


def _due(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> Iterator[View]:
    providers = {name: source.option("provider") for name, source in contracts.sources.items()}
    for item in conversions(contracts.stars, providers):
        if table not in item.tables:
            continue
        if all(catalog.table(_shown_as(other)) is not None for other in item.tables):
            yield converted_view(item, catalog.database)


def _shown_as(table: Table) -> str:
    """The view with a table's newest rows."""
    return table.name if table.kind == DIMENSION else f"current_{table.short_name}"


def _is_same(present: Document, wanted: Document) -> bool:
    is_text = present.get("ViewOriginalText") == wanted["ViewOriginalText"]
    return is_text and present.get("TableType") == wanted["TableType"] and columns_of(present) == columns_of(wanted)
