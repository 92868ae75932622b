"""The command `localathena serve`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from localapi.server import Server
from localathena.app import SERVICE, LocalAthena
from localathena.settings import Settings
from localgate.keys import Keys

_ID, _SECRET = "LOCALATHENA_ACCESS_KEY_ID", "LOCALATHENA_SECRET_ACCESS_KEY"
_ABOUT = "The Amazon Athena API on one machine."
_ABOUT_KEYS = (
    f"Requests have to be signed with the key in the variables {_ID} and {_SECRET}, with which localathena signs at "
    "both endpoints, too; without them serve makes a key and prints it. The key of an AWS account is never used."
)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="localathena", description=_ABOUT, epilog=_ABOUT_KEYS)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the Athena API until SIGTERM or Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=4511, help="port to listen on; 0 takes a free one")
    serve.add_argument("--endpoint", required=True, help="AWS endpoint for S3")
    serve.add_argument("--glue-endpoint", help="AWS endpoint for the Data Catalog (default: that for S3)")
    serve.add_argument(
        "--state", type=Path, default=Path(".localathena"), help="folder for results and fetched objects"
    )
    serve.add_argument("--region", default="eu-west-2", help="AWS region")
    name = "another name of this host that clients may use beside localhost; may be repeated"
    serve.add_argument("--accept-host", action="append", default=[], metavar="NAME", help=name)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _options(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        given = Keys.given(os.environ, _ID, _SECRET)
        keys = given or Keys.random()
        server = Server(options.host, options.port, keys, SERVICE, options.accept_host)
    except ValueError as problem:
        print(f"localathena cannot start: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as problem:
        print(f"localathena cannot listen on {options.host}:{options.port}: {problem.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    settings = Settings(
        endpoint=options.endpoint,
        glue_endpoint=options.glue_endpoint or options.endpoint,
        state=options.state.resolve(),
        region=options.region,
        keys=keys,
    )
    try:
        athena = LocalAthena(settings)
    except (ValueError, OSError) as problem:
        server.server_close()
        print(f"localathena cannot start: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    server.application = athena
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    url = f"http://{options.host}:{server.server_port}"
    logging.info("localathena answers on %s", url)
    if given is None:
        shown = {"AWS_ENDPOINT_URL_ATHENA": url, **keys.environment()}
        print("\n".join(f"export {name}={value}" for name, value in shown.items()), flush=True)  # noqa: T201
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        athena.close()
        server.server_close()
    return 0
