"""The HTTP service."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from localglue import cli
from tests.integration.localglue.bench import Service


def ask(service: Service, method: str, path: str, target: str = "", body: bytes = b"{}") -> tuple[int, Any]:
    """Status and JSON of one HTTP request."""
    connection = http.client.HTTPConnection(urlparse(service.settings.own_url).netloc, timeout=10)
    connection.request(method, path, body if method == "POST" else None, {"X-Amz-Target": target})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_health(service: Service) -> None:
    assert ask(service, "GET", "/health") == (200, {"status": "ok"})
    assert ask(service, "GET", "/")[0] == 404


@pytest.mark.parametrize(
    ("target", "body", "code", "message"),
    [
        ("AWSGlue.GetJob", b"{", "ValidationException", "the request is not JSON"),
        ("AWSGlue.GetJob", b"[]", "ValidationException", "must be of type structure"),
        ("AWSGlue.GetJob", b"{}", "ValidationException", "Value null at 'JobName'"),
        ("AWSGlue.GetNothing", b"{}", "UnknownOperationException", "'GetNothing' is not an operation of AWS Glue"),
        ("S3.GetJob", b"{}", "UnknownOperationException", "'S3.GetJob' is not an operation of AWS Glue"),
        ("AWSGlue.ImportCatalogToGlue", b"{}", "UnsupportedOperationException", "nothing was done"),
    ],
)
def test_a_request_without_an_answer_is_an_error(
    service: Service, target: str, body: bytes, code: str, message: str
) -> None:
    status, content = ask(service, "POST", "/", target, body)
    assert (status, content["__type"]) == (400, code)
    assert message in content["Message"]


def test_an_internal_error_is_reported_and_does_not_end_localglue(service: Service, monkeypatch: Any) -> None:
    def broken(request: Any) -> Any:
        raise KeyError("oh")

    monkeypatch.setitem(service.glue._handlers, "ListJobs", broken)
    status, content = ask(service, "POST", "/", "AWSGlue.ListJobs")
    assert (status, content["__type"]) == (500, "InternalServiceException")
    assert content["Message"] == "localglue itself failed in ListJobs: KeyError: 'oh'"
    assert ask(service, "GET", "/health")[0] == 200


def test_a_port_that_is_taken_is_named(endpoint: str, service: Service, tmp_path: Path, capsys: Any) -> None:
    port = urlparse(service.settings.own_url).port
    assert cli.main(["serve", "--port", str(port), "--endpoint", endpoint, "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"localglue cannot listen on 127.0.0.1:{port}: Address already in use\n"
