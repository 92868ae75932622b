"""DuckDB for one statement: it reads one folder of files, within bounds, and nothing else."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from localathena.sql.quoting import quoted

_ONLY_FILES_OF = (
    # a name that is no table may be a variable of this process, a file or an address
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allowed_directories = [{folder}]",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


@contextmanager
def engine(folder: Path, memory: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads files below `folder`, no other file and no network, whatever it is asked.

    What does not fit into `memory`, such as 1GB, goes into a folder of the connection's own there, which ends with it.
    """
    with duckdb.connect() as connection, ExitStack() as stack:
        connection.execute("SET TimeZone = 'UTC'")
        if memory:
            connection.execute(f"SET memory_limit = {quoted(memory)}")
            spilled = folder / f"spill-{uuid.uuid4()}"
            stack.callback(shutil.rmtree, spilled, ignore_errors=True)
            connection.execute(f"SET temp_directory = {quoted(str(spilled))}")
        for statement in _ONLY_FILES_OF:
            connection.execute(statement.format(folder=quoted(str(folder))))
        yield connection
