"""The HTTP server: AWS JSON 1.1 at POST /, health at GET /health."""

from __future__ import annotations

import json
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localglue.app import LocalGlue
from localglue.documents import Document
from localglue.errors import GlueError, UnknownOperation, ValidationFailed

_PREFIX = "AWSGlue."
_JSON = "application/x-amz-json-1.1"


class Server(ThreadingHTTPServer):
    """Serves one localglue, with a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, glue: LocalGlue | None = None) -> None:
        self.glue = glue
        super().__init__((host, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        """Answer a health check."""
        if self.path != "/health":
            self._send(404, {"message": "localglue answers POST / and GET /health"})
            return
        self._send(200, {"status": "ok"})

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Answer an operation of Glue."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target", "")
        try:
            self._send(200, self._answer(target, body))
        except GlueError as problem:
            self._send(problem.status, {"__type": problem.code, "Message": problem.message, "message": problem.message})

    def _answer(self, target: str, body: bytes) -> Document:
        if not target.startswith(_PREFIX) or self.server.glue is None:
            raise UnknownOperation(target)
        try:
            request = json.loads(body or b"{}")
        except ValueError as problem:
            raise ValidationFailed([f"the request is not JSON ({problem})"]) from problem
        return self.server.glue.answer(target[len(_PREFIX) :], request)

    def _send(self, status: int, document: Document) -> None:
        content = json.dumps(document, default=_as_json).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", _JSON)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Do nothing: requests are not logged."""


def _as_json(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
