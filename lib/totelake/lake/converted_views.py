"""The views that show amounts of money in one currency: over views of other star tables, so that no batch moves them.

A view is there once all that it reads is. No build and no load waits for it: what the Data Catalog refuses is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from totelake.contracts import Contracts
from totelake.contracts.conversions import Converted, conversions, converted_sql
from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import DIMENSION, Table
from totelake.contracts.types import hive_type
from totelake.errors import ContendedError, LakeError, QuotaError
from totelake.lake.tables import change_table, columns_of
from totelake.lake.views import View, view_document
from totelake.ports.schema_catalog import Document, SchemaCatalog

# tells our views from somebody else's of their name
_OURS = "totelake.converted"
# what is the matter of one view
_OWN = (LakeError, ContendedError, QuotaError)


def publish_conversions(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> dict[str, str]:
    """Create or correct the views that read a star table's, where all that they read is registered.

    By view, why one is not as it is to be: the Data Catalog refuses it, or its name is somebody else's.
    """
    return _each(catalog, contracts, table, lambda _: True)


def widen_conversions(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> dict[str, str]:
    """Correct those that are there with the columns that they are to have: before what they read is widened, as Athena
    calls a view stale that declares less. One that gains a column waits until that can be read. As above, by view, why
    one is not corrected."""

    def has_its_columns(view: View) -> bool:
        present, names = catalog.table(view.name), [name for name, _ in view.columns]
        return present is not None and [name for name, _ in columns_of(present)] == names

    return _each(catalog, contracts, table, has_its_columns)


def _each(catalog: SchemaCatalog, contracts: Contracts, table: Table, is_due: Callable[[View], bool]) -> dict[str, str]:
    refused = {}
    for item in _conversions(contracts, table):
        name = item.conversion.view
        try:
            if _can_be_read(catalog, item) and is_due(view := converted_view(item, catalog.database)):
                _publish(catalog, view)
        except _OWN as error:
            refused[name] = str(error)
    return refused


def _publish(catalog: SchemaCatalog, view: View) -> None:
    wanted = _document(catalog, view)

    def decide(present: Document | None) -> Document | None:
        if present is not None and not _is_ours(present):
            raise LakeError(
                f"{catalog.database}.{view.name} is somebody else's table or view and is left as it is; rename it, or "
                "give the view another name in the property converted of its fact's contract"
            )
        return None if present is not None and _is_same(present, wanted) else wanted

    change_table(catalog, view.name, decide, keep_version=False)


def lacks_conversions(catalog: SchemaCatalog, contracts: Contracts, table: Table) -> bool:
    """Whether a view that reads a star table's is to be there, and is not as it is to be."""
    for item in _conversions(contracts, table):
        if not _can_be_read(catalog, item):
            continue
        view = converted_view(item, catalog.database)
        present = catalog.table(view.name)
        if present is None or (_is_ours(present) and not _is_same(present, _document(catalog, view))):
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


def _conversions(contracts: Contracts, table: Table) -> Iterator[Converted]:
    """Those that read a star table's views."""
    providers = {name: source.option("provider") for name, source in contracts.sources.items()}
    return (item for item in conversions(contracts.stars, providers) if table in item.tables)


def _can_be_read(catalog: SchemaCatalog, item: Converted) -> bool:
    """Whether all that a view reads is registered."""
    return all(catalog.table(_shown_as(other)) is not None for other in item.tables)


def _document(catalog: SchemaCatalog, view: View) -> Document:
    return view_document(view, catalog.database, {_OURS: "true"})


def _is_ours(present: Document) -> bool:
    return _OURS in (present.get("Parameters") or {})


def _shown_as(table: Table) -> str:
    """The view with a table's newest rows."""
    return table.name if table.kind == DIMENSION else f"current_{table.short_name}"


def _is_same(present: Document, wanted: Document) -> bool:
    is_text = present.get("ViewOriginalText") == wanted["ViewOriginalText"]
    return is_text and present.get("TableType") == wanted["TableType"] and columns_of(present) == columns_of(wanted)
