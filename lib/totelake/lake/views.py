"""The views that people query: Athena views over the logs, each moved to a new batch by one UpdateTable.

The published batch stands in the view's text, and a query resolves the view before it lists objects, so it sees the
whole of a batch or nothing of it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from totelake.contracts.identifiers import sql_quoted
from totelake.contracts.model import DIMENSION, Table
from totelake.contracts.types import hive_type
from totelake.errors import ConfigurationError
from totelake.lake.partitions import log_name
from totelake.lake.tables import VIEW_TYPE, change_table, columns_input, columns_of
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.schemas.hive_widening import is_wider

BATCH_PARAMETER = "totelake.batch"
_PRESTO = {"string": "varchar", "int": "integer", "float": "real", "binary": "varbinary", "timestamp": "timestamp(3)"}
_PREFIX, _SUFFIX = "/* Presto View: ", " */"
_BATCHES = re.compile(r'"_batch" <= (\d{1,18})\b')


@dataclass(frozen=True)
class View:
    """A view's name, its columns with Hive types, and its text in Athena's SQL."""

    name: str
    columns: tuple[tuple[str, str], ...]
    sql: str


def views_of(table: Table, database: str, batch: int) -> tuple[View, ...]:
    """The views of a star table up to a batch."""
    log = f"{sql_quoted(database)}.{sql_quoted(log_name(table))}"
    if table.kind == DIMENSION:
        return (_dimension(table, log, batch),)
    return (_versions(table, log, batch), _current(table, log, batch), _history(table, log, batch))


def _contract_columns(table: Table) -> list[tuple[str, str]]:
    return [(column.name, hive_type(column.type)) for column in table.lake_columns]


def _names(columns: list[tuple[str, str]]) -> str:
    return ", ".join(sql_quoted(name) for name, _ in columns)


def _dimension(table: Table, log: str, batch: int) -> View:
    """The latest values of each key; a deletion in the source is a mark, the key stays."""
    columns, key = _contract_columns(table), sql_quoted(table.key_name)
    text = (
        f'SELECT {_names(columns)}, "_last_op" = \'D\' AS "_deleted", "_batch", "_captured_at" FROM ('
        f'SELECT {_names(columns)}, "_op", "_batch", "_captured_at", '
        f'first_value("_op") OVER (PARTITION BY {key} ORDER BY "_batch" DESC) AS "_last_op", '
        f'row_number() OVER (PARTITION BY {key} ORDER BY CASE WHEN "_op" = \'D\' THEN 1 ELSE 0 END, "_batch" DESC) '
        f'AS "_rank" FROM {log} WHERE "_batch" <= {batch}) AS "versions" '
        'WHERE "_rank" = 1 AND "_op" <> \'D\''
    )
    more = [("_deleted", "boolean"), ("_batch", "bigint"), ("_captured_at", "timestamp")]
    return View(table.name, tuple(columns + more), text)


def _fact_columns(table: Table) -> list[tuple[str, str]]:
    partition = [(table.partition_by, "string")] if table.partition_by else []
    return [*_contract_columns(table), ("_batch", "bigint"), ("_captured_at", "timestamp"), *partition]


def _versions(table: Table, log: str, batch: int) -> View:
    """Every captured version."""
    columns = _fact_columns(table)
    text = f'SELECT {_names(columns)} FROM {log} WHERE "_batch" <= {batch} AND "_op" <> \'D\''
    return View(table.name, tuple(columns), text)


def _current(table: Table, log: str, batch: int) -> View:
    """The latest version of each key that is not deleted."""
    columns = _fact_columns(table)
    text = (
        f'SELECT {_names(columns)} FROM (SELECT {_names(columns)}, "_op", '
        f'row_number() OVER (PARTITION BY {sql_quoted(table.key_name)} ORDER BY "_batch" DESC) AS "_rank" '
        f'FROM {log} WHERE "_batch" <= {batch}) AS "versions" WHERE "_rank" = 1 AND "_op" <> \'D\''
    )
    return View(f"current_{table.short_name}", tuple(columns), text)


def _history(table: Table, log: str, batch: int) -> View:
    """Every version with the time from which and until which it was captured, and the deletion that ended it."""
    columns = _fact_columns(table)
    following = f'OVER (PARTITION BY {sql_quoted(table.key_name)} ORDER BY "_batch")'
    text = (
        f'SELECT {_names(columns)}, "_captured_at" AS "valid_from", "_next_at" AS "valid_to", '
        'CASE WHEN "_next_op" = \'D\' THEN "_next_at" END AS "deleted_at" FROM ('
        f'SELECT {_names(columns)}, "_op", lead("_captured_at") {following} AS "_next_at", '
        f'lead("_op") {following} AS "_next_op" FROM {log} WHERE "_batch" <= {batch}) AS "versions" '
        "WHERE \"_op\" <> 'D'"
    )
    times = [("valid_from", "timestamp"), ("valid_to", "timestamp"), ("deleted_at", "timestamp")]
    return View(f"history_{table.short_name}", tuple(columns + times), text)


def publish(catalog: SchemaCatalog, table: Table, batch: int) -> None:
    """Move the table's views to a batch, creating those that are missing; a view of ours never goes back."""
    for view in views_of(table, catalog.database, batch):

        def decide(present: Mapping[str, Any] | None, view: View = view) -> Mapping[str, Any] | None:
            wanted = view_input(view, catalog.database, batch)
            if present is None:
                return wanted
            # the number in a text that somebody changed says nothing
            if not is_view(present):
                return wanted
            is_same = present["ViewOriginalText"] == wanted["ViewOriginalText"]
            return None if published_batch(present) > batch or is_same else wanted

        change_table(catalog, view.name, decide, keep_version=False)


