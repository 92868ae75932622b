"""moto as the AWS endpoint, quiet: `python -m totelake.stack.aws_endpoint PORT [OUTBOX]`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from totelake.stack.model import HOST
from totelake.stack.outbox import Application, receiving

# a client that comes back later than this connects anew
_IDLE_SECONDS = 3600
_THREADS, _CONNECTIONS = 32, 1000


def make_server(port: int, outbox: Path | None = None) -> Any:
    """A server, ready to `serve()`, for every AWS service that moto knows; with a folder it takes the alerts' mail.

    Port 0 takes a free one. Connections are kept: moto's own server ends each after one answer, and a batch makes
    hundreds of requests.
    """
    from cheroot.wsgi import Server
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    application: Any = DomainDispatcherApplication(create_backend_app)
    # for every request moto looks through the folders of its package, which takes longer than most answers
    application.get_backend_for_host = cache(application.get_backend_for_host)
    if outbox is not None:
        application = receiving(application, outbox)
    application = _with_raw_uri(application)
    server: Any = Server((HOST, port), application, _THREADS, timeout=_IDLE_SECONDS, request_queue_size=128)
    server.keep_alive_conn_limit = _CONNECTIONS
    server.prepare()
    return server


def _with_raw_uri(application: Application) -> Application:
    """The application, told the path as the client wrote it: without that moto takes `%3F` in a key for the query."""

    def answer(request: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return application({**request, "RAW_URI": request["REQUEST_URI"]}, start_response)

    return answer


@contextmanager
def serving() -> Iterator[str]:
    """The endpoint in a thread of this process; its URL."""
    server = make_server(0)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


if __name__ == "__main__":
    make_server(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None).serve()
