"""Tables and columns as the contracts state them: immutable values without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

SOURCE = "source"
DIMENSION = "dimension"
FACT = "fact"


@dataclass(frozen=True)
class Reference:
    """A column that another column depends on."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Column:
    """One column; `type` is a PostgreSQL type as format_type() writes it."""

    name: str
    type: str
    required: bool = False
    primary_key: bool = False
    unique: bool = False
    foreign_key: Reference | None = None
    on_delete: str = "RESTRICT"
    default: str | None = None
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    serial: bool = False
    sources: tuple[Reference, ...] = ()
    description: str = ""
    line: int = field(default=0, compare=False, repr=False)

    @property
    def is_text_date(self) -> bool:
        """Whether the column is text that must read as a date between `minimum` and `maximum`."""
        return self.pattern is not None and self.minimum is not None


@dataclass(frozen=True)
class Table:
    """One table of a source or of the warehouse, columns in contract order."""

    name: str
    kind: str
    domain: str
    schema: str
    grain: str
    columns: tuple[Column, ...]
    policy: str = "evolve"
    source: str | None = None
    source_key: str | None = None
    partition_by: str | None = None
    short_name: str | None = None
    alias: str | None = None
    origin: str = ""
    line: int = field(default=0, compare=False, repr=False)

    @property
    def key(self) -> tuple[Column, ...]:
        """The primary key's columns."""
        return tuple(column for column in self.columns if column.primary_key)

    @property
    def key_name(self) -> str:
        """The name of the key that identifies a row across versions: a fact's source key, else the primary key."""
        return self.source_key or self.key[0].name

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names in contract order."""
        return tuple(column.name for column in self.columns)

    @property
    def lake_columns(self) -> tuple[Column, ...]:
        """The columns that exist in the lake: all but a serial number that the warehouse gives."""
        return tuple(column for column in self.columns if not column.serial)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError when the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


def inputs_of(table: Table) -> list[str]:
    """The source tables that a star table's lineage names, the driving one first."""
    names = [table.source] if table.source else []
    names += [reference.table for column in table.lake_columns for reference in column.sources]
    return list(dict.fromkeys(names))
