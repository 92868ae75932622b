"""The warehouse as it is against the contracts: the steps that bring it there, and what is refused; without any I/O.

A step loses no value and fails on no row. Everything else is refused with the statement to run by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from totelake.contracts.identifiers import sql_quoted
from totelake.schemas.widening import NARROWED, SAME, WIDENED, relation
from totelake.warehouse.ddl import ETL, STAR, references
from totelake.warehouse.present import PresentColumn, Relation
from totelake.warehouse.wanted import WantedColumn, WantedTable, WantedView, is_noted

_BATCHES = f"{ETL}.batch"
# what of a row has been loaded: without it a row is loaded twice, or an older one over a newer
_VERSIONS = tuple(f"{ETL}.{name}" for name in ("fact_version", "dimension_version", "deletion"))
_ANEW = "restore a backup, or drop the schemas star and etl: `totelake run` makes and loads them anew"


class RowLook(Protocol):
    """Which tables have rows, and which were given rows; asked for only when something hangs on it."""

    def is_filled(self, quoted: str) -> bool:
        """Whether a table, by its quoted name, has rows."""

    def loaded(self) -> Collection[str]:
        """The star tables, by their names with their schema, to which loads have applied batches."""


@dataclass(frozen=True)
class Step:
    """Something to do: in words, and as statements.

    `is_needed`: a load cannot do without. `view` is one that is there and that `statements` replace, `is_anew` when it
    has to be dropped before.
    """

    words: str
    statements: tuple[str, ...]
    is_needed: bool = True
    view: WantedView | None = None
    is_anew: bool = False


@dataclass(frozen=True)
class Refusal:
    """What is not done by itself, and what somebody can do about it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


@dataclass(frozen=True)
class Migration:
    """What brings the warehouse to the contracts, and what is refused; `is_first` when it has nothing yet."""

    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]
    is_first: bool

    @property
    def needed(self) -> tuple[Step, ...]:
        """The steps without which a load fails, or readers lack a column; the others wait for a deployment."""
        return tuple(step for step in self.steps if step.is_needed)


def compare(
    tables: Sequence[WantedTable], views: Sequence[WantedView], present: Mapping[str, Relation], rows: RowLook
) -> Migration:
    """What leads from `present`, by names with their schema, to what is wanted."""
    return _Comparison(tables, views, present, rows).run()


@dataclass
class _Alteration:
    """What changes in one table: actions of ALTER TABLE with their words; `lacking` columns stay away."""

    actions: list[tuple[str, str]] = field(default_factory=list)
    later: list[tuple[str, str]] = field(default_factory=list)
    lacking: bool = False


