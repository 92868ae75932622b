"""Statements as they are submitted: with their parameters, the place of their result, and what forbids them."""

from __future__ import annotations

import uuid

from sqlglot import exp

from localapi.documents import Document
from localathena.errors import InvalidRequest
from localathena.execution import Execution
from localathena.locations import folder
from localathena.saved import Saved
from localathena.sql.refusals import Refused
from localathena.sql.words import parse
from localathena.statements import parameters, parsed
from localathena.statements.parse import statement_of
from localathena.workgroups import refuse_encryption

_LONGEST = 262_144


def submitted(
    request: Document, workgroup: str, configuration: Document, saved: Saved
) -> tuple[Execution, parsed.Statement]:
    """The execution and its statement. Raises InvalidRequest for what cannot be begun."""
    if len(request["QueryString"].encode()) > _LONGEST:
        raise InvalidRequest(f"the query is longer than {_LONGEST} bytes; make it shorter")
    catalog = request.get("QueryExecutionContext", {}).get("Catalog", "AwsDataCatalog")
    if catalog.lower() != "awsdatacatalog":
        raise InvalidRequest(f"the data catalog {catalog} is not here; leave it out, or name AwsDataCatalog")
    is_managed = configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled", False)
    refuse_encryption(request.get("ResultConfiguration", {}))
    base = _managed(request) if is_managed else _output(request, configuration)
    number = str(uuid.uuid4())
    execution = Execution(number, request, workgroup, "", "", base, configuration.get("BytesScannedCutoffPerQuery"))
    try:
        statement = _statement(execution, saved)
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


def _statement(execution: Execution, saved: Saved) -> parsed.Statement:
    """The statement with its parameters; for EXECUTE the prepared one. Raises Refused, ResourceNotFound."""
    given = [parameters.literal(value) for value in execution.request.get("ExecutionParameters", ())]
    statement = statement_of(execution.sql, execution.database)
    if isinstance(statement, parsed.Execute):
        prepared = saved.prepared(execution.workgroup, statement.name)
        values = [*statement.values, *given] if not statement.values or not given else list(statement.values)
        return statement_of(parameters.filled(prepared, values), execution.database)
    if isinstance(statement, parsed.Prepare) or not (given or parameters.count(execution.sql)):
        return statement
    return statement_of(parameters.filled(execution.sql, given), execution.database)


def _output(request: Document, configuration: Document) -> Document:
    """The result's configuration, its location with a slash at the end."""
    own, of_group = request.get("ResultConfiguration", {}), configuration.get("ResultConfiguration", {})
    found = of_group if configuration.get("EnforceWorkGroupConfiguration") else {**of_group, **own}
    location = found.get("OutputLocation") or (own.get("OutputLocation") if not of_group.get("OutputLocation") else "")
    if not location:
        raise InvalidRequest(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    place = folder(location)
    if place is None:
        raise InvalidRequest(f"the output location '{location}' is no place in S3; name one that begins with s3://")
    return {**found, "OutputLocation": f"s3://{place[0]}/{place[1]}"}


def _managed(request: Document) -> Document:
    """The result's configuration in a workgroup that manages results: it has no address in S3."""
    if request.get("ResultConfiguration", {}).get("OutputLocation"):
        raise InvalidRequest("the workgroup manages query results; leave the output location out")
    return {}


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
