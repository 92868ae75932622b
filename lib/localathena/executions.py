"""Executions of statements: started, looked at, stopped, and their results in pages."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from datetime import timedelta

from botocore.exceptions import ClientError
from sqlglot import exp

from localapi.documents import Document, Operations
from localathena.clients import Clients
from localathena.columns import column_info
from localathena.errors import InvalidRequest
from localathena.execution import DML, ENDED, FAILED, SUCCEEDED, Execution, now
from localathena.locations import folder, split
from localathena.paging import page_of
from localathena.results import MOST_ROWS, page
from localathena.runner import Runner
from localathena.saved import Saved
from localathena.settings import Settings
from localathena.sql.refusals import Refused
from localathena.sql.words import parse
from localathena.statements import parameters, parsed
from localathena.statements.parse import statement_of
from localathena.workgroups import PRIMARY, Workgroups

_LONGEST = 262_144


class Executions:
    """Executions by id, in memory; the oldest are forgotten beyond a bound."""

    def __init__(
        self, settings: Settings, clients: Clients, workgroups: Workgroups, saved: Saved, runner: Runner
    ) -> None:
        self._settings, self._clients, self._workgroups, self._saved = settings, clients, workgroups, saved
        self._runner, self._lock = runner, threading.Lock()
        self._all: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, str] = {}

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
            former = self._all.get(self._tokens.get(token, "")) if token else None
        if former is not None:
            if former.request != request:
                raise InvalidRequest("Idempotent parameters do not match: the token was used for another request")
            return {"QueryExecutionId": former.id}
        workgroup = request.get("WorkGroup", PRIMARY)
        configuration = self._workgroups.enabled(workgroup)
        execution, statement = self._made(request, workgroup, configuration)
        self._remember(execution, token)
        reused = self._reusable(execution)
        if reused is not None:
            _reuse(execution, reused)
        else:
            self._runner.submit(execution, statement)
        return {"QueryExecutionId": execution.id}

    def _made(self, request: Document, workgroup: str, configuration: Document) -> tuple[Execution, parsed.Statement]:
        """The execution and its statement. Raises InvalidRequest for what cannot be begun."""
        if len(request["QueryString"].encode()) > _LONGEST:
            raise InvalidRequest(f"the query is longer than {_LONGEST} bytes; make it shorter")
        catalog = request.get("QueryExecutionContext", {}).get("Catalog", "AwsDataCatalog")
        if catalog.lower() != "awsdatacatalog":
            raise InvalidRequest(f"the data catalog {catalog} is not here; leave it out, or name AwsDataCatalog")
        is_managed = configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled", False)
        base = _managed(request) if is_managed else self._output(request, configuration)
        number = str(uuid.uuid4())
        execution = Execution(number, request, workgroup, "", "", base, configuration.get("BytesScannedCutoffPerQuery"))
        try:
            statement = self._statement(execution)
            _check(statement, configuration)
        except Refused as refused:
            raise InvalidRequest(refused.sentence, "MALFORMED_QUERY") from refused
        execution.statement_type, execution.substatement_type = statement.type, statement.subtype
        if not is_managed:
            execution.result = {**base, "OutputLocation": f"{base['OutputLocation']}{_name(statement, number)}"}
        elif isinstance(statement, (parsed.Ctas, parsed.Insert, parsed.Unload)):
            raise InvalidRequest(
                f"{statement.subtype} is not supported on this machine in a workgroup that manages its results; "
                "run it in another"
            )
        return execution, statement

    def _statement(self, execution: Execution) -> parsed.Statement:
        """The statement with its parameters; for EXECUTE the prepared one. Raises Refused, ResourceNotFound."""
        given = [parameters.literal(value) for value in execution.request.get("ExecutionParameters", ())]
        statement = statement_of(execution.sql, execution.database)
        if isinstance(statement, parsed.Execute):
            prepared = self._saved.prepared(execution.workgroup, statement.name)
            values = [*statement.values, *given] if not statement.values or not given else list(statement.values)
            return statement_of(parameters.filled(prepared, values), execution.database)
        if isinstance(statement, parsed.Prepare) or not (given or parameters.count(execution.sql)):
            return statement
        return statement_of(parameters.filled(execution.sql, given), execution.database)

    @staticmethod
    def _output(request: Document, configuration: Document) -> Document:
        """The result's configuration, its location with a slash at the end."""
        own, of_group = request.get("ResultConfiguration", {}), configuration.get("ResultConfiguration", {})
        found = of_group if configuration.get("EnforceWorkGroupConfiguration") else {**of_group, **own}
        location = found.get("OutputLocation") or (
            own.get("OutputLocation") if not of_group.get("OutputLocation") else ""
        )
        if not location:
            raise InvalidRequest(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        place = folder(location)
        if place is None:
            raise InvalidRequest(f"the output location '{location}' is no place in S3; name one that begins with s3://")
        return {**found, "OutputLocation": f"s3://{place[0]}/{place[1]}"}

    def _remember(self, execution: Execution, token: str) -> None:
        with self._lock:
            self._all[execution.id] = execution
            if token:
                self._tokens[token] = execution.id
            ended = [item for item in self._all.values() if item.state in ENDED]
            for old in ended[: max(0, len(self._all) - self._settings.kept_executions)]:
                del self._all[old.id]
                self._tokens = {key: number for key, number in self._tokens.items() if number != old.id}
                if old.file is not None and not old.reused:
                    old.file.unlink(missing_ok=True)

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
        token = request.get("NextToken") or "0"
        if not (token.isascii() and token.isdigit()):
            raise InvalidRequest(f"'{token}' is no NextToken of this result; leave it out to begin at its start")
        if execution.file is None or not execution.columns:
            answer = {"Rows": [], "ResultSetMetadata": {"ColumnInfo": column_info(execution.columns)}}
            return {"ResultSet": answer, "UpdateCount": execution.update_count}
        most = request.get("MaxResults") or MOST_ROWS
        found, following = page(execution.file, execution.columns, int(token), most)
        return {**found, **({"NextToken": str(following)} if following is not None else {})}

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


def _managed(request: Document) -> Document:
    """The result's configuration in a workgroup that manages results: it has no address in S3."""
    if request.get("ResultConfiguration", {}).get("OutputLocation"):
        raise InvalidRequest("the workgroup manages query results; leave the output location out")
    return {}


def _reuse(execution: Execution, former: Execution) -> None:
    """Let a former result stand for this one's."""
    execution.begin()
    execution.reused, execution.columns, execution.file = True, former.columns, former.file
    execution.result = former.result
    execution.end(SUCCEEDED)


def _name(statement: parsed.Statement, number: str) -> str:
    """The name of a result below its folder."""
    if isinstance(statement, parsed.Select):
        return f"{number}.csv"
    if isinstance(statement, parsed.Ctas):
        return f"tables/{number}"
    if isinstance(statement, (parsed.Insert, parsed.Unload)):
        return number
    return f"{number}.txt"


def _check(statement: parsed.Statement, configuration: Document) -> None:
    """Raise Refused for what Athena does not begin: a query that is none, and a location that its workgroup forbids."""
    if isinstance(statement, (parsed.Select, parsed.Ctas, parsed.Insert, parsed.Unload, parsed.CreateView)):
        try:
            if not isinstance(parse(statement.query), (exp.Query, exp.Values)):
                raise Refused("SYNTAX_ERROR", "mismatched input: a query begins with SELECT, WITH, VALUES or TABLE")
        except Refused as refused:
            if not isinstance(statement, parsed.Ctas) or refused.kind != "SYNTAX_ERROR":
                raise
            sentence = f"Exception parsing query: {refused.sentence}"
            raise Refused(refused.kind, sentence) from refused
    is_placed = isinstance(statement, parsed.Ctas) and "external_location" in statement.properties
    if (
        is_placed
        and configuration.get("EnforceWorkGroupConfiguration")
        and configuration["ResultConfiguration"].get("OutputLocation")
    ):
        raise Refused(
            "INVALID_INPUT",
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query.",
        )
