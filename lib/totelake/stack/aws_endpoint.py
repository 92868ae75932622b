"""moto as the AWS endpoint, for whoever has its key: `python -m totelake.stack.aws_endpoint PORT [OUTBOX]`.

The key is taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

from localgate.gate import Gate
from localgate.keys import Keys
from localgate.places import local_hosts
from localgate.wsgi import Application, StartResponse, local_only, signed_only
from totelake.stack.model import HOST
from totelake.stack.moto_gaps import fill_gaps, without_key_ids
from totelake.stack.outbox import receiving
from totelake.stack.rates_host import providing

# a client that comes back later than this connects anew
_IDLE_SECONDS = 3600
_THREADS, _CONNECTIONS = 32, 1000
_REMEDY = 'Take the key of the stack that is up: eval "$(totelake env)".'


def make_server(port: int, keys: Keys, outbox: Path | None = None) -> Any:
    """A server, ready to `serve()`, for every AWS service that moto knows, and the providers of exchange rates; with a
    folder it takes the alerts' mail.

    Port 0 takes a free one. Connections are kept: moto's own server ends each after one answer, and a batch makes
    hundreds of requests.
    """
    from cheroot.wsgi import Server

    server: Any = Server((HOST, port), None, _THREADS, timeout=_IDLE_SECONDS, request_queue_size=128)
    server.keep_alive_conn_limit = _CONNECTIONS
    server.prepare()
    application = signed_only(without_key_ids(_with_raw_uri(_moto())), Gate(keys, _REMEDY))
    if outbox is not None:
        application = receiving(application, outbox, keys)
    server.wsgi_app = local_only(providing(application), local_hosts(server.bind_addr[1]))
    return server


def _moto() -> Application:
    from moto.moto_server import werkzeug_app

    moto: Any = werkzeug_app
    # else it lets every web page read its answers
    moto.DISABLE_GLOBAL_CORS = True
    fill_gaps()
    application = moto.DomainDispatcherApplication(moto.create_backend_app)
    # for every request moto looks through the folders of its package, which takes longer than most answers
    application.get_backend_for_host = cache(application.get_backend_for_host)
    return cast("Application", application)


def _with_raw_uri(application: Application) -> Application:
    """The application, told the path as the client wrote it: without that moto takes `%3F` in a key for the query."""

    def answer(request: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return application({**request, "RAW_URI": request["REQUEST_URI"]}, start_response)

    return answer


@contextmanager
def serving(keys: Keys) -> Iterator[str]:
    """The endpoint in a thread of this process; its URL."""
    server = make_server(0, keys)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


if __name__ == "__main__":
    try:
        own = Keys.of_environment(os.environ)
    except KeyError as missing:
        sys.exit(f"the AWS endpoint has no key: the variable {missing.args[0]} is not set")
    make_server(int(sys.argv[1]), own, Path(sys.argv[2]) if len(sys.argv) > 2 else None).serve()
