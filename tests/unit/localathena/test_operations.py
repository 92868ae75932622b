"""What docs/athena.md says of each of Athena's operations, and what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest

from localapi.errors import ApiError
from localathena.app import LocalAthena
from localathena.settings import Settings
from tests.conftest import ROOT

_NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAthena]:
    """One that has nothing behind it."""
    found = LocalAthena(Settings(_NOWHERE, _NOWHERE, tmp_path_factory.mktemp("athena")))
    yield found
    found.close()


def test_the_table_of_operations_is_what_is_answered(athena: LocalAthena) -> None:
    lines = Path(ROOT, "docs", "athena.md").read_text(encoding="utf-8").splitlines()
    known = set(botocore.session.get_session().get_service_model("athena").operation_names)
    done = {name for line in lines if line.startswith("| done |") for name in re.findall(r"\w+", line)} & known
    refused = {name for line in lines if line.startswith("| refused |") for name in re.findall(r"\w+", line)} & known
    assert done == athena.operations
    assert not refused & done


def test_a_request_that_is_nested_too_deeply_is_no_request(athena: LocalAthena) -> None:
    request: object = {}
    for _ in range(5000):
        request = {"QueryString": request}
    with pytest.raises(ApiError, match="nested too deeply") as caught:
        athena.answer("StartQueryExecution", request)
    assert caught.value.code == "InvalidRequestException"


@pytest.mark.parametrize(
    ("operation", "request_", "code", "words"),
    [
        (
            "StartSession",
            {"WorkGroup": "w", "EngineConfiguration": {}},
            "UnsupportedOperationException",
            "StartSession",
        ),
        ("FlyAway", {}, "UnknownOperationException", "AmazonAthena.<Operation>"),
        ("StartQueryExecution", {}, "InvalidRequestException", "Value null at 'QueryString'"),
        ("GetQueryExecution", {"QueryExecutionId": "x"}, "InvalidRequestException", "QueryExecution x was not found"),
        ("GetWorkGroup", {"WorkGroup": "lost"}, "InvalidRequestException", "WorkGroup lost is not found"),
        ("DeleteWorkGroup", {"WorkGroup": "primary"}, "InvalidRequestException", "cannot be deleted"),
        ("ListNamedQueries", {"NextToken": "mine"}, "InvalidRequestException", "'mine' is not a NextToken"),
        ("ListNamedQueries", {"NextToken": "9" * 999}, "InvalidRequestException", "9' is not a NextToken"),
        ("GetDataCatalog", {"Name": "other"}, "InvalidRequestException", "there is AwsDataCatalog"),
    ],
)
def test_what_cannot_be_answered_has_athenas_class(
    athena: LocalAthena, operation: str, request_: dict[str, object], code: str, words: str
) -> None:
    with pytest.raises(ApiError) as caught:
        athena.answer(operation, request_)
    assert caught.value.code == code
    assert words in caught.value.message
    assert caught.value.document()["__type"] == code
