"""The gate before a WSGI application, on a server that gives REQUEST_URI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any

from localgate.calls import Call
from localgate.gate import Gate
from localgate.places import refuse_foreign
from localgate.refusals import Answer, Reason, Refused, answer_to

StartResponse = Callable[..., Any]
Application = Callable[[Mapping[str, Any], StartResponse], Iterable[bytes]]
_CHUNK = 1 << 16


def local_only(application: Application, hosts: frozenset[str], health: str = "/health") -> Application:
    """The application for programs of this machine; it says to everybody there who asks unsigned that it is up."""

    def answer(environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        call = Call.of_wsgi(environ)
        try:
            refuse_foreign(call, hosts)
        except Refused as refused:
            return _refuse(environ, start_response, answer_to(call, refused))
        if (call.method, call.target) == ("GET", health) and not call.header("authorization"):
            return _send(start_response, Answer(200, (("Content-Type", "application/json"),), b'{"status": "ok"}'))
        return application(environ, start_response)

    return answer


def signed_only(application: Application, gate: Gate) -> Application:
    """The application for whoever knows the key."""

    def answer(environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        call = Call.of_wsgi(environ)
        try:
            body = gate.admit(call, lambda: _body(environ))
        except Refused as refused:
            return _refuse(environ, start_response, answer_to(call, refused))
        given = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(body))}
        return application({**environ, **given}, start_response)

    return answer


def _body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = bytes(stream.read(length)) if length > 0 else b""
    if len(body) < length:
        raise Refused(Reason.INCOMPLETE_BODY, f"the body ended after {len(body)} of {length} bytes")
    return body


def _refuse(environ: Mapping[str, Any], start_response: StartResponse, refusal: Answer) -> Iterable[bytes]:
    """Send it; the body is read to its end, piece by piece, since the client may send it before it reads the answer."""
    if environ.get("wsgi.input_terminated") or int(environ.get("CONTENT_LENGTH") or 0) > 0:
        while environ["wsgi.input"].read(_CHUNK):
            pass
    return _send(start_response, refusal)


def _send(start_response: StartResponse, answer: Answer) -> Iterable[bytes]:
    status = HTTPStatus(answer.status)
    length = ("Content-Length", str(len(answer.content)))
    start_response(f"{status.value} {status.phrase}", [*answer.headers, length])
    return [answer.content]
