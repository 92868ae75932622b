"""Executions of statements: started, looked at, stopped, and their results in pages."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from localapi.documents import Document, Operations
from localathena.clients import Clients
from localathena.columns import column_info
from localathena.errors import InvalidRequest, internal_failure
from localathena.execution import DML, ENDED, FAILED, SUCCEEDED, Execution, now
from localathena.locations import split
from localathena.paging import page_of
from localathena.results import MOST_ROWS, page
from localathena.runner import Runner
from localathena.saved import Saved
from localathena.settings import Settings
from localathena.submissions import submitted
from localathena.workgroups import PRIMARY, Workgroups

_SIGN, _DIGITS = 16, 19


class Executions:
    """Executions by id, in memory; the oldest are forgotten beyond a bound."""

    def __init__(
        self, settings: Settings, clients: Clients, workgroups: Workgroups, saved: Saved, runner: Runner
    ) -> None:
        self._settings, self._clients, self._workgroups, self._saved = settings, clients, workgroups, saved
        self._runner, self._lock = runner, threading.Lock()
        self._all: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._secret = secrets.token_bytes()

    def operations(self) -> Operations:
        """The operations that this class handles."""
        return {
            "StartQueryExecution": self.start,
            "GetQueryExecution": self.get,
            "BatchGetQueryExecution": self.batch_get,
            "ListQueryExecutions": self.list,
            "StopQueryExecution": self.stop,
            "GetQueryResults": self.results,
            "GetQueryRuntimeStatistics": self.runtime_statistics,
        }

    def start(self, request: Document) -> Document:
        """Submit a statement."""
        token = request.get("ClientRequestToken", "")
        with self._lock:
            former = self._former(token, request)
        if former is not None:
            return {"QueryExecutionId": former.id}
        workgroup = request.get("WorkGroup", PRIMARY)
        configuration = self._workgroups.enabled(workgroup)
        execution, statement = submitted(request, workgroup, configuration, self._saved)
        former = self._remember(execution, token)
        if former is not None:
            return {"QueryExecutionId": former.id}
        try:
            reused = self._reusable(execution)
        except (ClientError, BotoCoreError) as error:
            said = f"it cannot be seen whether a former result is there: {error}"
            execution.end(FAILED, said, internal_failure(said))
            execution.finished.set()
            return {"QueryExecutionId": execution.id}
        if reused is not None:
            _reuse(execution, reused)
        else:
            self._runner.submit(execution, statement)
        return {"QueryExecutionId": execution.id}

    def _former(self, token: str, request: Document) -> Execution | None:
        """The execution that this token began. Raises InvalidRequest for a token of another request."""
        former = self._all.get(self._tokens.get(token, "")) if token else None
        if former is not None and former.request != request:
            raise InvalidRequest("Idempotent parameters do not match: the token was used for another request")
        return former

    def _remember(self, execution: Execution, token: str) -> Execution | None:
        """Keep an execution, unless its token has begun another meanwhile; that one."""
        with self._lock:
            former = self._former(token, execution.request)
            if former is not None:
                return former
            self._all[execution.id] = execution
            if token:
                self._tokens[token] = execution.id
            ended = [item for item in self._all.values() if item.state in ENDED]
            for old in ended[: max(0, len(self._all) - self._settings.kept_executions)]:
                del self._all[old.id]
                self._tokens = {key: number for key, number in self._tokens.items() if number != old.id}
                if old.file is not None and not old.reused:
                    old.file.unlink(missing_ok=True)
        return None

    def _reusable(self, execution: Execution) -> Execution | None:
        """The newest execution whose result may stand for this one's."""
        wanted = execution.request.get("ResultReuseConfiguration", {}).get("ResultReuseByAgeConfiguration", {})
        if not wanted.get("Enabled") or execution.statement_type != DML:
            return None
        oldest = now() - timedelta(minutes=wanted.get("MaxAgeInMinutes", 60))
        with self._lock:
            known = list(reversed(self._all.values()))
        for item in known:
            same = all(
                item.request.get(name) == execution.request.get(name)
                for name in ("QueryString", "QueryExecutionContext", "ExecutionParameters")
            )
            usable = item.state == SUCCEEDED and item.file is not None and item.substatement_type == "SELECT"
            recent = item.workgroup == execution.workgroup and (item.completed or oldest) >= oldest
            if same and usable and recent and not item.reused and self._is_there(item):
                return item
        return None

    def _is_there(self, execution: Execution) -> bool:
        """Whether the object of a result is still there; a result without one is."""
        place = split(execution.result.get("OutputLocation", ""))
        if not execution.result:
            return True
        try:
            return place is not None and bool(self._clients.s3.head_object(Bucket=place[0], Key=place[1]))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                return False
            raise

    def _existing(self, number: str) -> Execution:
        with self._lock:
            found = self._all.get(number)
        if found is None:
            raise InvalidRequest(f"QueryExecution {number} was not found; list those that are known")
        return found

    def get(self, request: Document) -> Document:
        """One execution."""
        return {"QueryExecution": self._existing(request["QueryExecutionId"]).document()}

    def batch_get(self, request: Document) -> Document:
        """Several executions, and which of them are not known."""
        wanted = request["QueryExecutionIds"]
        with self._lock:
            found = [self._all[number] for number in wanted if number in self._all]
            lost = [number for number in wanted if number not in self._all]
        problem = {"ErrorCode": "INTERNAL_FAILURE", "ErrorMessage": "the query execution was not found"}
        return {
            "QueryExecutions": [item.document() for item in found],
            "UnprocessedQueryExecutionIds": [{"QueryExecutionId": number, **problem} for number in lost],
        }

    def list(self, request: Document) -> Document:
        """The ids of a workgroup's executions, newest first."""
        workgroup = request.get("WorkGroup", PRIMARY)
        self._workgroups.existing(workgroup)
        with self._lock:
            found = [item.id for item in reversed(self._all.values()) if item.workgroup == workgroup]
        return page_of(request, "QueryExecutionIds", found)

    def stop(self, request: Document) -> Document:
        """Stop one, if it has not ended."""
        self._existing(request["QueryExecutionId"]).stop()
        return {}

    def results(self, request: Document) -> Document:
        """One page of rows; the first row of a query's first page has the columns' names."""
        execution = self._existing(request["QueryExecutionId"])
        if execution.state != SUCCEEDED:
            what = "failed" if execution.state == FAILED else f"not ready: its state is {execution.state}"
            raise InvalidRequest(
                f"Query did not finish successfully. Final query state: {execution.state}"
                if execution.state in ENDED
                else f"Query has not yet finished. Current state: {execution.state} ({what})",
                "INVALID_QUERY_EXECUTION_STATE",
            )
        start = self._place(execution, request.get("NextToken"))
        if execution.file is None or not execution.columns:
            answer = {"Rows": [], "ResultSetMetadata": {"ColumnInfo": column_info(execution.columns)}}
            return {"ResultSet": answer, "UpdateCount": execution.update_count}
        if not execution.file.is_file():
            raise InvalidRequest("the result is not kept here any more; read it from its OutputLocation")
        most = request.get("MaxResults") or MOST_ROWS
        found, following = page(execution.file, execution.columns, start, most)
        return {**found, **({"NextToken": self._token(execution, following)} if following is not None else {})}

    def _token(self, execution: Execution, start: int) -> str:
        """The token of a place in a result; no place that is not the start of a row has one."""
        sign = hmac.new(self._secret, f"{execution.id} {start}".encode(), hashlib.sha256).hexdigest()[:_SIGN]
        return f"{start}-{sign}"

    def _place(self, execution: Execution, token: str | None) -> int:
        """The place that a token says. Raises InvalidRequest for one that no answer of this execution had."""
        if not token:
            return 0
        start = token.partition("-")[0]
        is_number = start.isascii() and start.isdigit() and len(start) < _DIGITS
        if not is_number or not hmac.compare_digest(
            self._token(execution, int(start)).encode(), token.encode("utf-8", "replace")
        ):
            raise InvalidRequest(f"'{token}' is no NextToken of this result; leave it out to begin at its start")
        return int(start)

    def runtime_statistics(self, request: Document) -> Document:
        """Times of an execution, and the bytes it has read; no stages, as Athena has them later, too."""
        document = self._existing(request["QueryExecutionId"]).document()["Statistics"]
        timeline = {
            name: document[name]
            for name in (
                "QueryQueueTimeInMillis",
                "EngineExecutionTimeInMillis",
                "ServiceProcessingTimeInMillis",
                "TotalExecutionTimeInMillis",
            )
        }
        return {
            "QueryRuntimeStatistics": {"Timeline": timeline, "Rows": {"InputBytes": document["DataScannedInBytes"]}}
        }

    def any_of(self, workgroup: str) -> bool:
        """Whether a workgroup has executions."""
        with self._lock:
            return any(item.workgroup == workgroup for item in self._all.values())

    def close(self) -> None:
        """Stop all that has not ended."""
        with self._lock:
            open_ = [item for item in self._all.values() if item.state not in ENDED]
        for item in open_:
            item.stop()


def _reuse(execution: Execution, former: Execution) -> None:
    """Let a former result stand for this one's, unless it was stopped before."""
    if not execution.begin():
        execution.finished.set()
        return
    execution.reused, execution.columns, execution.file = True, former.columns, former.file
    execution.result = former.result
    execution.end(SUCCEEDED)
    execution.finished.set()
