"""Scratch PostgreSQL clusters: made, copied as standbys, crashed, promoted and reset, on ports of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import psycopg2
import pytest

from tests.conftest import SOURCE, Postgres
from totelake.stack import postgres as server
from totelake.stack.model import ADMIN
from totelake.stack.processes import free_port

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
timezone = 'UTC'
fsync = off
max_prepared_transactions = 5
wal_receiver_status_interval = 1s
autovacuum = off
autovacuum_freeze_max_age = 2000000000
"""
_WITHIN = 120.0


class Cluster(Postgres):
    """One cluster with the roles of the stack."""

    def __init__(self, clusters: Clusters, data: Path, passwords: dict[str, str]) -> None:
        super().__init__(free_port(), passwords)
        self.clusters, self.data = clusters, data

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended."""
        return (self.data / "postmaster.pid").exists()

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self._control("start", "-l", f"{self.data}.log", "-o", f"-p {self.port}")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; `immediate` is a crash."""
        self._control("stop", "-m", mode)

    def promote(self) -> None:
        """Make a primary of a standby; it goes on with a new timeline."""
        self._control("promote")

    def _control(self, verb: str, *words: str) -> None:
        self.clusters.call("pg_ctl", verb, "-D", str(self.data), "-w", *words)

    def rows(self, query: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """What the superuser gets for a query, over a connection of its own."""
        connection = psycopg2.connect(self.dsn(database))
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall()) if cursor.description else []

    def standby(self, name: str) -> Cluster:
        """A started hot standby that streams from this cluster."""
        made = Cluster(self.clusters, self.clusters.root / name, self.passwords)
        self.clusters.call("pg_basebackup", "-D", str(made.data), "-d", self.dsn("postgres"), "-R", "-c", "fast", "-X",
                           "stream", "--no-sync")  # fmt: skip
        self.clusters.add(made)
        return made

    def follow(self, primary: Cluster) -> None:
        """Wait until this standby has replayed all that its primary has written."""
        goal = primary.rows("SELECT pg_current_wal_insert_lsn()")[0][0]
        wait_until(lambda: self.rows(f"SELECT pg_last_wal_replay_lsn() >= pg_lsn '{goal}' - 64")[0][0])


class Clusters:
    """A folder of clusters of the same programs; all of them end with it."""

    def __init__(self, home: Path) -> None:
        self._user = server.unprivileged_user()
        data, self.binaries = server.place(home, server.find_binaries())
        data.mkdir(parents=True)
        self.root = data
        if self._user:
            shutil.chown(self.root, self._user)
        self._made: list[Cluster] = []

    def need(self, *programs: str) -> None:
        """Skip the test aloud where the server that was found comes without these programs."""
        for program in programs:
            if not os.access(self.binaries / program, os.X_OK):
                pytest.skip(f"the PostgreSQL in {self.binaries} comes without {program}; install the whole server")

    def new(self, name: str) -> Cluster:
        """A started cluster of its own, with its own system identifier."""
        password_file = self.root / f"{name}.pw"
        password = secrets.token_urlsafe(18)
        self.write(password_file, password.encode())
        made = Cluster(self, self.root / name, {ADMIN: password})
        self.call("initdb", "-D", str(made.data), "-U", ADMIN, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C",
                  "--wal-segsize=1", "--no-sync", f"--pwfile={password_file}")  # fmt: skip
        with (made.data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)
        self.add(made)
        made.passwords.update(server.create_databases(made.port, password, (SOURCE,)))
        return made

    def add(self, cluster: Cluster) -> None:
        """Start a cluster whose folder is there, and end it with the others."""
        self._made.append(cluster)
        cluster.start()

    def copy(self, cluster: Cluster, name: str) -> Path:
        """A copy of a stopped cluster's folder."""
        target = self.root / name
        shutil.copytree(cluster.data, target, symlinks=True)
        if self._user:
            for path in [target, *target.rglob("*")]:
                shutil.chown(path, self._user)
        return target

    def write(self, path: Path, content: bytes) -> None:
        """A file that belongs to the server's user."""
        path.write_bytes(content)
        path.chmod(0o600)
        if self._user:
            shutil.chown(path, self._user)

    def call(self, program: str, *words: str) -> None:
        """Run one of the server's programs as the server's user, to its end."""
        identity: dict[str, Any] = {"user": self._user, "extra_groups": []} if self._user else {}
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        with (self.root.parent / "programs.log").open("ab") as log:
            done = subprocess.run([str(self.binaries / program), *words], stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, env={**environment, "LC_ALL": "C"}, cwd="/", check=False,
                                  **identity)  # fmt: skip
        if done.returncode:
            last = (self.root.parent / "programs.log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise AssertionError(f"{program} {' '.join(words)} failed:\n{last}")

    def close(self) -> None:
        """End every server that still runs and remove all folders."""
        for cluster in reversed(self._made):
            if cluster.is_running:
                cluster.stop("immediate")
        server.remove_data(self.root)


@contextlib.contextmanager
def scratch(home: Path) -> Iterator[Clusters]:
    """Clusters that are gone afterwards."""
    clusters = Clusters(home)
    try:
        yield clusters
    finally:
        clusters.close()


def wait_until(holds: Callable[[], Any], within: float = _WITHIN) -> None:
    """Ask until it holds; fails when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"it did not come true within {within} s"
        time.sleep(0.02)
