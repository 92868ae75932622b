"""Fields mapped, dropped, chosen and renamed, nested ones included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from awsglue.expressions import Column, cast, edited, find, inside, members_of, parse_path, struct
from awsglue.gluetypes import StructType
from awsglue.schemas import of_words

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_KEPT = ("struct", "array", "map", "choice", "null", "set")
"""Types of mappings that say that the field is taken as it is."""


def mapped(columns: Sequence[Column], mappings: Sequence[tuple[str, ...]], case_sensitive: bool = True) -> list[Column]:
    """The columns of the mappings, in their order. A dot in a target nests it; a source that is not there is left out.

    Raises ValueError for a mapping that is none.
    """
    tree: dict[str, Any] = {}
    for one in mappings:
        source, target = _ends(one)
        found = find(columns, source) or (None if case_sensitive else _find_folded(columns, source))
        if found is not None:
            _put(tree, target, _as_mapped(found, one), one)
    return _columns_of(tree)


def _ends(mapping: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(mapping) == 4:
        return parse_path(mapping[0]), parse_path(mapping[2])
    if len(mapping) == 2:
        return parse_path(mapping[0]), parse_path(mapping[1])
    raise ValueError(f"{mapping} is no mapping; write (source, source type, target, target type), or (source, target)")


def _as_mapped(found: Column, mapping: tuple[str, ...]) -> Column:
    """The field as a mapping casts it; of a choice the values of the source's type."""
    if len(mapping) != 4 or mapping[3].strip().lower() in _KEPT:
        return found
    target, source = of_words(mapping[3]), mapping[1].strip().lower()
    if source not in _KEPT:
        word = of_words(mapping[1]).typeName()
        found = next((one for one in members_of(found) if one.name == word), found)
    return Column(found.name, cast(found, target), target)


def _find_folded(columns: Sequence[Column], path: Sequence[str]) -> Column | None:
    for one in columns:
        if one.name.lower() == path[0].lower():
            return one if len(path) == 1 else _find_folded(inside(one), path[1:])
    return None


def _put(tree: dict[str, Any], path: Sequence[str], column: Column, mapping: tuple[str, ...]) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise ValueError(f"the mapping {mapping} puts a field into {name}, which another mapping made a value")
    tree[path[-1]] = column


def _columns_of(tree: dict[str, Any]) -> list[Column]:
    found = []
    for name, item in tree.items():
        sql, kind = struct(_columns_of(item)) if isinstance(item, dict) else (item.sql, item.kind)
        found.append(Column(name, sql, kind))
    return found


def dropped(columns: Sequence[Column], paths: Sequence[str]) -> list[Column]:
    """The columns without these fields."""
    found = list(columns)
    for path in paths:
        found = edited(found, parse_path(path), lambda one: [])
    return found


def chosen(columns: Sequence[Column], paths: Sequence[str]) -> list[Column]:
    """These fields, in the order of the paths."""
    tree: dict[str, Any] = {}
    for path in paths:
        found = find(columns, parse_path(path))
        if found is not None:
            _put(tree, parse_path(path), found, (path,))
    return _columns_of(tree)


def renamed(columns: Sequence[Column], old: Sequence[str], new: Sequence[str]) -> list[Column]:
    """The columns with a field of another name, or at another place."""
    found = find(columns, old)
    if found is None:
        return list(columns)
    if old[:-1] == new[:-1]:
        return edited(columns, old, lambda one: [Column(new[-1], one.sql, one.kind)])
    rest = edited(columns, old, lambda one: [])
    return _added(rest, new, found)


def _added(columns: Sequence[Column], path: Sequence[str], column: Column) -> list[Column]:
    """The columns with one more at a path; structs on the way are made where they are missing."""
    if len(path) == 1:
        return [*[one for one in columns if one.name != path[0]], Column(path[0], column.sql, column.kind)]
    parent = find(columns, path[:1])
    inner = inside(parent) if parent else []
    made = Column(path[0], *struct(_added(inner, path[1:], column)))
    if parent is None:
        return [*columns, made]
    return [made if one.name == path[0] else one for one in columns]


def without_nulls(frame: DataFrame, columns: Sequence[Column]) -> list[Column]:
    """The columns without fields that are null in every record; reads all records once."""
    leaves = _leaves(columns, ())
    if not leaves:
        return list(columns)
    counts = frame.selectExpr(*[f"count({one.sql}) AS c{number}" for number, (_, one) in enumerate(leaves)]).first()
    found = list(columns)
    for number, (path, _) in enumerate(leaves):
        if counts is not None and not counts[number]:
            found = edited(found, path, lambda one: [])
    return found


def _leaves(columns: Sequence[Column], path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Column]]:
    found: list[tuple[tuple[str, ...], Column]] = []
    for one in columns:
        here = (*path, one.name)
        nested = _leaves(inside(one), here) if isinstance(one.kind, StructType) else []
        found += [*nested, (here, one)] if nested else [(here, one)]
    return found
