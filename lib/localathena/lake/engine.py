"""DuckDB for one statement: it reads one folder of files, within bounds, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from localathena.sql.quoting import quoted

_ONLY_FILES_OF = (
    # a name that is no table may be a variable of this process, a file or an address
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allowed_directories = [{folder}]",
    "SET temp_directory = {spill}",
    "SET memory_limit = {memory}",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


@contextmanager
def engine(folder: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads files below `folder`, no other file and no network, whatever it is asked."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in _ONLY_FILES_OF:
            words = {"folder": str(folder), "spill": str(folder / "spill"), "memory": memory}
            connection.execute(statement.format(**{name: quoted(word) for name, word in words.items()}))
        yield connection
