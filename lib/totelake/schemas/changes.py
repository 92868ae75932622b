"""The classes of schema change, and which of them a table's policy accepts. Decides, reads nothing.

`fields(schema)` reads a schema as batches bring it, `contract_fields(table)` a contract; `changes(name, before, after)`
names every difference, `holds(changes, policy)` those that hold the table back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from totelake.contracts.identifiers import is_reserved, namesakes, unusable_characters
from totelake.contracts.model import Table
from totelake.contracts.types import UnknownTypeError, lake_type, unquoted
from totelake.schemas.columns import SourceColumn
from totelake.schemas.widening import NARROWED, SAME, WIDENED, relation

EVOLVE, FREEZE = "evolve", "freeze"

COLUMN_ADDED = "nullable column added"
REQUIRED_COLUMN_ADDED = "required column added"
DEFAULT_COLUMN_ADDED = "column with default added"
COLUMN_REMOVED = "column removed"
COLUMN_RENAMED = "column renamed (suspected)"
TYPE_WIDENED = "type widened"
TYPE_NARROWED = "type narrowed"
TYPE_CHANGED = "type changed"
NULLABILITY_LOOSENED = "nullability loosened"
NULLABILITY_TIGHTENED = "nullability tightened"
KEY_CHANGED = "key changed"
ENUM_VALUE_ADDED = "enum value added"
ENUM_VALUE_REMOVED = "enum value removed"
TABLE_MISSING = "table missing"
TABLE_NEW = "table new"
COLUMN_ORDER = "column order"
# what keeps a table from being captured at all, as do a changed key and a missing table
TYPE_UNKNOWN = "column of an unknown type"
NAME_RESERVED = "column with a reserved name"
NAME_UNUSABLE = "column with an unusable name"
NOT_CAPTURABLE = "table that cannot be captured"

# for which a table is not captured: they reach all that is built of it, not of one column
UNCAPTURABLE = frozenset((KEY_CHANGED, TABLE_MISSING, TYPE_UNKNOWN, NAME_RESERVED, NAME_UNUSABLE, NOT_CAPTURABLE))
BREAKING = UNCAPTURABLE | {COLUMN_REMOVED, COLUMN_RENAMED, TYPE_NARROWED, TYPE_CHANGED, ENUM_VALUE_REMOVED}
# nothing that is read by name depends on these, so no policy holds a table back for them
HARMLESS = frozenset((COLUMN_ORDER, TABLE_NEW))
KINDS = BREAKING | HARMLESS
KINDS |= {COLUMN_ADDED, REQUIRED_COLUMN_ADDED, DEFAULT_COLUMN_ADDED, TYPE_WIDENED}
KINDS |= {NULLABILITY_LOOSENED, NULLABILITY_TIGHTENED, ENUM_VALUE_ADDED}


@dataclass(frozen=True)
class Field:
    """One column of a schema; `type` as format_type() writes it, `default` what the rows before it have of it."""

    name: str
    type: str
    required: bool = False
    enum: tuple[str, ...] = ()
    default: str | None = None

    def __str__(self) -> str:
        labels = f" of {', '.join(self.enum)}" if self.enum else ""
        default = f" DEFAULT {self.default}" if self.default is not None else ""
        return f"{self.type}{labels}{default}{' NOT NULL' if self.required else ''}"


@dataclass(frozen=True)
class Change:
    """One difference between two schemas of a table; `before` and `after` in words, '' where a side has nothing."""

    table: str
    column: str
    kind: str
    before: str
    after: str

    @property
    def is_breaking(self) -> bool:
        """Whether what is built on the table cannot go on as if nothing had happened."""
        return self.kind in BREAKING

    @property
    def reach(self) -> str | None:
        """The column whose dependents it reaches; None when it reaches all that is built of the table."""
        return None if self.kind in UNCAPTURABLE else self.column or None

    @property
    def document(self) -> dict[str, Any]:
        """The form in manifests, messages and `--json`."""
        return {**asdict(self), "is_breaking": self.is_breaking}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Change:
        """The change that a document tells of."""
        return cls(*(document[name] for name in ("table", "column", "kind", "before", "after")))

    def __str__(self) -> str:
        column = self.column if self.column.isprintable() else repr(self.column)
        where = f"{self.table}.{column}" if column else self.table
        return f"{where}: {self.kind}, {self.before or 'nothing'} before, now {self.after or 'nothing'}"


def fields(schema: Iterable[SourceColumn]) -> tuple[Field, ...]:
    """A schema as a batch brings it."""
    return tuple(Field(item.name, unquoted(item.type), item.required, item.enum, item.default) for item in schema)


def contract_fields(table: Table) -> tuple[Field, ...]:
    """A schema as the contract states it."""
    return tuple(Field(column.name, unquoted(column.type), column.required, column.enum) for column in table.columns)


def changes(table: str, before: Sequence[Field], after: Sequence[Field]) -> list[Change]:
    """Every difference from one schema of a table to another, in the order of the columns; [] when they are equal."""
    old, new = ({field.name: field for field in side} for side in (before, after))
    removed = [field for field in before if field.name not in new]
    renamed = {field.name: item for field in removed if (item := _renamed(field, before, after, old)) is not None}
    found: list[Change] = []
    for field in before:
        if field.name in new:
            found += _altered(table, field, new[field.name])
        elif field.name in renamed:
            item = renamed[field.name]
            found.append(Change(table, field.name, COLUMN_RENAMED, f"{field.name} {field}", f"{item.name} {item}"))
        else:
            found.append(Change(table, field.name, COLUMN_REMOVED, str(field), ""))
    taken = {field.name for field in renamed.values()}
    found += [_added(table, field) for field in after if field.name not in old and field.name not in taken]
    return found + _order(table, before, after)


def missing_table(table: str) -> Change:
    """The source has no such table any more."""
    return Change(table, "", TABLE_MISSING, "a table", "")


def new_table(table: str) -> Change:
    """The source has a table that no contract names."""
    return Change(table, "", TABLE_NEW, "", "a table")


def changed_key(table: str, before: str, after: str) -> Change:
    """The source identifies the table's rows by something else."""
    return Change(table, before, KEY_CHANGED, before, after)


