"""totesys from a folder of CSV files, one for each table: `<table>.csv`, a header, nothing for NULL."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2

from totelake.contracts.model import Table
from totelake.errors import ConfigurationError
from totelake.seed.schema import create_tables, set_sequences, tables, transaction

Progress = Callable[[str], None]
_LINE = re.compile(r"line (\d+)")


def seed_from_csv(dsn: str, folder: Path, progress: Progress = lambda _: None) -> dict[str, int]:
    """Create totesys anew with the files' rows; rows by table. On any failure the old content stays.

    Raises ConfigurationError that names the file, and the line of a row that does not fit.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder; name the one with a CSV file for each of the 11 tables")
    columns = {table.name: _columns(folder, table) for table in tables()}
    with transaction(dsn) as cursor:
        create_tables(cursor)
        counts = {}
        for table in tables():
            progress(f"copying {table.name}")
            counts[table.name] = _copy(cursor, table, folder / f"{table.name}.csv", columns[table.name])
        set_sequences(cursor)
    return counts


def _columns(folder: Path, table: Table) -> list[str]:
    """The header's columns, once they are the table's."""
    path = folder / f"{table.name}.csv"
    if not path.is_file():
        raise ConfigurationError(f"{path} is not there; the folder needs one CSV file for each of the 11 tables")
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file), [])
    if sorted(header) != sorted(table.column_names):
        missing = sorted(set(table.column_names) - set(header))
        unknown = sorted(set(header) - set(table.column_names))
        raise ConfigurationError(
            f"{path} line 1: the header lacks {', '.join(missing) or 'nothing'} and has "
            f"{', '.join(unknown) or 'nothing'} that {table.name} does not; correct the header"
        )
    return header


def _copy(cursor: Any, table: Table, path: Path, header: list[str]) -> int:
    names = ", ".join(f'"{name}"' for name in header)
    statement = f"COPY {table.schema}.\"{table.name}\" ({names}) FROM STDIN WITH (FORMAT csv, HEADER, NULL '')"
    try:
        with path.open("rb") as file:
            cursor.copy_expert(statement, file)
    except psycopg2.Error as error:
        words = " ".join((error.pgerror or str(error)).split())
        line = _LINE.search(words)
        where = f"{path} line {line.group(1)}" if line else str(path)
        raise ConfigurationError(f"{where}: {words}; correct the file, totesys is as it was") from error
    return int(cursor.rowcount)
