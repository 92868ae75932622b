"""Tables and columns as the contracts define them: immutable values."""

from __future__ import annotations

from dataclasses import dataclass, field

SOURCE = "source"
DIMENSION = "dimension"
FACT = "fact"


@dataclass(frozen=True, order=True)
class TableId:
    """A source table. Its name is unique within its source only."""

    source: str
    name: str

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"


@dataclass(frozen=True)
class Reference:
    """A column that another column refers to: in the same source or, from a star table's key, in the warehouse."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Column:
    """One column; `type` is a PostgreSQL type as format_type() writes it, `key_position` its place in the key.

    `stored` is the type that a source's values have in the lake where that is another one, as `lake_type` says.
    `number_of` are the columns of whose values a feed makes this one: a number that stands for all of them.
    """

    name: str
    type: str
    required: bool = False
    primary_key: bool = False
    key_position: int = 1
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
    stored: str = ""
    number_of: tuple[str, ...] = ()
    line: int = field(default=0, compare=False, repr=False)

    @property
    def plain_type(self) -> str:
        """The PostgreSQL type that its values have in the lake: an enum is text."""
        return "text" if self.enum else self.stored or self.type

    @property
    def is_text_date(self) -> bool:
        """Whether the column is text that must read as a date between `minimum` and `maximum`."""
        return self.pattern is not None and self.minimum is not None


@dataclass(frozen=True)
class Conversion:
    """The view that shows a fact's amounts, `quantity` times `price`, in the currency `quote` at the day's rate."""

    view: str
    quote: str
    quantity: str
    price: str


@dataclass(frozen=True)
class Dataset:
    """Where the files of a table lie, below the prefix of their source, and which form they have."""

    prefix: str
    format: str


@dataclass(frozen=True)
class Table:
    """One table of a source or of the warehouse, columns in contract order.

    `source` names the source that it belongs to or, for a star table, is built from. `driving` names the source table
    whose every event makes a row of the star table; None when rows are made otherwise. `unique_index` names the index
    that identifies a source table's rows in place of a primary key. `conversion` is of a fact with amounts of money,
    `dataset` of a source of kind files alone.
    """

    name: str
    kind: str
    source: str
    schema: str
    grain: str
    columns: tuple[Column, ...]
    policy: str = "evolve"
    driving: str | None = None
    source_key: str | None = None
    partition_by: str | None = None
    short_name: str | None = None
    alias: str | None = None
    unique_index: str | None = None
    conversion: Conversion | None = None
    dataset: Dataset | None = None
    origin: str = ""
    line: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return str(self.id) if self.kind == SOURCE else self.name

    @property
    def id(self) -> TableId:
        """The source table's id."""
        return TableId(self.source, self.name)

    @property
    def key(self) -> tuple[Column, ...]:
        """The primary key's columns in the key's order, or those of the unique index in its place."""
        columns = [column for column in self.columns if column.primary_key]
        return tuple(sorted(columns, key=lambda column: column.key_position))

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's columns in the key's order."""
        return tuple(column.name for column in self.key)

    @property
    def version_key(self) -> tuple[str, ...]:
        """The columns that identify a row across its versions."""
        return (self.source_key,) if self.source_key else self.key_names

    @property
    def key_name(self) -> str:
        """The one column that identifies a row across its versions: a fact's source key, otherwise the primary key."""
        return self.source_key or self.key[0].name

    @property
    def column_names(self) -> tuple[str, ...]:
        """All column names in contract order."""
        return tuple(column.name for column in self.columns)

    @property
    def lake_columns(self) -> tuple[Column, ...]:
        """The columns in the lake: all but a serial number, which the warehouse gives."""
        return tuple(column for column in self.columns if not column.serial)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError when the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


def inputs_of(table: Table) -> list[TableId]:
    """The source tables that a star table is built from, the driving one first."""
    names = [table.driving] if table.driving else []
    names += [reference.table for column in table.lake_columns for reference in column.sources]
    return [TableId(table.source, name) for name in dict.fromkeys(names)]
