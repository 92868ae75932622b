"""localglue's state: definitions and runs as JSON documents in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from localapi.documents import Document
from localglue.errors import AlreadyExists, EntityNotFound

JOB, TRIGGER, WORKFLOW, CRAWLER = "job", "trigger", "workflow", "crawler"
CONNECTION, SECURITY_CONFIGURATION, TAGS = "connection", "security_configuration", "tags"
JOB_BOOKMARK = "job_bookmark"
STANDBY = "standby"
JOB_RUN, WORKFLOW_RUN, CRAWL = "job_run", "workflow_run", "crawl"
FILE = "localglue.sqlite"
"""The name of the file in localglue's state folder."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS definition (
    kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS run (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL,
    parent TEXT, state TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS run_by_owner ON run (kind, owner, sequence);
CREATE INDEX IF NOT EXISTS run_by_parent ON run (parent, sequence);
CREATE INDEX IF NOT EXISTS run_by_state ON run (kind, state);
CREATE TABLE IF NOT EXISTS footer (
    bucket TEXT NOT NULL, key TEXT NOT NULL, etag TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (bucket, key));
"""


class Store:
    """Definitions by kind and name; runs by kind and id, in the order they were added. Threads may share it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    def put(self, kind: str, name: str, body: Document) -> None:
        """Write the definition, whether it exists or not."""
        self._write("INSERT OR REPLACE INTO definition VALUES (?, ?, ?)", kind, name, json.dumps(body))

    def get(self, kind: str, name: str) -> Document | None:
        """The definition, or None if there is none of that name."""
        found = self._read("SELECT body FROM definition WHERE kind = ? AND name = ?", kind, name)
        return found[0] if found else None

    def existing(self, kind: str, name: str) -> Document:
        """The definition. Raises EntityNotFound."""
        found = self.get(kind, name)
        if found is None:
            raise EntityNotFound(_words(kind), name)
        return found

    def refuse_existing(self, kind: str, name: str) -> None:
        """Raises AlreadyExists when there is a definition of that name."""
        if self.get(kind, name):
            raise AlreadyExists(_words(kind), name)

    def delete(self, kind: str, name: str) -> None:
        """Delete the definition, if it exists."""
        self._write("DELETE FROM definition WHERE kind = ? AND name = ?", kind, name)

    def all(self, kind: str) -> list[Document]:
        """Every definition of the kind, sorted by name."""
        return self._read("SELECT body FROM definition WHERE kind = ? ORDER BY name", kind)

    def add_run(self, kind: str, run_id: str, owner: str, parent: str | None, state: str, body: Document) -> None:
        """Add a run of `owner`; `parent` is the workflow run that it belongs to."""
        self._write(
            "INSERT INTO run (kind, id, owner, parent, state, body) VALUES (?, ?, ?, ?, ?, ?)",
            *(kind, run_id, owner, parent, state, json.dumps(body)),
        )

    def save_run(self, kind: str, run_id: str, state: str, body: Document) -> None:
        """Replace the state and document of a run."""
        self._write(
            "UPDATE run SET state = ?, body = ? WHERE kind = ? AND id = ?", state, json.dumps(body), kind, run_id
        )

    def run(self, kind: str, run_id: str) -> Document | None:
        """The run, or None if there is none of that id."""
        found = self._read("SELECT body FROM run WHERE kind = ? AND id = ?", kind, run_id)
        return found[0] if found else None

    def runs_of(self, kind: str, owner: str, limit: int = -1, offset: int = 0) -> list[Document]:
        """The owner's runs, newest first."""
        sql = "SELECT body FROM run WHERE kind = ? AND owner = ? ORDER BY sequence DESC LIMIT ? OFFSET ?"
        return self._read(sql, kind, owner, limit, offset)

    def runs_in(self, kind: str, parent: str) -> list[Document]:
        """The runs that belong to a workflow run, oldest first."""
        return self._read("SELECT body FROM run WHERE kind = ? AND parent = ? ORDER BY sequence", kind, parent)

    def runs_in_states(self, kind: str, states: Sequence[str], owner: str | None = None) -> list[Document]:
        """The runs in one of the states, of all owners or of one, oldest first."""
        marks = ", ".join("?" for _ in states)
        sql = f"SELECT body FROM run WHERE kind = ? AND state IN ({marks})"
        if owner is None:
            return self._read(f"{sql} ORDER BY sequence", kind, *states)
        return self._read(f"{sql} AND owner = ? ORDER BY sequence", kind, *states, owner)

    def put_footer(self, bucket: str, key: str, etag: str, body: Document) -> None:
        """Cache the footer of an object."""
        self._write("INSERT OR REPLACE INTO footer VALUES (?, ?, ?, ?)", bucket, key, etag, json.dumps(body))

    def footer(self, bucket: str, key: str, etag: str) -> Document | None:
        """The cached footer of the object with this ETag, or None."""
        found = self._read("SELECT body FROM footer WHERE bucket = ? AND key = ? AND etag = ?", bucket, key, etag)
        return found[0] if found else None

    def _read(self, sql: str, *values: str | int | None) -> list[Document]:
        with self._lock:
            rows = self._connection.execute(sql, values).fetchall()
        return [json.loads(row[0]) for row in rows]

    def _write(self, sql: str, *values: str | int | None) -> None:
        with self._lock:
            self._connection.execute(sql, values)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
