"""The Data Catalog: its calls go to the AWS endpoint, with the optimistic lock and SkipArchive that moto ignores."""

from __future__ import annotations

import threading

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
    "TagResource", "UntagResource", "GetTags",
)  # fmt: skip

_TABLE = ("CatalogId", "DatabaseName", "TableName")


class Catalogue:
    """Calls of the Data Catalog, answered by the endpoint behind."""

    def __init__(self, clients: Clients, endpoint: str) -> None:
        self._client = clients.catalogue
        self._endpoint = endpoint
        self._lock = threading.Lock()

    def operations(self) -> Operations:
        """The operations of Glue that this answers."""
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

    def call(self, operation: str, request: Document) -> Document:
        """The endpoint's answer. Raises GlueError with the endpoint's own code, EndpointUnreachable."""
        try:
            answer: Document = getattr(self._client, xform_name(operation))(**request)
        except ClientError as error:
            raise _relayed(error) from error
        except BotoCoreError as error:
            raise EndpointUnreachable(self._endpoint, error) from error
        answer.pop("ResponseMetadata", None)
        return answer

    def update_table(self, request: Document) -> Document:
        """Change a table over the version that the caller saw; SkipArchive leaves the history as it was.

        Raises ConcurrentModification when the table has another version by now.
        """
        names: Document = {name: request[name] for name in ("CatalogId", "DatabaseName") if name in request}
        name = request.get("Name") or request["TableInput"]["Name"]
        seen = request.get("VersionId")
        with self._lock:
            current = self.call("GetTable", {**names, "Name": name})["Table"]["VersionId"]
            if seen is not None and seen != current:
                raise ConcurrentModification(
                    f"table {request['DatabaseName']}.{name} is at version {current} and not at {seen}; "
                    "read it again and repeat the change"
                )
            kept = {key: value for key, value in request.items() if key not in ("VersionId", "SkipArchive")}
            answer = self.call("UpdateTable", kept)
            if request.get("SkipArchive"):
                self.call("DeleteTableVersion", {**names, "TableName": name, "VersionId": current})
            return answer

    def versions(self, request: Document) -> list[Document]:
        """Every version of a table, the newest first."""
        names = {name: request[name] for name in _TABLE if name in request}
        found: list[Document] = self.call("GetTableVersions", names)["TableVersions"]
        return sorted(found, key=lambda one: int(one["VersionId"]), reverse=True)

    def version(self, request: Document) -> Document:
        """One version of a table, the newest when none is named. Raises EntityNotFound."""
        wanted = request.get("VersionId")
        for one in self.versions(request):
            if wanted in (None, one["VersionId"]):
                return {"TableVersion": one}
        raise EntityNotFound(f"version {wanted} of table", f"{request['DatabaseName']}.{request['TableName']}")

    def delete_version(self, request: Document) -> Document:
        """Remove an old version. Raises EntityNotFound, and InvalidInput for the newest, which is the table itself."""
        with self._lock:
            newest = self.version({name: value for name, value in request.items() if name != "VersionId"})
            self.version(request)
            if newest["TableVersion"]["VersionId"] == request["VersionId"]:
                raise InvalidInput(
                    f"version {request['VersionId']} is what table {request['DatabaseName']}.{request['TableName']} "
                    "is now, so it cannot be deleted; delete older ones"
                )
            return self.call("DeleteTableVersion", request)

    def batch_delete_versions(self, request: Document) -> Document:
        """Remove old versions; what cannot be removed is listed among the errors."""
        names, errors = {name: request[name] for name in _TABLE if name in request}, []
        for version in request["VersionIds"]:
            try:
                self.delete_version({**names, "VersionId": version})
            except GlueError as problem:
                detail = {"ErrorCode": problem.code, "ErrorMessage": problem.message}
                errors.append({"TableName": request["TableName"], "VersionId": version, "ErrorDetail": detail})
        return {"Errors": errors}

    def _paged(self, operation: str, request: Document) -> Document:
        """Pages are cut here: the endpoint answers everything at once."""
        whole = {name: value for name, value in request.items() if name not in ("MaxResults", "NextToken")}
        member = _PAGED[operation]
        return _page_of(request, member, self.call(operation, whole)[member])


def _page_of(request: Document, member: str, items: list[Document]) -> Document:
    """A page of as many items as were asked for; all of them when no number was given."""
    return page_of({"MaxResults": max(1, len(items)), **request}, member, items)


def _relayed(error: ClientError) -> GlueError:
    detail = error.response.get("Error", {})
    relayed = GlueError(detail.get("Message", str(error)))
    relayed.code = detail.get("Code", "InternalServiceException")
    relayed.status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return relayed