def published_batch(view: Document) -> int:
    """The batch that a registered view shows, as its text says; 0 for what is none of our views."""
    return max(map(int, _BATCHES.findall(_sql(view) or "")), default=0)


def registered_views(catalog: SchemaCatalog, table: Table) -> list[Document]:
    """The table's views that are registered; what somebody else has made of one, or put in its place, is none."""
    return [entry for entry in entries(catalog, table) if is_view(entry)]


def entries(catalog: SchemaCatalog, table: Table) -> list[Document]:
    """What is registered under the names of the table's views, whatever it is; `publish` replaces what is no view."""
    found = (catalog.table(view.name) for view in views_of(table, catalog.database, 0))
    return [view for view in found if view is not None]


def is_view(table: Document) -> bool:
    """Whether it is a view as `publish` leaves it: one of Athena whose text and parameter name the same batch."""
    parameters = table.get("Parameters") or {}
    has_batch = _sql(table) is not None and parameters.get(BATCH_PARAMETER) == str(published_batch(table))
    return has_batch and parameters.get("presto_view") == "true"


def _sql(table: Document) -> str | None:
    """The SQL inside a view of Athena; None when there is none that can be read."""
    text = str(table.get("ViewOriginalText") or "")
    if not text.startswith(_PREFIX):
        return None
    try:
        found = json.loads(base64.b64decode(text[len(_PREFIX) : -len(_SUFFIX)]))["originalSql"]
    except (ValueError, LookupError, TypeError):
        return None
    return str(found)


def lacks_columns(table: Table, view: Document) -> bool:
    """Whether a registered view does not show a column that the contract has gained."""
    return not {name for name, _ in _contract_columns(table)} <= {name for name, _ in columns_of(view)}


def is_narrower(table: Table, view: Document) -> bool:
    """Whether a registered view declares a type that is narrower than the contract's: Athena then calls it stale."""
    return columns_of(view) != _widened(table, view)


def widen_view(catalog: SchemaCatalog, table: Table, name: str) -> None:
    """Declare the types of a view as wide as the contract's, where they are narrower; what it shows stays.

    Athena brings a log's narrower column to the type that a view declares, so views are widened before their log.
    """

    def decide(present: Document | None) -> Document | None:
        if present is None or not is_view(present) or not is_narrower(table, present):
            return None
        batch = published_batch(present)
        return view_input(View(name, tuple(_widened(table, present)), view_sql(present)), catalog.database, batch)

    change_table(catalog, name, decide, keep_version=False)


def _widened(table: Table, view: Document) -> list[tuple[str, str]]:
    kinds = dict(_contract_columns(table))
    return [(name, kinds[name] if is_wider(kind, kinds.get(name, "")) else kind) for name, kind in columns_of(view)]


def view_input(view: View, database: str, batch: int) -> dict[str, Any]:
    """The Data Catalog's table of an Athena view that shows a batch."""
    return view_document(view, database, {BATCH_PARAMETER: str(batch)})


def view_document(view: View, database: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The Data Catalog's table of an Athena view, with parameters of ours."""
    columns = [{"name": name, "type": _PRESTO.get(kind, kind)} for name, kind in view.columns]
    document = {"originalSql": view.sql, "catalog": "awsdatacatalog", "schema": database, "columns": columns}
    text = base64.b64encode(json.dumps(document).encode("utf-8")).decode("ascii")
    return {
        "Name": view.name,
        "TableType": VIEW_TYPE,
        "Parameters": {"presto_view": "true", "comment": "Presto View", **parameters},
        "ViewOriginalText": f"{_PREFIX}{text}{_SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": columns_input(view.columns), "Location": "", "SerdeInfo": {}},
        "PartitionKeys": [],
    }


def view_sql(table: Document) -> str:
    """The SQL inside a view of the Data Catalog. Raises ConfigurationError when it is no Athena view."""
    found = _sql(table)
    if found is None:
        raise ConfigurationError(
            f"{table['Name']} is a view, but none of Athena's; drop it, and `totelake repair catalog` makes ours again"
        )
    return found
