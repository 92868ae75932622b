"""Tables of a source as it describes them itself: what drafts and comparisons with contracts are made of."""

from __future__ import annotations

from dataclasses import dataclass

from totelake.contracts.model import Reference


@dataclass(frozen=True)
class DescribedColumn:
    """One column; `type` as format_type() writes it, an enum's in double quotes; `default` an SQL expression."""

    name: str
    type: str
    required: bool
    enum: tuple[str, ...] = ()
    default: str | None = None
    comment: str | None = None
    primary_key: bool = False
    unique: bool = False
    foreign_key: Reference | None = None


@dataclass(frozen=True)
class DescribedTable:
    """One table or partitioned table. With a `problem`, which says why, its columns are not known."""

    schema: str
    name: str
    columns: tuple[DescribedColumn, ...]
    comment: str | None = None
    problem: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key's columns in the order of the table."""
        return tuple(column.name for column in self.columns if column.primary_key)
