"""The Data Catalog as the translation of Athena's SQL sees it, and as statements change it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localathena.sql.quoting import identifier
from localathena.sql.refusals import Refused, refuse
from localathena.sql.scope import Table, View

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

CATALOG = "awsdatacatalog"
VIEW_TYPE = "VIRTUAL_VIEW"
# the database that every account has
DEFAULT = "default"
_PREFIX, _SUFFIX = "/* Presto View: ", " */"
_ABSENT = "EntityNotFoundException"
_CHUNK = 100
_MOST_DELETED = 25
_MADE_BY_SERVICE = {
    "DatabaseName", "CreateTime", "UpdateTime", "CreatedBy", "IsRegisteredWithLakeFormation", "CatalogId", "VersionId",
    "FederatedTable", "IsMultiDialectView", "Status", "ViewDefinition",
}  # fmt: skip
Document = Mapping[str, Any]


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Say what the Data Catalog refuses as Athena does. Raises Refused."""
    try:
        yield
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise Refused("FAILED", f"{what}: {detail.get('Message', error)} ({detail.get('Code', '?')})") from error
    except BotoCoreError as error:
        raise Refused("HIVE_METASTORE_ERROR", f"{what}: {error}") from error


class Lake:
    """Databases, tables and partitions, read anew for each statement."""

    name = CATALOG

    def __init__(self, glue: GlueClient, database: str) -> None:
        self.glue, self.database = glue, database
        self._tables: dict[tuple[str, str], Document | None] = {}

    def relation(self, database: str, name: str) -> Table | View | None:
        """A table or view; None when there is none."""
        document = self.table(database, name)
        if document is None:
            return None
        columns = tuple(columns_of(document))
        if is_view(document):
            view = view_of(document)
            return View(columns, view["originalSql"], view.get("schema") or database)
        return Table(columns, f"{identifier(database)}.{identifier(name)}")

    def databases(self) -> Sequence[str]:
        """The names of all databases."""
        with answering("the databases cannot be listed"):
            pages = self.glue.get_paginator("get_databases").paginate()
            return sorted(item["Name"] for page in pages for item in page["DatabaseList"])

    def ensure_default(self, database: str) -> None:
        """Register the database `default`, which every account has, if a statement puts something into it."""
        if database == DEFAULT and DEFAULT not in self.databases():
            with answering("the database default cannot be registered"):
                self.glue.create_database(DatabaseInput={"Name": DEFAULT})

    def relations(self, database: str) -> Sequence[tuple[str, str]]:
        """The names of a database's tables and views, each with BASE TABLE or VIEW; none of a database that is none."""
        return [(item["Name"], "VIEW" if is_view(item) else "BASE TABLE") for item in self.tables(database)]

    def tables(self, database: str) -> list[Document]:
        """The tables and views of a database."""
        found = self._found(lambda: list(self.glue.get_paginator("get_tables").paginate(DatabaseName=database)))
        return sorted((item for page in found or () for item in page["TableList"]), key=lambda item: item["Name"])

    def table(self, database: str, name: str) -> Document | None:
        """A table or view as the Data Catalog has it; None when there is none."""
        key = (database, name)
        if key not in self._tables:
            answer = self._found(lambda: self.glue.get_table(DatabaseName=database, Name=name))
            self._tables[key] = answer["Table"] if answer else None
        return self._tables[key]

    def existing(self, database: str, name: str) -> Document:
        """A table or view. Raises Refused when there is none."""
        found = self.table(database, name)
        if found is None:
            refuse("TABLE_NOT_FOUND", f"Table '{CATALOG}.{database}.{name}' does not exist")
        return found

    def partitions(self, database: str, name: str) -> list[Document]:
        """The partitions of a table."""
        with answering(f"the partitions of {database}.{name} cannot be read"):
            pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
            return [item for page in pages for item in page["Partitions"]]

    def add_partitions(self, database: str, name: str, partitions: Sequence[Document]) -> list[list[str]]:
        """Register partitions, all or none; the values of those that are there already."""
        there: list[list[str]] = []
        made: list[list[str]] = []
        try:
            self._add_partitions(database, name, partitions, there, made)
        except Refused:
            self.drop_partitions(database, name, made)
            raise
        return there

    def drop_partitions(self, database: str, name: str, values: Sequence[list[str]]) -> None:
        """Take partitions out of the Data Catalog; those that are not there are passed over."""
        for start in range(0, len(values), _MOST_DELETED):
            wanted: Any = [{"Values": list(item)} for item in values[start : start + _MOST_DELETED]]
            with answering(f"partitions of {database}.{name} cannot be dropped"):
                self.glue.batch_delete_partition(DatabaseName=database, TableName=name, PartitionsToDelete=wanted)

    def _add_partitions(
        self, database: str, name: str, partitions: Sequence[Document], there: list[list[str]], made: list[list[str]]
    ) -> None:
        """Register partitions; those that were there, and those that were not, are added to the two lists."""
        with answering(f"partitions of {database}.{name} cannot be registered"):
            for start in range(0, len(partitions), _CHUNK):
                inputs: Any = partitions[start : start + _CHUNK]
                answer = self.glue.batch_create_partition(
                    DatabaseName=database, TableName=name, PartitionInputList=inputs
                )
                problems = answer.get("Errors", ())
                failed = [problem["PartitionValues"] for problem in problems]
                made += [list(item["Values"]) for item in inputs if list(item["Values"]) not in failed]
                for problem in problems:
                    detail = problem["ErrorDetail"]
                    if detail["ErrorCode"] != "AlreadyExistsException":
                        refuse("FAILED", f"a partition of {database}.{name} cannot be registered: {detail}")
                    there.append(problem["PartitionValues"])

    def change(self, database: str, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a table's own definition. Raises Refused when there is none."""
        document: Any = {
            key: value for key, value in self.existing(database, name).items() if key not in _MADE_BY_SERVICE
        }
        document = json.loads(json.dumps(document, default=str))
        change(document)
        with answering(f"{database}.{name} cannot be changed"):
            self.glue.update_table(DatabaseName=database, TableInput=document)
        self._tables.pop((database, name), None)

    @staticmethod
    def _found(call: Callable[[], Any]) -> Any:
        """What the call answers; None when the Data Catalog says that there is none."""
        try:
            return call()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _ABSENT:
                return None
            raise Refused("HIVE_METASTORE_ERROR", f"the Data Catalog refuses: {error}") from error
        except BotoCoreError as error:
            raise Refused("HIVE_METASTORE_ERROR", f"the Data Catalog does not answer: {error}") from error


def columns_of(document: Document) -> list[tuple[str, str]]:
    """Names and types of a table's columns and then of its partition keys, in small letters."""
    descriptor = document.get("StorageDescriptor") or {}
    found = [*(descriptor.get("Columns") or ()), *(document.get("PartitionKeys") or ())]
    return [(item["Name"].lower(), item.get("Type") or "string") for item in found]


def keys_of(document: Document) -> list[tuple[str, str]]:
    """Names and types of a table's partition keys."""
    return [(item["Name"].lower(), item.get("Type") or "string") for item in document.get("PartitionKeys") or ()]


def location_of(document: Document) -> str:
    """Where a table or partition lies."""
    return str((document.get("StorageDescriptor") or {}).get("Location") or "")


def is_view(document: Document) -> bool:
    """Whether it is a view."""
    return document.get("TableType") == VIEW_TYPE


def view_of(document: Document) -> dict[str, Any]:
    """What a view of Athena says: originalSql, schema, columns. Raises Refused for a view of another engine."""
    text = str(document.get("ViewOriginalText") or "")
    if text.startswith(_PREFIX):
        try:
            found: dict[str, Any] = json.loads(base64.b64decode(text[len(_PREFIX) : -len(_SUFFIX)]))
            if isinstance(found.get("originalSql"), str):
                return found
        except (ValueError, AttributeError):
            pass
    refuse("INVALID_VIEW", f"{document.get('Name')} is a view, but none of Athena's; drop it, and create it again")


def view_text(document: Document) -> str:
    """The text under which the Data Catalog keeps a view."""
    return f"{_PREFIX}{base64.b64encode(json.dumps(document).encode()).decode('ascii')}{_SUFFIX}"
