"""The commands `localglue serve`, `localglue operations` and `localglue end-orphans`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from localapi.server import Server
from localgate.keys import Keys
from localglue import __version__
from localglue.app import REGIONS, SERVICE, LocalGlue
from localglue.orphans import end_orphans
from localglue.settings import Settings
from localglue.states import ACTIVE
from localglue.store import FILE, JOB_RUN, STANDBY, Store

_ID, _SECRET = "LOCALGLUE_ACCESS_KEY_ID", "LOCALGLUE_SECRET_ACCESS_KEY"
_ABOUT = "The AWS Glue API on one machine."
_ABOUT_KEYS = (
    f"Requests have to be signed with the key in the variables {_ID} and {_SECRET}, with which localglue and its jobs "
    "sign at the endpoint, too; without them serve makes a key and prints it. The key of an AWS account is never used."
)


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Help that says the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, []) else super()._get_help_string(action)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="localglue", description=_ABOUT, epilog=_ABOUT_KEYS)
    parser.add_argument("--version", action="version", version=f"localglue {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the Glue API until SIGTERM or Ctrl-C", formatter_class=_Defaults)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--port", type=int, default=4510, help="port to listen on; 0 takes a free one")
    serve.add_argument("--endpoint", required=True, help="AWS endpoint for S3, CloudWatch Logs and the Data Catalog")
    serve.add_argument("--state", type=Path, default=Path(".localglue"), help="folder for all of localglue's data")
    serve.add_argument("--python-shell", default=sys.executable, help="interpreter of Python shell jobs")
    serve.add_argument("--spark-submit", help="spark-submit for Spark jobs")
    serve.add_argument("--spark-properties", type=Path, help="properties file for spark-submit")
    serve.add_argument("--region", default="eu-west-2", help="AWS region that jobs see")
    name = "another name of this host that clients may use beside localhost; may be repeated"
    serve.add_argument("--accept-host", action="append", default=[], metavar="NAME", help=name)
    inherit = "a variable that jobs get beside PATH, HOME, LANG and their like, or NAME*; may be repeated"
    serve.add_argument("--inherit", action="append", default=[], metavar="NAME", help=inherit)
    standby = "processes of Spark that are kept warm for the next run of a Spark job"
    serve.add_argument("--standby", type=_number, default=1, metavar="N", help=standby)
    ending = commands.add_parser("end-orphans", help="end the job processes of a localglue that was killed")
    ending.add_argument("--state", type=Path, required=True, help="its folder")
    commands.add_parser("operations", help="print which operations of Glue it does, passes on to moto, or refuses")
    return parser.parse_args(argv)


def _number(text: str) -> int:
    """A number of processes. Raises ArgumentTypeError for any other text."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of processes; name one, or 0 for none")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _options(argv)
    if options.command == "operations":
        return _print_operations()
    return _end_all_orphans(options.state) if options.command == "end-orphans" else _serve(options)


def _print_operations() -> int:
    with TemporaryDirectory() as folder:
        glue = LocalGlue(Settings("http://127.0.0.1", "http://127.0.0.1", Path(folder), sys.executable))
        sys.stdout.write(glue.operation_table())
        glue.close()
    return 0


def _end_all_orphans(state: Path) -> int:
    """End those of every region. Returns 1 if one of them could not be."""
    files = [file for file in (state / FILE, *sorted(state.glob(f"{REGIONS}/*/{FILE}"))) if file.is_file()]
    return max(map(_end_orphans, files), default=0)


def _end_orphans(file: Path) -> int:
    try:
        store = Store(file)
        runs = [*store.runs_in_states(JOB_RUN, ACTIVE), *store.all(STANDBY)]
        store.close()
    except sqlite3.Error as problem:
        remedy = "end the job processes that it records, and remove it"
        print(f"{file} cannot be read ({problem}); {remedy}", file=sys.stderr)  # noqa: T201
        return 1
    left = ", ".join(f"{run['JobName']} (process {run['Pid']})" for run in end_orphans(runs))
    if left:
        print(f"these runs still go on after SIGKILL: {left}; end their processes", file=sys.stderr)  # noqa: T201
    return 1 if left else 0


def _serve(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        given = Keys.given(os.environ, _ID, _SECRET)
        keys = given or Keys.random()
        server = Server(options.host, options.port, keys, SERVICE, options.accept_host)
    except ValueError as problem:
        print(f"localglue cannot start: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as problem:
        print(f"localglue cannot listen on {options.host}:{options.port}: {problem.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    settings = Settings(
        endpoint=options.endpoint,
        own_url=f"http://{options.host}:{server.server_port}",
        state=options.state.resolve(),
        python_shell=options.python_shell,
        spark_submit=options.spark_submit,
        spark_properties=options.spark_properties,
        region=options.region,
        inherit=tuple(options.inherit),
        keys=keys,
        standbys=options.standby,
    )
    glue = server.application = LocalGlue(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    logging.info("localglue answers on %s", settings.own_url)
    if given is None:
        shown = {"AWS_ENDPOINT_URL_GLUE": settings.own_url, **keys.environment()}
        print("\n".join(f"export {name}={value}" for name, value in shown.items()), flush=True)  # noqa: T201
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        glue.close()
        server.server_close()
    return 0
