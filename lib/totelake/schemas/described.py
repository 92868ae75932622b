"""Tables of a source as it describes them itself: what drafts and comparisons with contracts are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from totelake.contracts.model import Reference


@dataclass(frozen=True)
class DescribedColumn:
    """One column; `type` as format_type() writes it, an enum's in double quotes; `default` an SQL expression.

    `foreign_schema` is the schema of the table that `foreign_key` names.
    """

    name: str
    type: str
    required: bool
    enum: tuple[str, ...] = ()
    default: str | None = None
    comment: str | None = None
    unique: bool = False
    foreign_key: Reference | None = None
    foreign_schema: str = ""


@dataclass(frozen=True)
class DescribedTable:
    """One table or partitioned table. With a `problem`, which says why, its columns are not known.

    `key` are the primary key's columns in its order; `unique_keys` has by its name each other unique index that
    identifies every row.
    """

    schema: str
    name: str
    columns: tuple[DescribedColumn, ...]
    comment: str | None = None
    problem: str = ""
    key: tuple[str, ...] = ()
    unique_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def identified_by(self, unique_index: str | None) -> tuple[str, ...]:
        """The columns that identify a row: the primary key's, or those of the unique index; () where there is none."""
        return self.key if unique_index is None else self.unique_keys.get(unique_index, ())
