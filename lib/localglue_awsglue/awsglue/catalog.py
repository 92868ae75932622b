"""The Data Catalog as sources and sinks use it: tables, their partitions, and connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from awsglue.expressions import partition_value, quoted
from awsglue.missing import NotThere
from awsglue.objects import client
from awsglue.schemas import of_words

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PAGE = 100
_ATTEMPTS = 5
_MEANWHILE = ("AlreadyExistsException", "ConcurrentModificationException")
"""What the Data Catalog answers when another client was faster."""
_FORMATS = {
    "parquet": ("parquet",),
    "orc": ("orc",),
    "avro": ("avro",),
    "json": ("json", "openx", "hcatalog"),
    "csv": ("csv", "lazysimple"),
    "xml": ("xml",),
}


@dataclass(frozen=True)
class Partition:
    """A partition: its values, and where its files are."""

    values: tuple[str, ...]
    location: str


@dataclass(frozen=True)
class Table:
    """A table of the Data Catalog."""

    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Database and table."""
        return f"{self.document['DatabaseName']}.{self.document['Name']}"

    @property
    def storage(self) -> Mapping[str, Any]:
        """The storage descriptor."""
        found: Mapping[str, Any] = self.document.get("StorageDescriptor", {})
        return found

    @property
    def location(self) -> str:
        """Where its files are. Raises ValueError for a table without a location, such as a view."""
        found: str = self.storage.get("Location", "")
        if not found:
            raise ValueError(f"the table {self.name} has no location, so a DynamicFrame cannot read or write it")
        return found

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Names and Hive types, without the partition keys."""
        return [(one["Name"], one["Type"]) for one in self.storage.get("Columns", ())]

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Names and Hive types of the partition keys."""
        return [(one["Name"], one["Type"]) for one in self.document.get("PartitionKeys", ())]

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of table, descriptor and SerDe, the first ones first."""
        serde = self.storage.get("SerdeInfo", {}).get("Parameters", {})
        return {**serde, **self.storage.get("Parameters", {}), **self.document.get("Parameters", {})}

    @property
    def format(self) -> str:
        """The format of its files. Raises ValueError when neither its classification nor its SerDe says it."""
        if not self.known_format:
            raise ValueError(f"the table {self.name} says neither by classification nor by SerDe what its files are")
        return self.known_format

    @property
    def known_format(self) -> str:
        """The format of its files, by its classification or its SerDe; empty when neither says it."""
        said = self.parameters.get("classification", "").lower()
        if said in _FORMATS:
            return said
        serde = self.storage.get("SerdeInfo", {}).get("SerializationLibrary", "").lower()
        for name, words in _FORMATS.items():
            if any(word in serde for word in words):
                return name
        return ""

    def csv_and_json(self) -> dict[str, Any]:
        """What its parameters say of its CSV or JSON, as options of the format.

        Raises NotImplementedError for a table whose files begin with more than one line of names.
        """
        given = self.parameters
        lines = given.get("skip.header.line.count", "0")
        if lines not in ("0", "1"):
            raise NotThere(f"skip.header.line.count {lines} of the table {self.name}", "there are 0 and 1")
        names = {
            "separator": given.get("separatorChar") or given.get("field.delim") or given.get("delimiter"),
            "quoteChar": given.get("quoteChar"),
            "escaper": given.get("escapeChar") or given.get("escape.delim"),
            "jsonPath": given.get("jsonPath"),
            "multiLine": given.get("multiLine") or given.get("multiline"),
        }
        found = {name: value for name, value in names.items() if value}
        return {**found, "skipFirst": lines == "1"}


class Catalog:
    """The Data Catalog of an account; None is the caller's."""

    def __init__(self, session: SparkSession, catalog_id: str | None = None) -> None:
        self._session = session
        self._id = {"CatalogId": catalog_id} if catalog_id else {}

    def table(self, database: str, name: str) -> Table:
        """The table. Raises botocore's ClientError EntityNotFoundException."""
        return Table(client("glue").get_table(DatabaseName=database, Name=name, **self._id)["Table"])

    def partitions(self, table: Table, predicate: str = "", expression: str = "") -> list[Partition]:
        """The partitions for which a condition of Spark SQL holds; `expression` is one of the Data Catalog's own."""
        names = {"DatabaseName": table.document["DatabaseName"], "TableName": table.document["Name"], **self._id}
        request = {**names, **({"Expression": expression} if expression else {})}
        pages = client("glue").get_paginator("get_partitions").paginate(**request)
        found = [
            Partition(tuple(one["Values"]), one["StorageDescriptor"]["Location"])
            for page in pages
            for one in page["Partitions"]
        ]
        return self._fitting(table, found, predicate) if predicate and found else found

    def _fitting(self, table: Table, found: Sequence[Partition], predicate: str) -> list[Partition]:
        """Those for which the condition holds; Spark evaluates it over the partition keys."""
        names = [name for name, _ in table.keys]
        rows = [(number, *one.values) for number, one in enumerate(found)]
        plain = self._session.createDataFrame(rows, ["partition number", *names])
        typed = [f"{partition_value(quoted(name), of_words(kind))} AS {quoted(name)}" for name, kind in table.keys]
        kept = plain.selectExpr("`partition number`", *typed).where(predicate).select("partition number").collect()
        return [found[row[0]] for row in kept]

    def find(self, database: str, name: str) -> Table | None:
        """The table; None when there is none."""
        try:
            return self.table(database, name)
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return None

    def put_table(
        self, database: str, name: str, made: Callable[[Table | None], Mapping[str, Any] | None]
    ) -> Mapping[str, Any]:
        """Create or update the table as `made` makes it of the one that is there; what it makes None stays as it is.

        The table as it is then. When another client changes the table meanwhile, it is read and made again.
        """
        names = {"DatabaseName": database, **self._id}
        left = _ATTEMPTS
        while True:
            left -= 1
            present = self.find(database, name)
            document = made(present)
            if document is None:
                return present.document if present else {}
            try:
                if present is None:
                    client("glue").create_table(TableInput=document, **names)
                else:
                    version = {"VersionId": present.document["VersionId"]} if "VersionId" in present.document else {}
                    client("glue").update_table(TableInput=document, **version, **names)
            except ClientError as problem:
                if problem.response["Error"]["Code"] not in _MEANWHILE or not left:
                    raise
            else:
                return document

    def add_partitions(self, database: str, name: str, storage: Mapping[str, Any], found: Sequence[Partition]) -> None:
        """Add the partitions that are not there. Raises ValueError with the first that was refused."""
        for start in range(0, len(found), _PAGE):
            inputs = [
                {"Values": list(one.values), "StorageDescriptor": {**storage, "Location": one.location}}
                for one in found[start : start + _PAGE]
            ]
            answer = client("glue").batch_create_partition(
                DatabaseName=database, TableName=name, PartitionInputList=inputs, **self._id
            )
            for error in answer.get("Errors", ()):
                detail = error["ErrorDetail"]
                if detail["ErrorCode"] != "AlreadyExistsException":
                    said = f"{detail['ErrorCode']}: {detail['ErrorMessage']}"
                    raise ValueError(f"partition {error['PartitionValues']} of {database}.{name} was refused ({said})")

    def remove_partitions(self, table: Table, found: Sequence[Partition]) -> None:
        """Delete the partitions."""
        for one in found:
            client("glue").delete_partition(
                DatabaseName=table.document["DatabaseName"],
                TableName=table.document["Name"],
                PartitionValues=list(one.values),
                **self._id,
            )

    def connection(self, name: str) -> dict[str, str]:
        """User, password, vendor, url and fullUrl of a JDBC connection, as `extract_jdbc_conf` returns them.

        Raises ValueError for a connection of another kind.
        """
        document = client("glue").get_connection(Name=name, HidePassword=False, **self._id)["Connection"]
        given = document.get("ConnectionProperties", {})
        full = given.get("JDBC_CONNECTION_URL", "")
        if not full.startswith("jdbc:"):
            raise ValueError(
                f"the connection {name} has no JDBC_CONNECTION_URL, so nothing can be read or written by it"
            )
        secret = {"username": given.get("USERNAME", ""), "password": given.get("PASSWORD", "")}
        if given.get("SECRET_ID"):
            answer = client("secretsmanager").get_secret_value(SecretId=given["SECRET_ID"])
            secret = json.loads(answer["SecretString"])
        vendor, rest = full[len("jdbc:") :].split(":", 1)
        server, _, _ = rest.lstrip("/").partition("/")
        url = f"jdbc:{vendor}://{server}" if rest.startswith("//") else full
        user, password = secret["username"], secret["password"]
        return {"user": user, "password": password, "vendor": vendor, "url": url, "fullUrl": full}


def folder_of(base: str, names: Sequence[str], values: Sequence[str]) -> str:
    """The folder of a partition as Spark and Hive name it."""
    parts = [f"{_escaped(name)}={_escaped(value)}" for name, value in zip(names, values)]
    return "/".join([base.rstrip("/"), *parts])


def _escaped(value: str) -> str:
    """The value as Hive escapes it in a path."""
    special = set("\"#%'*/:=?\\\x7f{[]^") | {chr(code) for code in range(1, 32)}
    return "".join(quote(one, safe="") if one in special else one for one in value)