class _Comparison:
    def __init__(
        self, tables: Sequence[WantedTable], views: Sequence[WantedView], present: Mapping[str, Relation], rows: RowLook
    ) -> None:
        self._tables, self._views, self._present, self._rows = tables, views, present, rows
        self._own = {view.name for view in views}
        self._refusals: list[Refusal] = []
        self._unready: set[str] = set()
        self._retyped: set[str] = set()

    def run(self) -> Migration:
        made = [step for table in self._tables if table.name not in self._present for step in self._made(table)]
        there = [(table, self._present[table.name]) for table in self._tables if table.name in self._present]
        altered = [step for table, found in there for step in self._altered(table, found)]
        shown = [step for view in self._views if not view.tables & self._unready for step in self._shown(view)]
        return Migration((*made, *altered, *shown), tuple(self._refusals), not self._present)

    def _refuse(self, what: str, remedy: str) -> None:
        self._refusals.append(Refusal(what, remedy))

    def _made(self, table: WantedTable) -> Iterator[Step]:
        if self._is_gone(table.name):
            self._refuse(f"{table.name} is gone, with rows that were loaded", _ANEW)
            self._unready.add(table.name)
            return
        yield Step(f"make {table.name}", table.create)

    def _is_gone(self, name: str) -> bool:
        """Whether a table that is not there had rows: made anew it would hide that they are lost."""
        if _BATCHES in self._present:
            return name in (loaded := self._rows.loaded()) or bool(loaded and name in _VERSIONS)
        stars = (table for table in self._tables if table.name.startswith(f"{STAR}.") and table.name in self._present)
        return name == _BATCHES and any(self._rows.is_filled(table.quoted) for table in stars)

    def _altered(self, table: WantedTable, found: Relation) -> Iterator[Step]:
        if not found.is_table:
            self._refuse(f"{table.name} is no table", "rename what has its name, and deploy again")
            self._unready.add(table.name)
            return
        change = _Alteration()
        has_key = self._has_key(table, found)
        columns = {column.name: column for column in found.columns}
        for column in table.columns:
            if column.name in columns:
                self._retype(table, found, column, change)
                self._set_required(table, found, column, columns[column.name], change)
            elif has_key or column.name not in table.key:
                self._add(table, column, change)
            else:
                change.lacking = True
        self._extra(table, found)
        self._refer(table, found, change)
        if change.lacking:
            self._unready.add(table.name)
        for actions, is_needed in ((change.actions, True), (change.later, False)):
            if actions:
                statement = f"ALTER TABLE {table.quoted} " + ", ".join(action for _, action in actions)
                words = f"{table.name}: " + ", ".join(word for word, _ in actions)
                yield Step(words, (statement,), is_needed)

    def _has_key(self, table: WantedTable, found: Relation) -> bool:
        missing = [name for name in table.key if name not in found.column_names]
        if missing:
            self._refuse(f"{table.name} has no column {', '.join(missing)}, which is of its key", _ANEW)
        elif found.key != table.key:
            drop = f"DROP CONSTRAINT {sql_quoted(found.constraint)} CASCADE, " if found.key else ""
            columns = ", ".join(sql_quoted(name) for name in table.key)
            self._refuse(
                f"{table.name} has {_key(found.key)}, not {_key(table.key)}",
                f"ALTER TABLE {table.quoted} {drop}ADD PRIMARY KEY ({columns})",
            )
        return found.key == table.key

    def _add(self, table: WantedTable, column: WantedColumn, change: _Alteration) -> None:
        is_filled = (column.required or column.reference is not None) and self._rows.is_filled(table.quoted)
        name = sql_quoted(column.name)
        if column.required and not column.has_default and is_filled:
            change.lacking = True
            alter = f"ALTER TABLE {table.quoted}"
            self._refuse(
                f"{table.name} has rows and no column {column.name}, which must have a value",
                f"{alter} ADD COLUMN {name} {column.type}; UPDATE {table.quoted} SET {name} = ...; "
                f"{alter} ALTER COLUMN {name} SET NOT NULL",
            )
            return
        # a fact without rows gets its foreign keys with the first
        refers = column.reference if not table.is_fact or is_filled else None
        action = f"ADD COLUMN {column.definition}{f' {references(refers)}' if refers else ''}"
        change.actions.append((f"add {column.name} ({column.type})", action))

    def _retype(self, table: WantedTable, found: Relation, column: WantedColumn, change: _Alteration) -> None:
        before = next(item.type for item in found.columns if item.name == column.name)
        related = relation(before, column.type)
        if related == SAME:
            return
        name = sql_quoted(column.name)
        alter = f"ALTER COLUMN {name} TYPE {column.type}"
        if related != WIDENED:
            way = "put the wider type into the contract, or " if related == NARROWED else ""
            self._refuse(
                f"{table.name}.{column.name} is {before}, and not every value of it is one of {column.type}",
                f"{way}ALTER TABLE {table.quoted} {alter} USING {name}::{column.type}",
            )
            return
        others = self._others_on(table, found, column.name)
        if others:
            self._refuse(
                f"{table.name}.{column.name} cannot become {column.type} while {', '.join(others)} reads it",
                _without(others),
            )
            return
        self._retyped.add(table.name)
        change.actions.append((f"widen {column.name} from {before} to {column.type}", alter))

    def _others_on(self, table: WantedTable, found: Relation, column: str) -> list[str]:
        """The views of somebody else's that read a column of a table, or a view of ours that has to be made anew."""
        own = [view.name for view in self._views if table.name in view.tables and view.name in self._present]
        readers = [reader for reader in found.readers if reader.column in (None, column)]
        readers += [reader for name in own for reader in self._present[name].readers]
        return sorted({reader.view for reader in readers} - self._own)

    def _set_required(
        self, table: WantedTable, found: Relation, column: WantedColumn, there: PresentColumn, change: _Alteration
    ) -> None:
        name = sql_quoted(column.name)
        if there.required and not column.required and column.name not in found.key:
            change.actions.append((f"let {column.name} be NULL", f"ALTER COLUMN {name} DROP NOT NULL"))
        elif column.required and not there.required:
            action = f"ALTER COLUMN {name} SET NOT NULL"
            if self._rows.is_filled(table.quoted):
                self._refuse(
                    f"{table.name}.{column.name} may be NULL and has rows, and must have a value by its contract",
                    f"ALTER TABLE {table.quoted} {action}",
                )
            else:
                change.later.append((f"require {column.name}", action))

    def _extra(self, table: WantedTable, found: Relation) -> None:
        """Refuse columns for which every row would be refused. Others beside the contract's are somebody's own."""
        known = {column.name for column in table.columns}
        for column in found.columns:
            if column.name not in known and column.required and not column.has_default:
                alter, name = f"ALTER TABLE {table.quoted}", sql_quoted(column.name)
                self._refuse(
                    f"{table.name}.{column.name} must have a value and is not in the contract",
                    f"{alter} ALTER COLUMN {name} DROP NOT NULL keeps its values, {alter} DROP COLUMN {name} does not",
                )

    def _refer(self, table: WantedTable, found: Relation, change: _Alteration) -> None:
        """Foreign keys of columns that are there. A load adds none: rows may be there that one refuses."""
        names = found.column_names
        for column in (column for column in table.columns if column.name in names):
            keys = [key for key in found.foreign_keys if key.column == column.name]
            for key in keys:
                if key.reference != column.reference:
                    words = f"drop the foreign key of {column.name} to {key.reference}"
                    change.actions.append((words, f"DROP CONSTRAINT {sql_quoted(key.constraint)}"))
            if column.reference is None or any(key.reference == column.reference for key in keys):
                continue
            if not table.is_fact or self._rows.is_filled(table.quoted):
                action = f"ADD FOREIGN KEY ({sql_quoted(column.name)}) {references(column.reference)}"
                change.later.append((f"add the foreign key of {column.name} to {column.reference}", action))

    def _shown(self, view: WantedView) -> Iterator[Step]:
        found = self._present.get(view.name)
        if found is None:
            yield Step(f"make {view.name}", view.statements)
            return
        if not found.is_view:
            self._refuse(f"{view.name} is no view", "rename what has its name, and deploy again")
            return
        is_retyped, names = bool(view.tables & self._retyped), found.column_names
        if names == view.columns and found.comment == view.comment and not is_retyped:
            return
        if names == view.columns:
            # of a view without a note nothing says that its text is another one
            is_needed = is_retyped or is_noted(found.comment)
        else:
            # a release that is older than the warehouse takes no column away from its readers
            is_needed = not set(names) > set(view.columns)
        if not is_retyped and names == view.columns[: len(names)]:
            yield Step(f"replace {view.name}", view.statements, is_needed, view)
            return
        others = sorted({reader.view for reader in found.readers} - self._own)
        if others:
            self._refuse(f"{view.name} has to be made anew, and {', '.join(others)} reads it", _without(others))
        else:
            yield Step(f"make {view.name} anew", view.statements, is_needed, view, is_anew=True)


def _key(columns: Sequence[str]) -> str:
    return f"the key ({', '.join(columns)})" if columns else "no key"


def _without(views: Sequence[str]) -> str:
    return f"DROP VIEW {', '.join(views)}, deploy again, and make them anew"