def holds(found: Sequence[Change], policy: str) -> list[Change]:
    """The changes for which a table of that policy waits: breaking ones, under `freeze` all that are not harmless."""
    if policy == FREEZE:
        return [change for change in found if change.kind not in HARMLESS]
    return [change for change in found if change.is_breaking]


def unusable(table: str, schema: Sequence[SourceColumn]) -> Iterator[tuple[Change, str]]:
    """The columns that the lake cannot hold, each as a change with what is wrong and what to do."""
    twice = namesakes(column.name for column in schema)
    for column in schema:
        for kind, why in _obstacles(column, twice.get(column.name)):
            yield Change(table, column.name, kind, "", column.type), why


def _obstacles(column: SourceColumn, namesake: str | None) -> Iterator[tuple[str, str]]:
    name = column.name
    if is_reserved(name):
        yield NAME_RESERVED, f"{name} has a name the lake keeps for itself; rename it"
    elif odd := unusable_characters(name):
        yield NAME_UNUSABLE, f"{name!r} has {odd!r} in its name, which engines of the lake take for syntax; rename it"
    elif namesake is not None:
        yield NAME_UNUSABLE, f"{name} is {namesake} but for case, which is one column for the lake; rename one of them"
    if not column.has_type:
        yield TYPE_UNKNOWN, f"{name}: {_why_unknown(column.type)}"


def _why_unknown(type_name: str) -> UnknownTypeError:
    """Why a column of the type is none of the lake's: it has no column's type, or an earlier release captured it."""
    try:
        lake_type(type_name)
    except UnknownTypeError as error:
        return error
    return UnknownTypeError(type_name)


def differences(table: Table, schema: Sequence[SourceColumn]) -> tuple[Change, ...]:
    """The changes from a table's contract to a schema; first those for which nothing can be built of it."""
    blocks = [change for change, _ in unusable(table.name, schema)]
    names = {change.column for change in blocks}
    found = changes(table.name, contract_fields(table), fields(schema))
    return (*blocks, *(change for change in found if change.column not in names or change.is_breaking))


def breaks(table: Table, schema: Sequence[SourceColumn]) -> bool:
    """Whether events of that schema have to wait, by the table's policy."""
    return bool(holds(differences(table, schema), table.policy))


def _renamed(field: Field, before: Sequence[Field], after: Sequence[Field], old: Mapping[str, Field]) -> Field | None:
    """A new column in the place of one that is gone, and of its type."""
    place = [item.name for item in before].index(field.name)
    there = after[place] if place < len(after) else None
    is_like = there is not None and there.name not in old and (there.type, there.enum) == (field.type, field.enum)
    return there if is_like else None


def _added(table: str, field: Field) -> Change:
    if field.default is not None:
        return Change(table, field.name, DEFAULT_COLUMN_ADDED, "", str(field))
    return Change(table, field.name, REQUIRED_COLUMN_ADDED if field.required else COLUMN_ADDED, "", str(field))


def _altered(table: str, before: Field, after: Field) -> list[Change]:
    sides = (str(before), str(after))
    found = []
    if bool(before.enum) != bool(after.enum):
        found.append(Change(table, before.name, TYPE_CHANGED, *sides))
    elif before.enum:
        lost = [label for label in before.enum if label not in after.enum]
        gained = [label for label in after.enum if label not in before.enum]
        found += [Change(table, before.name, ENUM_VALUE_REMOVED, *sides)] if lost else []
        found += [Change(table, before.name, ENUM_VALUE_ADDED, *sides)] if gained else []
    else:
        related = relation(before.type, after.type)
        if related != SAME:
            kind = {WIDENED: TYPE_WIDENED, NARROWED: TYPE_NARROWED}.get(related, TYPE_CHANGED)
            found.append(Change(table, before.name, kind, *sides))
    if before.required != after.required:
        kind = NULLABILITY_LOOSENED if before.required else NULLABILITY_TIGHTENED
        found.append(Change(table, before.name, kind, *sides))
    return found


def _order(table: str, before: Sequence[Field], after: Sequence[Field]) -> list[Change]:
    """Columns of both sides that stand in another order."""
    both = {field.name for field in before} & {field.name for field in after}
    left, right = ([field.name for field in side if field.name in both] for side in (before, after))
    return [] if left == right else [Change(table, "", COLUMN_ORDER, ", ".join(left), ", ".join(right))]
