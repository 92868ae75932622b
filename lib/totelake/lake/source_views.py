"""The views over a source's registered table: the newest version of each row that is not deleted, and every version.

As with the views over star tables, the accepted batch stands in the text, and one UpdateTable moves it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from totelake.contracts.identifiers import source_view_names, sql_quoted
from totelake.contracts.types import is_timestamp, is_zoned
from totelake.errors import LakeError
from totelake.lake.tables import VIEW_TYPE, change_table, columns_of
from totelake.lake.views import BATCH_PARAMETER, View, is_view, published_batch, view_input
from totelake.ports.schema_catalog import Document, SchemaCatalog
from totelake.schemas.hive_widening import is_wider

# the precision that PostgreSQL writes, and the finest that Athena reads
_PRECISION = re.compile(r"timestamp\((\d)\)")
_ATHENA_DIGITS, _FINEST = 3, 6
_SHOWN = (("_batch", "bigint"), ("_captured_at", "timestamp"))
_TIMES = ("_valid_from", "_valid_to", "_deleted_at")
Columns = Sequence[tuple[str, str]]
"""Names and Hive types."""


def source_views(registered: str, columns: Columns, key: Sequence[str], database: str, batch: int) -> tuple[View, View]:
    """The views `current_...` and `history_...` of a registered table, over its events up to a batch.

    `columns` are those of the source, without the metadata of events. An event without a value in the key is of a time
    when the key's columns had other names.
    """
    names, key_names = ", ".join(sql_quoted(name) for name, _ in columns), ", ".join(map(sql_quoted, key))
    has_key = "".join(f" AND {sql_quoted(name)} IS NOT NULL" for name in key)
    events = f'{sql_quoted(database)}.{sql_quoted(registered)} WHERE "_batch" <= {batch}{has_key}'
    taken = {name for name, _ in columns}
    rank, next_at, next_op = (sql_quoted(_free(name, taken)) for name in ("_rank", "_next_at", "_next_op"))
    times = [_free(name, taken) for name in _TIMES]
    valid_from, valid_to, deleted_at = map(sql_quoted, times)
    shown = f'{names}, "_batch", "_captured_at"'
    current = (
        f'SELECT {shown} FROM (SELECT {shown}, "_op", row_number() OVER (PARTITION BY {key_names} '
        f'ORDER BY "_batch" DESC) AS {rank} FROM {events}) AS "versions" WHERE {rank} = 1 AND "_op" <> \'D\''
    )
    following = f'OVER (PARTITION BY {key_names} ORDER BY "_batch")'
    history = (
        f'SELECT {shown}, "_captured_at" AS {valid_from}, {next_at} AS {valid_to}, '
        f"CASE WHEN {next_op} = 'D' THEN {next_at} END AS {deleted_at} FROM ("
        f'SELECT {shown}, "_op", lead("_captured_at") {following} AS {next_at}, lead("_op") {following} AS {next_op} '
        f'FROM {events}) AS "versions" WHERE "_op" <> \'D\''
    )
    first, second = source_view_names(registered)
    all_columns = (*columns, *_SHOWN)
    moments = tuple((name, "timestamp") for name in times)
    return View(first, all_columns, current), View(second, (*all_columns, *moments), history)


def rounded_by_athena(types: Mapping[str, str]) -> list[str]:
    """The columns of a key, by their PostgreSQL types, that Athena reads to the millisecond: of two keys that are equal
    to it, the views take one for a version of the other."""
    return [name for name, kind in types.items() if _digits(kind) > _ATHENA_DIGITS]


def _digits(type_name: str) -> int:
    """The digits of a second of a type that is a timestamp in the lake; 0 for any other."""
    if not (is_timestamp(type_name) or is_zoned(type_name)):
        return 0
    found = _PRECISION.match(type_name)
    return int(found[1]) if found else _FINEST


def is_made_by_us(view: Document) -> bool:
    """Whether a view of the Data Catalog is one that we made, changed or not, as long as its parameters are kept."""
    return view.get("TableType") == VIEW_TYPE and BATCH_PARAMETER in (view.get("Parameters") or {})


def put_source_view(catalog: SchemaCatalog, view: View, batch: int, was_made: bool) -> bool:
    """Move a view to a batch, never back, or create it; `was_made` says that a view of the name was ours once.

    Raises LakeError for what somebody else has registered under its name.
    """
    wanted = view_input(view, catalog.database, batch)

    def decide(present: Document | None) -> Document | None:
        if present is None:
            return wanted
        if not is_made_by_us(present) and not (was_made and present.get("TableType") == VIEW_TYPE):
            raise LakeError(
                f"{catalog.database}.{view.name} is not of totelake's making and stays as it is; drop it, or give it "
                "another name, and the next run makes the view"
            )
        is_whole = is_view(present) and columns_of(present) == list(view.columns)
        is_same = is_whole and present["ViewOriginalText"] == wanted["ViewOriginalText"]
        return None if is_same or (is_view(present) and published_batch(present) > batch) else wanted

    return change_table(catalog, view.name, decide, keep_version=False)


def follow_columns(
    catalog: SchemaCatalog, registered: str, key: Sequence[str], types: Mapping[str, str], stay: Collection[str]
) -> None:
    """Prepare the views for other columns of their table, before the table has them; what they show else stays.

    Columns that do not stay are left out, and types are widened: Athena refuses a view that declares a narrower type
    than its table's, or names a column that is gone.
    """
    for name in source_view_names(registered):
        present = catalog.table(name)
        if present is None or not is_made_by_us(present) or not is_view(present) or not set(key) <= set(stay):
            continue
        # behind the source's own columns come those that every view has
        before = [name for name, _ in columns_of(present)]
        own = columns_of(present)[: before.index(_SHOWN[0][0])]
        columns = [
            (name, types[name] if is_wider(kind, types.get(name, "")) else kind) for name, kind in own if name in stay
        ]
        if columns != own:
            batch = published_batch(present)
            views = source_views(registered, columns, key, catalog.database, batch)
            (view,) = (item for item in views if item.name == name)
            put_source_view(catalog, view, batch, was_made=True)


def _free(name: str, taken: Collection[str]) -> str:
    """The name with as many more _ before it as make it none of the source's columns."""
    while name in taken:
        name = f"_{name}"
    return name
