"""Data catalogs, databases and tables, as Athena's API shows those of the Data Catalog."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localapi.documents import Document, Operations
from localathena.clients import Clients
from localathena.errors import InvalidRequest, MetadataFailed
from localathena.paging import page_of

_NAME = "AwsDataCatalog"
_CATALOG = {"Name": _NAME, "Type": "GLUE", "Description": "", "Parameters": {"catalog-id": "123456789012"}}


class DataCatalogs:
    """The one data catalog, AwsDataCatalog."""

    def __init__(self, clients: Clients) -> None:
        self._glue = clients.glue

    def operations(self) -> Operations:
        """The operations that this class handles."""
        return {
            "ListDataCatalogs": self.list,
            "GetDataCatalog": self.get,
            "ListDatabases": self.databases,
            "GetDatabase": self.database,
            "ListTableMetadata": self.tables,
            "GetTableMetadata": self.table,
        }

    def list(self, request: Document) -> Document:
        """The catalogs."""
        summary = {"CatalogName": _NAME, "Type": "GLUE"}
        return page_of(request, "DataCatalogsSummary", [summary])

    def get(self, request: Document) -> Document:
        """One catalog."""
        _check(request["Name"])
        return {"DataCatalog": _CATALOG}

    def databases(self, request: Document) -> Document:
        """The databases."""
        _check(request["CatalogName"])
        pages = self._called(lambda: list(self._glue.get_paginator("get_databases").paginate()))
        found = sorted((item for page in pages for item in page["DatabaseList"]), key=lambda item: item["Name"])
        return page_of(request, "DatabaseList", [_database(item) for item in found])

    def database(self, request: Document) -> Document:
        """One database."""
        _check(request["CatalogName"])
        found = self._called(lambda: self._glue.get_database(Name=request["DatabaseName"].lower()))
        return {"Database": _database(found["Database"])}

    def tables(self, request: Document) -> Document:
        """The tables of a database, or those whose names a pattern fits."""
        _check(request["CatalogName"])
        name = request["DatabaseName"].lower()
        pages = self._called(lambda: list(self._glue.get_paginator("get_tables").paginate(DatabaseName=name)))
        found = sorted((item for page in pages for item in page["TableList"]), key=lambda item: item["Name"])
        if request.get("Expression"):
            try:
                pattern = re.compile(request["Expression"].replace("*", ".*").replace("..*", ".*"), re.IGNORECASE)
            except re.error as error:
                raise InvalidRequest(f"the expression '{request['Expression']}' is no pattern: {error}") from error
            found = [item for item in found if pattern.fullmatch(item["Name"])]
        return page_of(request, "TableMetadataList", [_table(item) for item in found])

    def table(self, request: Document) -> Document:
        """One table."""
        _check(request["CatalogName"])
        database, name = request["DatabaseName"].lower(), request["TableName"].lower()
        found = self._called(lambda: self._glue.get_table(DatabaseName=database, Name=name))
        return {"TableMetadata": _table(found["Table"])}

    @staticmethod
    def _called(call: Any) -> Any:
        try:
            return call()
        except ClientError as error:
            raise MetadataFailed(str(error.response.get("Error", {}).get("Message", error))) from error
        except BotoCoreError as error:
            raise MetadataFailed(f"the Data Catalog does not answer: {error}") from error


def _check(name: str) -> None:
    if name.lower() != _NAME.lower():
        raise InvalidRequest(f"DataCatalog {name} was not found; there is {_NAME}")


def _database(item: Any) -> Document:
    found = {"Name": item["Name"], "Parameters": item.get("Parameters") or {}}
    return {**found, **({"Description": item["Description"]} if item.get("Description") else {})}


def _table(item: Any) -> Document:
    descriptor = item.get("StorageDescriptor") or {}
    serde = descriptor.get("SerdeInfo") or {}
    said = {
        "inputformat": descriptor.get("InputFormat"),
        "location": descriptor.get("Location"),
        "outputformat": descriptor.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
    }
    parameters = {**(item.get("Parameters") or {}), **{name: value for name, value in said.items() if value}}
    return {
        "Name": item["Name"],
        "CreateTime": item.get("CreateTime"),
        "LastAccessTime": item.get("LastAccessTime"),
        "TableType": item.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [_column(column) for column in descriptor.get("Columns") or ()],
        "PartitionKeys": [_column(column) for column in item.get("PartitionKeys") or ()],
        "Parameters": parameters,
    }


def _column(item: Any) -> Document:
    found = {"Name": item["Name"], "Type": item.get("Type") or "string"}
    return {**found, **({"Comment": item["Comment"]} if item.get("Comment") else {})}
