"""A query on Athena: started in a workgroup, waited for, its rows read page by page."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import Any, Callable

from totelake.errors import ConfigurationError, LakeError
from totelake.query.answer import Answer

_RUNNING = ("QUEUED", "RUNNING")
_POLL = 0.5
_KINDS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("integer", "bigint", "smallint", "tinyint"), int),
    **dict.fromkeys(("double", "real", "float"), float),
    "decimal": Decimal,
    "varbinary": bytes.fromhex,
    "boolean": {"true": True, "false": False}.__getitem__,
}
_COMMENT = re.compile(r"(\s|\(|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_QUESTION = re.compile(r"(select|with|values|table)\b", re.IGNORECASE)


def ask(athena: Any, sql: str, database: str, workgroup: str, sleep: Callable[[float], None] = time.sleep) -> Answer:
    """The rows of a query; numbers, truth and bytes as such, all else as Athena's text.

    Raises ConfigurationError for what is no question, LakeError with Athena's own words.
    """
    if not _QUESTION.match(sql, _COMMENT.match(sql).end()):  # type: ignore[union-attr]
        raise ConfigurationError("the query is no SELECT; ask with SELECT or WITH")
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
    kinds = [_KINDS.get(item["Type"]) for item in described]
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    # the first row of the first page is the header
    return Answer(tuple(item["Name"] for item in described), [_typed(row, kinds) for row in rows[1:]])


def _typed(row: Any, kinds: Any) -> list[Any]:
    values = [cell.get("VarCharValue") for cell in row]
    return [kind(value) if kind and value is not None else value for kind, value in zip(kinds, values)]
