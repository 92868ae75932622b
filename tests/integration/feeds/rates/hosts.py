"""A host on this machine that answers as a test says: right, late, in part, elsewhere, or not at all."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Reply:
    """One answer. `length` is what it claims to have, `pause` the seconds between its bytes when it drips."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    length: int | None = None
    wait: float = 0
    pause: float = 0


@dataclass
class Host:
    """A host's address, what it answers (the last for ever), and the paths that it was asked for."""

    url: str
    replies: list[Reply]
    asked: list[str] = field(default_factory=list)

    def next(self, path: str) -> Reply:
        """The answer to the next request."""
        self.asked.append(path)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    """A host that gives these answers, one after the other; with a context by https, as localhost."""
    host = Host("", list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = host.next(self.path)
            time.sleep(reply.wait)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value.replace("{host}", host.url))
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            self.end_headers()
            try:
                if not reply.pause:
                    self.wfile.write(reply.body)
                for byte in reply.body if reply.pause else b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(reply.pause)
            except OSError:  # the client has gone, as it may
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    host.url = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
