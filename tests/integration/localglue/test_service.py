"""The HTTP service."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localgate.keys import Keys
from localglue import cli
from tests.integration.localglue.bench import KEYS, Service
from tests.modules import LIB


def send(service: Service, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any]:
    """Status and JSON of one HTTP request."""
    connection = http.client.HTTPConnection(urlparse(service.settings.own_url).netloc, timeout=10)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    assert {name for name in answer.headers if name.startswith("Access-Control")} == set()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if "json" in answer.headers["Content-Type"] else content


def ask(service: Service, method: str, path: str, target: str = "", body: bytes = b"{}") -> tuple[int, Any]:
    """The same, signed."""
    content = body if method == "POST" else b""
    return send(service, method, path, signed(service, method, path, {"X-Amz-Target": target}, content), content)


def signed(
    service: Service, method: str, path: str, headers: dict[str, str], body: bytes = b"", keys: Keys = KEYS
) -> dict[str, str]:
    """The headers, and those of a signature."""
    request = AWSRequest(method, f"{service.settings.own_url}{path}", headers, body)
    SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), "glue", "eu-west-2").add_auth(request)
    return dict(request.headers.items())


def test_health(service: Service) -> None:
    assert ask(service, "GET", "/health") == (200, {"status": "ok"})
    assert ask(service, "GET", "/")[0] == 404


@pytest.mark.parametrize(
    ("target", "body", "code", "message"),
    [
        ("AWSGlue.GetJob", b"{", "ValidationException", "the request is not JSON"),
        ("AWSGlue.GetJob", b"[]", "ValidationException", "must be of type structure"),
        ("AWSGlue.GetJob", b"[" * 200_000, "ValidationException", "the request is nested too deeply"),
        ("AWSGlue.GetJob", b"{}", "ValidationException", "Value null at 'JobName'"),
        ("AWSGlue.GetNothing", b"{}", "UnknownOperationException", "'GetNothing' is no operation here"),
        ("S3.GetJob", b"{}", "UnknownOperationException", "'S3.GetJob' is no operation here"),
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


JOBS = {"X-Amz-Target": "AWSGlue.ListJobs"}


def test_a_stranger_is_told_which_key_to_take(service: Service) -> None:
    stranger = signed(service, "POST", "/", JOBS, b"{}", Keys.random())
    status, content = send(service, "POST", "/", stranger, b"{}")
    assert (status, content["__type"]) == (400, "UnrecognizedClientException")
    assert content["message"].endswith("LOCALGLUE_ACCESS_KEY_ID, or that it printed when it started.")


@pytest.mark.parametrize("secret", ["guessed", ""])
def test_the_key_id_alone_opens_nothing(service: Service, secret: str) -> None:
    half = signed(service, "POST", "/", JOBS, b"{}", Keys(KEYS.access_key_id, secret))
    assert send(service, "POST", "/", half, b"{}")[1]["__type"] == "InvalidSignatureException"
    assert send(service, "POST", "/", JOBS, b"{}")[1]["__type"] == "MissingAuthenticationTokenException"


def test_a_request_that_was_listened_to_says_nothing_else(service: Service) -> None:
    heard = signed(service, "POST", "/", JOBS, b"{}")
    assert send(service, "POST", "/", heard, b"{}")[0] == 200
    for path, headers, body in (
        ("/", heard, b'{"MaxResults": 1}'),
        ("/?x=1", heard, b"{}"),
        ("/", {**heard, "X-Amz-Target": "AWSGlue.ListWorkflows"}, b"{}"),
    ):
        status, content = send(service, "POST", path, headers, body)
        assert (status, content["__type"]) == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    "header", [{"Host": "rebind.evil.example:60105"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_web_page_gets_no_answer_with_whatever_signature(service: Service, header: dict[str, str]) -> None:
    for method, path in (("POST", "/"), ("GET", "/health")):
        own = signed(service, method, path, {**JOBS, **header}, b"{}" if method == "POST" else b"")
        status, content = send(service, method, path, {**own, **header}, b"{}" if method == "POST" else b"")
        assert (status, content["__type"]) == (403, "AccessDeniedException")


def test_a_preflight_is_answered_without_permission(service: Service) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert send(service, "OPTIONS", "/", asking)[0] == 501


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Content-Length": "abc"}, 400, "Content-Length is 'abc', which is no number"),
        ({"Content-Length": "-1"}, 400, "Content-Length is '-1', which is no number"),
        ({"Content-Length": "99999999999999999999"}, 413, "localglue reads no more than 16777216"),
        ({"Transfer-Encoding": "chunked"}, 411, "send the body whole, with its Content-Length"),
    ],
)
def test_a_body_that_cannot_be_read_is_told(
    service: Service, headers: dict[str, str], status: int, message: str
) -> None:
    given, content = send(service, "POST", "/", {**JOBS, **headers})
    assert (given, message in content["message"]) == (status, True)


def test_half_a_key_is_told(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    words = ["serve", "--port", "0", "--endpoint", endpoint, "--state", str(tmp_path)]
    monkeypatch.setenv("LOCALGLUE_ACCESS_KEY_ID", "mine")
    assert cli.main(words) == 1
    monkeypatch.setenv("LOCALGLUE_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LOCALGLUE_ACCESS_KEY_ID", "a/b")
    assert cli.main(words) == 1
    assert capsys.readouterr().err.splitlines() == [
        "localglue cannot start: LOCALGLUE_SECRET_ACCESS_KEY is not set; set both LOCALGLUE_ACCESS_KEY_ID and "
        "LOCALGLUE_SECRET_ACCESS_KEY, or neither",
        "localglue cannot start: LOCALGLUE_ACCESS_KEY_ID is 'a/b'; it may have letters, digits, _ and - only",
    ]


def test_without_a_key_it_prints_one_that_it_takes(endpoint: str, tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LOCALGLUE_")},
        "AWS_ACCESS_KEY_ID": "AKIAREALUSER",
        "AWS_SECRET_ACCESS_KEY": "the user's own",
        "PYTHONPATH": str(LIB),
    }
    words = [
        sys.executable,
        "-m",
        "localglue",
        "serve",
        "--port",
        "0",
        "--endpoint",
        endpoint,
        "--state",
        str(tmp_path),
    ]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().removeprefix("export ").strip().partition("=") for _ in range(3)]
        printed = {name: value for name, _, value in lines}
        assert printed["AWS_ACCESS_KEY_ID"] not in ("AKIAREALUSER", "")
        keys = {name.lower(): value for name, value in printed.items() if name.endswith(("KEY_ID", "ACCESS_KEY"))}
        glue = boto3.client("glue", endpoint_url=printed["AWS_ENDPOINT_URL_GLUE"], region_name="eu-west-2", **keys)
        assert glue.list_jobs()["JobNames"] == []
        glue.close()
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0
