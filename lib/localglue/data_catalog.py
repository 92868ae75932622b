"""What the AWS endpoint keeps: the Data Catalog, with what moto ignores of it, and what localglue only passes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from localapi.documents import Document, Handler, Operations
from localapi.errors import ApiError
from localglue.catalog_requests import check_values, folded, in_segment, with_attributes, without_columns
from localglue.clients import Clients
from localglue.errors import ConcurrentModification, EndpointUnreachable, EntityNotFound, InvalidInput
from localglue.paging import page_of
from localglue.partition_expressions import has_not, selected, tokens_of

_LISTED = {"GetDatabases": "DatabaseList", "GetTables": "TableList"}
FORWARDED = (
    "CreateDatabase", "GetDatabase", "UpdateDatabase", "DeleteDatabase",
    "CreateTable", "GetTable", "DeleteTable", "BatchDeleteTable",
    "GetPartition", "BatchGetPartition", "DeletePartition", "BatchDeletePartition", "GetPartitionIndexes",
    "GetDataCatalogEncryptionSettings", "PutDataCatalogEncryptionSettings",
    "GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy",
    "CreateRegistry", "GetRegistry", "ListRegistries", "DeleteRegistry",
    "CreateSchema", "GetSchema", "UpdateSchema", "DeleteSchema",
    "RegisterSchemaVersion", "GetSchemaVersion", "GetSchemaByDefinition", "PutSchemaVersionMetadata",
    "CreateSession", "GetSession", "ListSessions", "StopSession", "DeleteSession",
    "CreateDevEndpoint", "GetDevEndpoint", "GetDevEndpoints", "DeleteDevEndpoint",
    "CreateMLTransform", "GetMLTransform", "GetMLTransforms", "DeleteMLTransform",
)  # fmt: skip

_TABLE = ("CatalogId", "DatabaseName", "TableName")


class DataCatalog:
    """Answers the Data Catalog's operations by calling the AWS endpoint."""

    def __init__(self, clients: Clients, endpoint: str) -> None:
        self._client = clients.data_catalog
        self._endpoint = endpoint
        self._lock = threading.Lock()

    def operations(self) -> Operations:
        """The Glue operations that this class handles."""
        forwarded = {name: lambda request, name=name: self.call(name, request) for name in FORWARDED}
        listed = {name: lambda request, name=name: self._listed(name, request) for name in _LISTED}
        return {
            **forwarded,
            **listed,
            **self._partition_operations(),
            "UpdateTable": self.update_table,
            "GetTableVersion": self.version,
            "GetTableVersions": lambda request: _page_of(request, "TableVersions", self.versions(request)),
            "DeleteTableVersion": self.delete_version,
            "BatchDeleteTableVersion": self.batch_delete_versions,
        }

    def tagging(self) -> Operations:
        """The Glue operations on tags of what the endpoint keeps. They raise EntityNotFound for what it does not."""
        return {name: partial(self._tagged, name) for name in ("TagResource", "UntagResource", "GetTags")}

    def _tagged(self, operation: str, request: Document) -> Document:
        """Moto takes tags for anything, so the resource is looked for first, where it is of a kind that is read."""
        arn = request["ResourceArn"]
        kind, _, name = arn.split(":", 5)[-1].partition("/")
        if kind == "database":
            self.call("GetDatabase", {"Name": name})
        elif kind == "table":
            database, _, table = name.partition("/")
            self.call("GetTable", {"DatabaseName": database, "Name": table})
        elif kind == "registry":
            self.call("GetRegistry", {"RegistryId": {"RegistryArn": arn}})
        elif kind == "schema":
            self.call("GetSchema", {"SchemaId": {"SchemaArn": arn}})
        return self.call(operation, request)

    def call(self, operation: str, request: Document) -> Document:
        """The endpoint's response. Raises GlueError with the endpoint's code, InvalidInput, EndpointUnreachable."""
        try:
            answer: Document = getattr(self._client, xform_name(operation))(**folded(operation, request))
        except ClientError as error:
            raise _glue_error(error) from error
        except ParamValidationError as error:
            said = " ".join(str(error.kwargs["report"]).split())
            raise InvalidInput(f"{operation} has a request that Glue does not take ({said}); correct it") from error
        except BotoCoreError as error:
            raise EndpointUnreachable(self._endpoint, error) from error
        answer.pop("ResponseMetadata", None)
        return answer

    def update_table(self, request: Document) -> Document:
        """Update a table. SkipArchive keeps the current version out of the history.

        Raises ConcurrentModification if the request names a version that is not the table's current one.
        """
        names: Document = {name: request[name] for name in ("CatalogId", "DatabaseName") if name in request}
        name = request.get("Name") or request["TableInput"]["Name"]
        expected = request.get("VersionId")
        with self._lock:
            current = self.call("GetTable", {**names, "Name": name})["Table"]["VersionId"]
            if expected is not None and expected != current:
                raise ConcurrentModification(
                    f"table {request['DatabaseName']}.{name} is at version {current} and not at {expected}; "
                    "read it again and repeat the change"
                )
            kept = {key: value for key, value in request.items() if key not in ("VersionId", "SkipArchive")}
            answer = self.call("UpdateTable", kept)
            if request.get("SkipArchive"):
                self.call("DeleteTableVersion", {**names, "TableName": name, "VersionId": current})
            return answer

    def versions(self, request: Document) -> list[Document]:
        """Every version of a table, newest first."""
        names = {name: request[name] for name in _TABLE if name in request}
        found: list[Document] = self.call("GetTableVersions", names)["TableVersions"]
        return sorted(found, key=lambda one: int(one["VersionId"]), reverse=True)

    def version(self, request: Document) -> Document:
        """One version of a table; the newest if the request names none. Raises EntityNotFound."""
        wanted = request.get("VersionId")
        if wanted is not None and not wanted.isdigit():
            raise InvalidInput(f"VersionId is '{wanted}'; the versions of tables are numbers")
        for one in self.versions(request):
            if wanted in (None, one["VersionId"]):
                return {"TableVersion": one}
        raise EntityNotFound("version of table", str(wanted), f"{request['DatabaseName']}.{request['TableName']}")

    def delete_version(self, request: Document) -> Document:
        """Delete an old version. Raises EntityNotFound, and InvalidInput for the newest, which is the table itself."""
        with self._lock:
            newest = self.version({name: value for name, value in request.items() if name != "VersionId"})
            self.version(request)
            if newest["TableVersion"]["VersionId"] == request["VersionId"]:
                raise InvalidInput(
                    f"version {request['VersionId']} is the current one of table "
                    f"{request['DatabaseName']}.{request['TableName']}, so it cannot be deleted; delete older ones"
                )
            return self.call("DeleteTableVersion", request)

    def batch_delete_versions(self, request: Document) -> Document:
        """Delete old versions. The response lists those that cannot be deleted."""
        names, errors = {name: request[name] for name in _TABLE if name in request}, []
        for version in request["VersionIds"]:
            try:
                self.delete_version({**names, "VersionId": version})
            except ApiError as problem:
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                errors.append({"TableName": request["TableName"], "VersionId": version, "ErrorDetail": detail})
        return {"Errors": errors}

    def _listed(self, operation: str, request: Document) -> Document:
        """One page of databases or tables; the endpoint always answers everything."""
        member = _LISTED[operation]
        return _page_of(request, member, with_attributes(self._whole(operation, request)[member], request))

    def _partition_operations(self) -> Operations:
        def one(operation: str) -> Handler:
            def change(request: Document) -> Document:
                check_values(request["PartitionInput"], self._table(request))
                return self.call(operation, request)

            return change

        return {
            "CreatePartition": one("CreatePartition"),
            "UpdatePartition": one("UpdatePartition"),
            "BatchCreatePartition": lambda request: self._checked_batch(
                "BatchCreatePartition", "PartitionInputList", request, lambda entry: entry
            ),
            "BatchUpdatePartition": lambda request: self._checked_batch(
                "BatchUpdatePartition", "Entries", request, lambda entry: entry["PartitionInput"]
            ),
            "GetPartitions": self.partitions,
        }

    def _checked_batch(
        self, operation: str, member: str, request: Document, partition_of: Callable[[Document], Document]
    ) -> Document:
        """Do the entries that fit the table. The response lists the others, as it lists those that fail."""
        table, fitting, errors = self._table(request), [], []
        for entry in request[member]:
            try:
                check_values(partition_of(entry), table)
                fitting.append(entry)
            except InvalidInput as problem:
                values = entry.get("PartitionValueList", partition_of(entry).get("Values", []))
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                key = "PartitionValueList" if "PartitionValueList" in entry else "PartitionValues"
                errors.append({key: values, "ErrorDetail": detail})
        if not fitting:
            return {"Errors": errors}
        answer = self.call(operation, {**request, member: fitting})
        return {**answer, "Errors": [*answer.get("Errors", []), *errors]}

    def partitions(self, request: Document) -> Document:
        """One page of the partitions that fit the request's expression and segment."""
        found = self._fitting(request)
        if "Segment" in request:
            found = [one for one in found if in_segment(one["Values"], request["Segment"])]
        if request.get("ExcludeColumnSchema"):
            found = without_columns(found)
        return _page_of(request, "Partitions", found)

    def _fitting(self, request: Document) -> list[Document]:
        """The partitions that fit the expression; the endpoint gets it without NOT and with the table's own names."""
        asked = {name: value for name, value in request.items() if name in ("CatalogId", "DatabaseName", "TableName")}

        def ask(expression: str | None) -> list[Document]:
            more = {"Expression": expression} if expression else {}
            found: list[Document] = self.call("GetPartitions", {**asked, **more})["Partitions"]
            return found

        if not request.get("Expression"):
            return ask(None)
        keys = [key["Name"] for key in self._table(request).get("PartitionKeys", ())]
        tokens = tokens_of(request["Expression"], keys)
        if not has_not(tokens):
            return ask(" ".join(tokens))
        everything = ask(None)
        every = frozenset(tuple(one["Values"]) for one in everything)
        fitting = selected(tokens, every, lambda part: frozenset(tuple(one["Values"]) for one in ask(part)))
        return [one for one in everything if tuple(one["Values"]) in fitting]

    def _table(self, request: Document) -> Document:
        catalog = {"CatalogId": request["CatalogId"]} if "CatalogId" in request else {}
        names = {"DatabaseName": request["DatabaseName"], "Name": request["TableName"]}
        table: Document = self.call("GetTable", {**catalog, **names})["Table"]
        return table

    def _whole(self, operation: str, request: Document) -> Document:
        kept = ("CatalogId", "DatabaseName", "Expression", "ResourceShareType")
        return self.call(operation, {name: value for name, value in request.items() if name in kept})


def _page_of(request: Document, member: str, items: list[Document]) -> Document:
    """One page of the items; all of them if the request does not limit the page."""
    return page_of({"MaxResults": max(1, len(items)), **request}, member, items)


def _glue_error(error: ClientError) -> ApiError:
    """The endpoint's error with its own code and status."""
    detail = error.response.get("Error", {})
    found = ApiError(detail.get("Message", str(error)))
    found.code = detail.get("Code", "InternalServiceException")
    found.status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return found
