"""The kinds of statements, each as what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Statement:
    """A statement; its type and subtype are what GetQueryExecution says of it."""

    type = "DDL"
    subtype = ""


@dataclass(frozen=True)
class Select(Statement):
    """A query."""

    type = "DML"
    subtype = "SELECT"
    query: str


@dataclass(frozen=True)
class Ctas(Statement):
    """CREATE TABLE ... AS."""

    subtype = "CREATE_TABLE_AS_SELECT"
    database: str
    name: str
    query: str
    properties: Mapping[str, str]
    if_not_exists: bool = False
    with_data: bool = True


@dataclass(frozen=True)
class Insert(Statement):
    """INSERT INTO."""

    type = "DML"
    subtype = "INSERT"
    database: str
    name: str
    query: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unload(Statement):
    """UNLOAD (...) TO."""

    type = "DML"
    subtype = "UNLOAD"
    query: str
    location: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class CreateView(Statement):
    """CREATE [OR REPLACE] VIEW."""

    subtype = "CREATE_VIEW"
    database: str
    name: str
    query: str
    replace: bool


@dataclass(frozen=True)
class CreateTable(Statement):
    """CREATE EXTERNAL TABLE; columns and keys are names, types and comments."""

    subtype = "CREATE_TABLE"
    database: str
    name: str
    columns: tuple[tuple[str, str, str], ...]
    keys: tuple[tuple[str, str, str], ...]
    location: str
    if_not_exists: bool
    comment: str = ""
    serde: str = ""
    serde_properties: Mapping[str, str] = field(default_factory=dict)
    stored_as: tuple[str, str] | str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    buckets: tuple[tuple[str, ...], int] = ((), 0)


@dataclass(frozen=True)
class CreateDatabase(Statement):
    """CREATE DATABASE."""

    subtype = "CREATE_DATABASE"
    name: str
    if_not_exists: bool
    comment: str = ""
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop(Statement):
    """DROP TABLE, VIEW or DATABASE; `what` says which."""

    what: str
    database: str
    name: str
    if_exists: bool
    cascade: bool = False

    @property
    def subtype(self) -> str:  # type: ignore[override]
        """DROP_TABLE and its like."""
        return f"DROP_{self.what}"


@dataclass(frozen=True)
class Partition:
    """A partition of ALTER TABLE: its keys' values, and where it lies."""

    values: Mapping[str, str]
    location: str = ""


@dataclass(frozen=True)
class AlterTable(Statement):
    """ALTER TABLE; `action` says what changes."""

    database: str
    name: str
    action: str
    partitions: tuple[Partition, ...] = ()
    columns: tuple[tuple[str, str, str], ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    location: str = ""
    condition: bool = False
    subtype = "ALTER_TABLE"


@dataclass(frozen=True)
class Repair(Statement):
    """MSCK REPAIR TABLE."""

    subtype = "MSCK_REPAIR_TABLE"
    database: str
    name: str


@dataclass(frozen=True)
class Show(Statement):
    """SHOW and DESCRIBE; `what` says what is shown, `of` of which database and table, `like` which names."""

    type = "UTILITY"
    what: str
    of: tuple[str, str] = ("", "")
    like: str | None = None
    written: str = ""
    """The table's name as the statement has it, with its database or without."""

    @property
    def subtype(self) -> str:  # type: ignore[override]
        """SHOW_TABLES and its like."""
        return self.what if self.what.startswith("DESCRIBE") else f"SHOW_{self.what}"


@dataclass(frozen=True)
class Prepare(Statement):
    """PREPARE."""

    subtype = "PREPARE"
    name: str
    query: str


@dataclass(frozen=True)
class Deallocate(Statement):
    """DEALLOCATE PREPARE."""

    subtype = "DEALLOCATE_PREPARE"
    name: str


@dataclass(frozen=True)
class Execute(Statement):
    """EXECUTE; another statement runs in its place."""

    type = "DML"
    subtype = "EXECUTE"
    name: str
    values: tuple[str, ...]
