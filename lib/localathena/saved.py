"""Statements that are kept: named queries and prepared statements, each of a workgroup, in memory."""

from __future__ import annotations

import threading
import uuid

from localapi.documents import Document, Operations
from localathena.errors import InvalidRequest, ResourceNotFound
from localathena.execution import now
from localathena.paging import page_of
from localathena.workgroups import PRIMARY, Workgroups


class Saved:
    """Named queries by their ids, prepared statements by workgroup and name."""

    def __init__(self, workgroups: Workgroups) -> None:
        self._workgroups, self._lock = workgroups, threading.Lock()
        self._named: dict[str, Document] = {}
        self._tokens: dict[str, str] = {}
        self._prepared: dict[tuple[str, str], Document] = {}

    def operations(self) -> Operations:
        """The operations that this class handles."""
        return {
            "CreateNamedQuery": self.create_named,
            "GetNamedQuery": self.get_named,
            "BatchGetNamedQuery": self.batch_get_named,
            "ListNamedQueries": self.list_named,
            "UpdateNamedQuery": self.update_named,
            "DeleteNamedQuery": self.delete_named,
            "CreatePreparedStatement": self.create_prepared,
            "GetPreparedStatement": self.get_prepared,
            "BatchGetPreparedStatement": self.batch_get_prepared,
            "ListPreparedStatements": self.list_prepared,
            "UpdatePreparedStatement": self.update_prepared,
            "DeletePreparedStatement": self.delete_prepared,
        }

    def create_named(self, request: Document) -> Document:
        """Keep a named query; the same token makes it once."""
        workgroup = request.get("WorkGroup", PRIMARY)
        self._workgroups.existing(workgroup)
        token = request.get("ClientRequestToken", "")
        with self._lock:
            if token in self._tokens:
                return {"NamedQueryId": self._tokens[token]}
            number = str(uuid.uuid4())
            kept: Document = {
                name: request[name] for name in ("Name", "Description", "Database", "QueryString") if name in request
            }
            self._named[number] = {**kept, "NamedQueryId": number, "WorkGroup": workgroup}
            if token:
                self._tokens[token] = number
        return {"NamedQueryId": number}

    def get_named(self, request: Document) -> Document:
        """One named query."""
        with self._lock:
            return {"NamedQuery": self._existing_named(request["NamedQueryId"])}

    def _existing_named(self, number: str) -> Document:
        if number not in self._named:
            raise InvalidRequest(f"NamedQuery {number} was not found; list those that are there by ListNamedQueries")
        return self._named[number]

    def batch_get_named(self, request: Document) -> Document:
        """Several named queries, and which of them are not there."""
        wanted = request["NamedQueryIds"]
        with self._lock:
            found = [self._named[number] for number in wanted if number in self._named]
            lost = [number for number in wanted if number not in self._named]
        problem = {"ErrorCode": "INTERNAL_FAILURE", "ErrorMessage": "the named query was not found"}
        return {
            "NamedQueries": found,
            "UnprocessedNamedQueryIds": [{"NamedQueryId": number, **problem} for number in lost],
        }

    def list_named(self, request: Document) -> Document:
        """The ids of a workgroup's named queries."""
        workgroup = request.get("WorkGroup", PRIMARY)
        self._workgroups.existing(workgroup)
        with self._lock:
            found = [number for number, item in self._named.items() if item["WorkGroup"] == workgroup]
        return page_of(request, "NamedQueryIds", found)

    def update_named(self, request: Document) -> Document:
        """Change a named query."""
        with self._lock:
            found = self._existing_named(request["NamedQueryId"])
            self._named[request["NamedQueryId"]] = {**found, **request}
        return {}

    def delete_named(self, request: Document) -> Document:
        """Remove a named query."""
        with self._lock:
            self._existing_named(request["NamedQueryId"])
            del self._named[request["NamedQueryId"]]
        return {}

    def create_prepared(self, request: Document) -> Document:
        """Keep a prepared statement."""
        self._workgroups.existing(request["WorkGroup"])
        key = (request["WorkGroup"], request["StatementName"])
        with self._lock:
            if key in self._prepared:
                raise InvalidRequest(
                    f"PreparedStatement {key[1]} already exists in WorkGroup {key[0]}; update it, or name another"
                )
            self._prepared[key] = _statement(request)
        return {}

    def prepared(self, workgroup: str, name: str) -> str:
        """The statement that is prepared. Raises ResourceNotFound."""
        with self._lock:
            return str(self._existing_prepared(workgroup, name)["QueryStatement"])

    def _existing_prepared(self, workgroup: str, name: str) -> Document:
        if (workgroup, name) not in self._prepared:
            raise ResourceNotFound(
                f"PreparedStatement {name} was not found in workGroup {workgroup}; create it first, or check its name",
                name,
            )
        return self._prepared[workgroup, name]

    def get_prepared(self, request: Document) -> Document:
        """One prepared statement."""
        self._workgroups.existing(request["WorkGroup"])
        with self._lock:
            return {"PreparedStatement": self._existing_prepared(request["WorkGroup"], request["StatementName"])}

    def batch_get_prepared(self, request: Document) -> Document:
        """Several prepared statements, and which of them are not there."""
        workgroup, names = request["WorkGroup"], request["PreparedStatementNames"]
        self._workgroups.existing(workgroup)
        with self._lock:
            found = [self._prepared[workgroup, name] for name in names if (workgroup, name) in self._prepared]
            lost = [name for name in names if (workgroup, name) not in self._prepared]
        problem = {"ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": "the prepared statement was not found"}
        return {
            "PreparedStatements": found,
            "UnprocessedPreparedStatementNames": [{"StatementName": name, **problem} for name in lost],
        }

    def list_prepared(self, request: Document) -> Document:
        """The names of a workgroup's prepared statements."""
        self._workgroups.existing(request["WorkGroup"])
        with self._lock:
            found = sorted(
                (name, item) for (group, name), item in self._prepared.items() if group == request["WorkGroup"]
            )
        shown = [{"StatementName": name, "LastModifiedTime": item["LastModifiedTime"]} for name, item in found]
        return page_of(request, "PreparedStatements", shown)

    def update_prepared(self, request: Document) -> Document:
        """Put another statement in the place of a prepared one."""
        with self._lock:
            self._existing_prepared(request["WorkGroup"], request["StatementName"])
            self._prepared[request["WorkGroup"], request["StatementName"]] = _statement(request)
        return {}

    def delete_prepared(self, request: Document) -> Document:
        """Remove a prepared statement."""
        with self._lock:
            self._existing_prepared(request["WorkGroup"], request["StatementName"])
            del self._prepared[request["WorkGroup"], request["StatementName"]]
        return {}

    def any_of(self, workgroup: str) -> bool:
        """Whether a workgroup has any."""
        with self._lock:
            named = any(item["WorkGroup"] == workgroup for item in self._named.values())
            return named or any(group == workgroup for group, _ in self._prepared)

    def remove_of(self, workgroup: str) -> None:
        """Remove all of a workgroup."""
        with self._lock:
            self._named = {key: item for key, item in self._named.items() if item["WorkGroup"] != workgroup}
            self._prepared = {key: item for key, item in self._prepared.items() if key[0] != workgroup}


def _statement(request: Document) -> Document:
    return {
        "StatementName": request["StatementName"],
        "QueryStatement": request["QueryStatement"],
        "WorkGroupName": request["WorkGroup"],
        "Description": request.get("Description", ""),
        "LastModifiedTime": now(),
    }
