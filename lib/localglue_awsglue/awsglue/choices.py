"""Choices resolved: what `resolveChoice` and `toDF` do with fields of several types."""

from __future__ import annotations

from collections.abc import Sequence

from awsglue import gluetypes as glue
from awsglue.expressions import ELEMENT, Column, cast, edited, members_of, nothing, parse_path, struct
from awsglue.gluetypes import DataType, StructType
from awsglue.schemas import of_words

_ACTIONS = "cast:type, project:type, make_cols or make_struct"


def resolved(columns: Sequence[Column], path: Sequence[str], action: str) -> list[Column]:
    """The columns with the field at the path resolved; as they were when there is none.

    Raises ValueError for an action that is none.
    """
    word, _, words = action.partition(":")
    target = of_words(words) if word == "cast" else None

    def edit(one: Column) -> list[Column]:
        if word == "cast" and target is not None:
            return [Column(one.name, cast(one, target), target)]
        if not isinstance(one.kind, glue.ChoiceType):
            return [one]
        return _of_choice(one, word, words)

    if word not in ("cast", "project", "make_cols", "make_struct"):
        raise ValueError(f"resolveChoice does not know '{action}'; use {_ACTIONS}")
    return edited(columns, path, edit)


def _of_choice(one: Column, word: str, words: str) -> list[Column]:
    members = members_of(one)
    if word == "make_cols":
        return [Column(f"{one.name}_{member.name}", member.sql, member.kind) for member in members]
    if word == "make_struct":
        return [Column(one.name, *struct(members, one.sql))]
    for member in members:
        if member.name == words.strip().lower() or member.kind == _type_or_none(words):
            return [Column(one.name, member.sql, member.kind)]
    target = of_words(words)
    return [Column(one.name, nothing(target), target)]


def _type_or_none(words: str) -> DataType | None:
    return None if words.strip().lower() in ("struct", "array", "map") else of_words(words)


def choices_in(kind: DataType, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all choices, inner ones first, so that what resolves one does not move another."""
    found: list[tuple[str, ...]] = []
    if isinstance(kind, StructType):
        for one in kind:
            found += choices_in(one.dataType, (*path, one.name))
    elif isinstance(kind, glue.ArrayType):
        found += choices_in(kind.elementType, (*path, ELEMENT))
    elif isinstance(kind, glue.ChoiceType):
        found.append(path)
    return found


class ResolveOption:
    """How `toDF` resolves a choice: `Cast` and `Project` have a target type, `KeepAsStruct` has none."""

    def __init__(self, path: str, action: str, target: DataType | None = None) -> None:
        self.path, self.action, self.target = path, action, target

    def resolve(self, columns: Sequence[Column]) -> list[Column]:
        """The columns with this choice resolved. Raises ValueError for an action that is none."""
        if self.action == "KeepAsStruct":
            return resolved(columns, parse_path(self.path), "make_struct")
        if self.action not in ("Cast", "Project") or self.target is None:
            raise ValueError(
                f"ResolveOption does not know '{self.action}'; use Cast or Project with a type, or KeepAsStruct"
            )
        return resolved(columns, parse_path(self.path), f"{self.action.lower()}:{self.target.typeName()}")
