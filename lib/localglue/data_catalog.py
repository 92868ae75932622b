"""The Data Catalog: calls of the AWS endpoint, with the version check and SkipArchive that moto ignores."""

from __future__ import annotations

import threading
from functools import partial

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from localglue.clients import Clients
from localglue.documents import Document
from localglue.errors import ConcurrentModification, EndpointUnreachable, EntityNotFound, GlueError, InvalidInput
from localglue.operations import Operations
from localglue.paging import page_of

_PAGED = {"GetTables": "TableList", "GetPartitions": "Partitions"}
_FORWARDED = (
    "CreateDatabase", "GetDatabase", "GetDatabases", "UpdateDatabase", "DeleteDatabase",
    "CreateTable", "GetTable", "DeleteTable", "BatchDeleteTable",
    "CreatePartition", "BatchCreatePartition", "GetPartition", "BatchGetPartition",
    "UpdatePartition", "BatchUpdatePartition", "DeletePartition", "BatchDeletePartition",
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
        forwarded = {name: lambda request, name=name: self.call(name, request) for name in _FORWARDED}
        paged = {name: lambda request, name=name: self._paged(name, request) for name in _PAGED}
        return {
            **forwarded,
            **paged,
            "UpdateTable": self.update_table,
            "GetTableVersion": self.version,
            "GetTableVersions": lambda request: _page_of(request, "TableVersions", self.versions(request)),
            "DeleteTableVersion": self.delete_version,
            "BatchDeleteTableVersion": self.batch_delete_versions,
        }

    def tagging(self) -> Operations:
        """The Glue operations on tags of databases and tables."""
        return {name: partial(self.call, name) for name in ("TagResource", "UntagResource", "GetTags")}

    def call(self, operation: str, request: Document) -> Document:
        """The endpoint's response. Raises GlueError with the endpoint's error code, EndpointUnreachable."""
        try:
            answer: Document = getattr(self._client, xform_name(operation))(**request)
        except ClientError as error:
            raise _glue_error(error) from error
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
        for one in self.versions(request):
            if wanted in (None, one["VersionId"]):
                return {"TableVersion": one}
        raise EntityNotFound(f"version {wanted} of table", f"{request['DatabaseName']}.{request['TableName']}")

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
            except GlueError as problem:
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                errors.append({"TableName": request["TableName"], "VersionId": version, "ErrorDetail": detail})
        return {"Errors": errors}

    def _paged(self, operation: str, request: Document) -> Document:
        """One page of the endpoint's response, which always has everything."""
        whole = {name: value for name, value in request.items() if name not in ("MaxResults", "NextToken")}
        member = _PAGED[operation]
        return _page_of(request, member, self.call(operation, whole)[member])


def _page_of(request: Document, member: str, items: list[Document]) -> Document:
    """One page of the items; all of them if the request does not limit the page."""
    return page_of({"MaxResults": max(1, len(items)), **request}, member, items)


def _glue_error(error: ClientError) -> GlueError:
    """The endpoint's error with its own code and status."""
    detail = error.response.get("Error", {})
    found = GlueError(detail.get("Message", str(error)))
    found.code = detail.get("Code", "InternalServiceException")
    found.status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return found
