"""A query on Athena: started in a workgroup, waited for, its rows read page by page."""

from __future__ import annotations

import time
from typing import Any, Callable

from totelake.errors import LakeError
from totelake.query.answer import Answer

_RUNNING = ("QUEUED", "RUNNING")
_POLL = 0.5
_NUMBERS = {"integer": int, "bigint": int, "smallint": int, "tinyint": int, "double": float, "real": float}


def ask(athena: Any, sql: str, database: str, workgroup: str, sleep: Callable[[float], None] = time.sleep) -> Answer:
    """The rows of a query; numbers as numbers, all else as Athena's text. Raises LakeError with Athena's own words."""
    started = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=workgroup
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        if status["State"] not in _RUNNING:
            break
        sleep(_POLL)
    if status["State"] != "SUCCEEDED":
        raise LakeError(
            f"Athena ended the query {status['State']}: {status.get('StateChangeReason', 'no reason given')}; "
            "correct the query"
        )
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=started))
    described = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    kinds = [_NUMBERS.get(item["Type"]) for item in described]
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    # the first row of the first page is the header
    return Answer(tuple(item["Name"] for item in described), [_typed(row, kinds) for row in rows[1:]])


def _typed(row: Any, kinds: Any) -> list[Any]:
    values = [cell.get("VarCharValue") for cell in row]
    return [kind(value) if kind and value is not None else value for kind, value in zip(kinds, values)]
