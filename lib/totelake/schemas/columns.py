"""The columns of a source table as a batch brings them: the form in manifests, in `_schemas/` and in alerts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from totelake.contracts.types import arrow_type, has_own_type, stored_type

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class SourceColumn:
    """One column as the source has it; `type` as format_type() writes it, an enum's in double quotes.

    `default` is what rows have that were written before the column was added; None when it was there from the start.
    `stored` is the type that its values have in the lake where that is another one, as `lake_type` says; records of
    earlier releases have none.
    """

    name: str
    type: str
    required: bool
    enum: tuple[str, ...] = ()
    default: str | None = None
    stored: str = ""

    @classmethod
    def captured(
        cls, name: str, type_name: str, required: bool, enum: tuple[str, ...] = (), default: str | None = None
    ) -> SourceColumn:
        """A column as it is captured from now on."""
        return cls(name, type_name, required, enum, default, stored_type(type_name))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> SourceColumn:
        """Read it from a manifest."""
        return cls(
            name=document["name"],
            type=document["type"],
            required=document.get("required", False),
            enum=tuple(document.get("enum", ())),
            default=document.get("default"),
            stored=document.get("stored", ""),
        )

    @property
    def document(self) -> dict[str, Any]:
        """The form in a manifest."""
        plain: dict[str, Any] = {"name": self.name, "type": self.type, "required": self.required}
        plain.update({"enum": list(self.enum)} if self.enum else {})
        plain.update({"stored": self.stored} if self.stored else {})
        return {**plain, "default": self.default} if self.default is not None else plain

    @property
    def plain_type(self) -> str:
        """The PostgreSQL type that its values have in the lake: an enum is text."""
        return "text" if self.enum else self.stored or self.type

    @property
    def has_type(self) -> bool:
        """Whether the lake has an exact type for it."""
        return has_own_type(self.plain_type)

    @property
    def arrow(self) -> pyarrow.DataType:
        """Its type in the lake. Raises UnknownTypeError."""
        return arrow_type(self.plain_type)


Columns = tuple[SourceColumn, ...]


def digest(value: object) -> str:
    """32 hexadecimal digits that differ where a JSON value does."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()[:32]


def columns_of(documents: Iterable[Mapping[str, Any]]) -> Columns:
    """Read columns from a manifest."""
    return tuple(SourceColumn.of(item) for item in documents)


def documents_of(columns: Iterable[SourceColumn]) -> list[dict[str, Any]]:
    """Columns in the form of a manifest."""
    return [column.document for column in columns]


@dataclass(frozen=True)
class TableSchema:
    """A schema of a table's objects; equal schemas have the same fingerprint."""

    fingerprint: str
    columns: Columns

    @classmethod
    def made_of(cls, columns: Columns) -> TableSchema:
        """The schema of objects with these columns.

        Its fingerprint is that of names, types, required, enum labels and order; a default is no part of it.
        """
        plain = [{name: column[name] for name in column if name != "default"} for column in documents_of(columns)]
        return cls(digest(plain), columns)

    @classmethod
    def of(cls, fingerprint: str, documents: Iterable[Mapping[str, Any]]) -> TableSchema:
        """Read it from a manifest."""
        return cls(fingerprint, columns_of(documents))
