"""`python -m tests.benchmarks.lost_changes [--orders N] [--rows N] [--seed N] [--json]`, or `make lost-changes`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from rich.console import Console

from localgate.keys import Keys
from tests.benchmarks.lost_changes.hazards import HAZARDS
from tests.benchmarks.lost_changes.play import Outcome, play
from tests.benchmarks.lost_changes.readers import Reader
from tests.benchmarks.lost_changes.readers.dlt_sql_database import LAG, Dlt, version
from tests.benchmarks.lost_changes.readers.totelake_capture import Totelake
from tests.benchmarks.lost_changes.readers.watermark import Watermark
from tests.benchmarks.lost_changes.report import document, hazards_table, readers_table
from tests.benchmarks.lost_changes.totesys import Totesys
from totelake.seed import SOURCE
from totelake.stack import postgres
from totelake.stack.aws_endpoint import serving
from totelake.stack.model import ADMIN, HOST, READER
from totelake.stack.processes import free_port


@contextmanager
def _database(home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    port = free_port()
    part, data, password = postgres.start_server(home, port, home / "postgres.log")
    try:
        passwords = postgres.create_databases(port, password, (SOURCE,))
        secret = {"host": HOST, "port": port, "dbname": SOURCE, "username": READER, "password": passwords[READER]}
        yield f"postgresql://{ADMIN}:{password}@{HOST}:{port}/{SOURCE}", secret
    finally:
        postgres.stop_server(part, data)


@contextmanager
def _aws() -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    keys = Keys.random()
    with serving(keys) as url:
        os.environ.update(AWS_ENDPOINT_URL=url, AWS_DEFAULT_REGION="eu-west-2", **keys.environment())
        yield


def readers_of(secret: dict[str, Any], home: Path) -> list[Reader]:
    """Every reader that can run here, with the source's reading role."""
    dsn = "postgresql://{username}:{password}@{host}:{port}/{dbname}".format(**secret)
    found: list[Reader] = [Totelake(secret), Watermark(dsn)]
    if version():
        found += [Dlt(dsn, home), Dlt(dsn, home, LAG)]
    return found


def _compare(given: argparse.Namespace, say: Console) -> tuple[Outcome, dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        say.print("starting PostgreSQL and an AWS endpoint")
        dsn, secret = stack.enter_context(_database(home))
        stack.enter_context(_aws())
        totesys = Totesys(dsn, given.orders, given.seed, given.rows)
        stack.callback(totesys.close)
        readers = readers_of(secret, home)
        if not version():
            say.print("dlt is not installed and left out; `make lost-changes` installs it", style="bold yellow")
        outcome = play(totesys, readers, HAZARDS, lambda name: say.print(f"playing: {name}", style="dim"))
        setting = {
            "orders": given.orders,
            "rows_per_hazard": given.rows,
            "seed": given.seed,
            "postgresql": _server_version(dsn),
            "python": platform.python_version(),
            "dlt": version(),
            "dlt_lag_seconds": LAG,
        }
        return outcome, setting


def _server_version(dsn: str) -> str:
    connection = psycopg2.connect(dsn)
    try:
        return str(connection.info.parameter_status("server_version"))
    finally:
        connection.close()


def main() -> int:
    """Run the comparison; 1 when totelake lost or duplicated anything."""
    parser = argparse.ArgumentParser(prog="lost_changes", description="Which changes does each reader lose?")
    parser.add_argument("--orders", type=int, default=2000, help="sales orders in the source (2000)")
    parser.add_argument("--rows", type=int, default=10, help="rows that a hazard touches (10)")
    parser.add_argument("--seed", type=int, default=1, help="seed number of the source (1)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    given = parser.parse_args()
    outcome, setting = _compare(given, Console(stderr=True))
    if given.json:
        json.dump(document(outcome, setting), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        console = Console()
        console.print(hazards_table(outcome))
        console.print(readers_table(outcome))
    own = outcome.total(Totelake.name)
    return 1 if own.lost or own.duplicated or outcome.wrong[Totelake.name] else 0


if __name__ == "__main__":
    sys.exit(main())
