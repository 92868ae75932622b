"""Requests as boto3's clients send them, caught before they are sent, and the gate that meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session

from localgate.calls import Call
from localgate.gate import Gate
from localgate.keys import Keys
from localgate.refusals import Reason, Refused

ENDPOINT = "http://127.0.0.1:4510"
KEYS = Keys("LKIATHESTACKSOWNKEY2", "its-secret_0123456789")
TOKEN = "a token / of + a session="
_SETTINGS = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})


class _CaughtError(Exception):
    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__("caught")
        self.request = request


def _catch(request: AWSPreparedRequest, **_: Any) -> None:
    raise _CaughtError(request)


@cache
def client(service: str, token: str | None = None) -> Any:
    """A client whose requests are caught."""
    core = Session({"profile": (None, None, None, None)})
    session = boto3.Session(
        KEYS.access_key_id, KEYS.secret_access_key, token, region_name="eu-west-2", botocore_session=core
    )
    made = session.client(service, endpoint_url=ENDPOINT, config=_SETTINGS)
    made.meta.events.register_first("before-send.*", _catch)
    return made


def caught(ask: Callable[[], Any]) -> tuple[Call, bytes]:
    """The request that a call of a client would send, and its body."""
    try:
        ask()
    except _CaughtError as error:
        return sent(error.request)
    raise AssertionError("nothing was sent")


def sent(request: AWSPreparedRequest) -> tuple[Call, bytes]:
    """A prepared request as a server meets it."""
    names = {name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in
             request.headers.items()}  # fmt: skip
    parts = urlsplit(request.url)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    body = request.body or b""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read()
    headers = {"Host": parts.netloc, "Content-Length": str(len(content)), **names}
    return Call.of_headers(request.method, target, headers.items()), content


def opened(url: str, method: str = "GET", headers: Iterable[tuple[str, str]] = ()) -> Call:
    """What any HTTP client sends to a presigned URL."""
    parts = urlsplit(url)
    return Call.of_headers(method, f"{parts.path}?{parts.query}", [("Host", parts.netloc), *headers])


def signed_by(signer: type, service: str, request: AWSRequest, token: str | None = None) -> AWSPreparedRequest:
    """A request of any service, signed by one of botocore's signers."""
    signer(Credentials(KEYS.access_key_id, KEYS.secret_access_key, token), service, "eu-west-2").add_auth(request)
    return request.prepare()


def gate(later: timedelta = timedelta()) -> Gate:
    """The gate of that key, whose clock may be wrong."""
    return Gate(KEYS, "Take the stack's own.", lambda: datetime.now(timezone.utc) + later)


def admitted(call: Call, body: bytes = b"", later: timedelta = timedelta()) -> bool:
    """Whether the gate lets the request pass, with its own body."""
    return gate(later).admit(call, lambda: body) == body


def refusal(call: Call, body: bytes = b"", later: timedelta = timedelta()) -> Refused:
    """Why it does not."""
    try:
        gate(later).admit(call, lambda: body)
    except Refused as refused:
        return refused
    raise AssertionError(f"{call} was let in")


def reason(call: Call, body: bytes = b"", later: timedelta = timedelta()) -> Reason:
    """The kind of refusal."""
    return refusal(call, body, later).reason


def with_headers(call: Call, **changed: str | None) -> Call:
    """The request with other headers; None leaves one out."""
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {**call.headers, **names}
    return replace(call, headers={name: value for name, value in headers.items() if value is not None})
