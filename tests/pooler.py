"""PgBouncer in front of the tests' server, in a pool mode of its own, as an unprivileged user where we are root."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import Postgres
from totelake.stack.postgres import unprivileged_user
from totelake.stack.processes import free_port

_WITHIN = 120.0
_INI = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = {mode}
default_pool_size = 2
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pooler(postgres: Postgres, folder: Path, mode: str, ignored: str = "") -> Iterator[int]:
    """The port of a running PgBouncer; the test is skipped aloud where there is none."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("there is no pgbouncer on PATH; install Debian's package pgbouncer")
    port, user = free_port(), unprivileged_user()
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text("".join(f'"{role}" "{word}"\n' for role, word in postgres.passwords.items()), encoding="utf-8")
    settings.write_text(
        _INI.format(server=postgres.port, port=port, users=users, mode=mode, ignored=ignored), encoding="utf-8"
    )
    words = [program, "-u", user, str(settings)] if user else [program, str(settings)]
    for path in [folder, *folder.parents][: 3 if user else 0]:
        path.chmod(path.stat().st_mode | 0o055)
    with (folder / "pgbouncer.log").open("wb") as log:
        running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(running, postgres.dsn("postgres").replace(f":{postgres.port}/", f":{port}/"), folder / "pgbouncer.log")
        yield port
    finally:
        running.terminate()
        running.wait()


def _wait(running: subprocess.Popen[bytes], dsn: str, log: Path) -> None:
    deadline = time.monotonic() + _WITHIN
    while running.poll() is None and time.monotonic() < deadline:
        try:
            with closing(psycopg2.connect(dsn)):
                return
        except psycopg2.OperationalError:
            time.sleep(0.05)
    raise AssertionError(f"pgbouncer did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
