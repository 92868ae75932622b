"""The HTTP server: AWS JSON 1.1 at POST /, for whoever has signed with its key; GET /health and /standbys for all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localgate.calls import Call
from localgate.claims import claim_of
from localgate.gate import Gate
from localgate.keys import Keys
from localgate.places import local_hosts, refuse_foreign
from localgate.refusals import Refused, json_answer_to
from localglue.app import LocalGlue
from localglue.documents import Document
from localglue.errors import GlueError, UnknownOperation, ValidationFailed

_PREFIX, _OWN_PREFIX = "AWSGlue.", "LocalGlue."
_JSON = "application/x-amz-json-1.1"
_LONGEST_BODY = 16 << 20
# clients keep connections, and come back to them long after; this is for those that never do
_IDLE_SECONDS = 3600
_REMEDY = "Take the key that localglue was given in LOCALGLUE_ACCESS_KEY_ID, or that it printed when it started."


class Server(ThreadingHTTPServer):
    """Serves one localglue, with a thread for each connection; `names` are more names of this host in requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, keys: Keys, names: Sequence[str] = ()) -> None:
        self.glue: LocalGlue | None = None
        self.gate = Gate(keys, _REMEDY)
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
        """Answer a health check, or what waits for runs."""
        try:
            refuse_foreign(self._call(), self.server.hosts)
        except Refused as refused:
            self._refuse(refused)
            return
        if self.path == "/health":
            self._send(200, {"status": "ok"})
        elif self.path == "/standbys" and self.server.glue is not None:
            self._send(200, self.server.glue.standbys())
        else:
            self._send(404, {"message": "localglue answers POST /, GET /health and GET /standbys"})

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Answer an operation of Glue."""
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
        except GlueError as problem:
            self._send(problem.status, {"__type": problem.code, "Message": problem.message, "message": problem.message})

    def _call(self) -> Call:
        return Call.of_headers(self.command, self.path, self.headers.items())

    def _body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise _Unreadable(411, "SerializationException", "send the body whole, with its Content-Length")
        given = self.headers.get("Content-Length", "0")
        if not (given.isascii() and given.isdigit()):
            raise _Unreadable(400, "SerializationException", f"Content-Length is '{given}', which is no number")
        if len(given) > len(str(_LONGEST_BODY)) or int(given) > _LONGEST_BODY:
            message = f"the body has {given} bytes; localglue reads no more than {_LONGEST_BODY}"
            raise _Unreadable(413, "RequestEntityTooLargeException", message)
        body = self.rfile.read(int(given))
        if len(body) < int(given):
            raise _Unreadable(400, "SerializationException", f"the body ended after {len(body)} of {given} bytes")
        return body

    def _answer(self, target: str, body: bytes, region: str) -> Document:
        if not target.startswith((_PREFIX, _OWN_PREFIX)) or self.server.glue is None:
            raise UnknownOperation(target)
        try:
            request = json.loads(body or b"{}")
        except ValueError as problem:
            raise ValidationFailed([f"the request is not JSON ({problem})"]) from problem
        except RecursionError as problem:
            raise ValidationFailed(["the request is nested too deeply"]) from problem
        regional = self.server.glue.in_region(region)
        if target.startswith(_OWN_PREFIX):
            return regional.answer_own(target[len(_OWN_PREFIX) :], request)
        return regional.answer(target[len(_PREFIX) :], request)

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
