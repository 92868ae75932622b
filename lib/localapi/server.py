"""The HTTP server: AWS JSON 1.1 at POST /, for whoever has signed with its key; GET of its pages for all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from localapi.documents import Document
from localapi.errors import ApiError, InvalidShape, UnknownOperation
from localgate.calls import Call
from localgate.claims import claim_of
from localgate.gate import Gate
from localgate.keys import Keys
from localgate.places import local_hosts, refuse_foreign
from localgate.refusals import Refused, json_answer_to

_JSON = "application/x-amz-json-1.1"
_LONGEST_BODY = 16 << 20
# clients keep connections, and come back to them long after; this is for those that never do
_IDLE_SECONDS = 3600


class Application(Protocol):
    """What answers operations."""

    def answer(self, operation: str, request: object) -> Document:
        """The response. Raises ApiError."""

    @property
    def pages(self) -> Mapping[str, Callable[[], Document]]:
        """What GET answers to everybody on this machine, by path, beside /health."""

    def in_region(self, name: str) -> Application:
        """What answers the requests that are signed for this region. Raises ApiError for one that is none."""


@dataclass(frozen=True)
class Service:
    """What is served: the server's own name, what stands before an operation in X-Amz-Target, the code of a request
    that does not fit, and where the owner of the key finds it.

    `own` stands before operations that AWS does not have; the application gets their names with it.
    """

    name: str
    prefix: str
    invalid: str
    remedy: str
    own: str = ""


class Server(ThreadingHTTPServer):
    """Serves one application, with a thread for each connection; `names` are more names of this host in requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, keys: Keys, service: Service, names: Sequence[str] = ()) -> None:
        self.application: Application | None = None
        self.service = service
        self.gate = Gate(keys, service.remedy)
        super().__init__((host, port), Handler)
        self.hosts = local_hosts(self.server_port, (host, *names))


class _Unreadable(Exception):
    """The body cannot be read, so that nothing more can be read from this connection either."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.document = status, {"__type": code, "Message": message, "message": message}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: Server

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        """Answer a page: a health check, or what the server adds to it."""
        try:
            refuse_foreign(self._call(), self.server.hosts)
        except Refused as refused:
            self._refuse(refused)
            return
        application = self.server.application
        pages = {"/health": lambda: {"status": "ok"}, **(application.pages if application else {})}
        if application and self.path in pages:
            self._send(200, pages[self.path]())
        else:
            known = " and ".join(f"GET {name}" for name in pages)
            self._send(404, {"message": f"{self.server.service.name} answers POST / and {known}"})

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Answer an operation."""
        try:
            call, body = self._call(), self._body()
            refuse_foreign(call, self.server.hosts)
            self.server.gate.admit(call, lambda: body)
            self._send(200, self._answer(call.header("x-amz-target"), body, claim_of(call).region))
        except Refused as refused:
            self._refuse(refused)
        except _Unreadable as problem:
            self.close_connection = True
            self._send(problem.status, problem.document)
        except ApiError as problem:
            self._send(problem.status, problem.document())

    def _call(self) -> Call:
        return Call.of_headers(self.command, self.path, self.headers.items())

    def _body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise _Unreadable(411, "SerializationException", "send the body whole, with its Content-Length")
        given = self.headers.get("Content-Length", "0")
        if not (given.isascii() and given.isdigit()):
            raise _Unreadable(400, "SerializationException", f"Content-Length is '{given}', which is no number")
        if len(given) > len(str(_LONGEST_BODY)) or int(given) > _LONGEST_BODY:
            message = f"the body has {given} bytes; {self.server.service.name} reads no more than {_LONGEST_BODY}"
            raise _Unreadable(413, "RequestEntityTooLargeException", message)
        body = self.rfile.read(int(given))
        if len(body) < int(given):
            raise _Unreadable(400, "SerializationException", f"the body ended after {len(body)} of {given} bytes")
        return body

    def _answer(self, target: str, body: bytes, region: str) -> Document:
        service = self.server.service
        is_own = bool(service.own) and target.startswith(service.own)
        if not (is_own or target.startswith(service.prefix)) or self.server.application is None:
            raise UnknownOperation(target, service.prefix)
        try:
            request = json.loads(body or b"{}")
        except ValueError as problem:
            raise InvalidShape([f"the request is not JSON ({problem})"], service.invalid) from problem
        except RecursionError as problem:
            raise InvalidShape(["the request is nested too deeply"], service.invalid) from problem
        application = self.server.application.in_region(region)
        return application.answer(target if is_own else target[len(service.prefix) :], request)

    def _refuse(self, refused: Refused) -> None:
        answer = json_answer_to(refused)
        self._write(answer.status, answer.content)

    def _send(self, status: int, document: Document) -> None:
        self._write(status, json.dumps(document, default=_as_json).encode("utf-8"))

    def _write(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Type", _JSON)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Do nothing: requests are not logged."""


def _as_json(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
