"""Results: the rows as Athena writes them, in a file of this machine and as objects in S3, and read again in pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from localapi.documents import Document
from localathena.columns import Columns, column_info
from localathena.errors import InvalidRequest

Row = Sequence["str | None"]
_FIELD = re.compile(r'(?:^|,)("(?:[^"]|"")*")?')
MOST_ROWS = 1000


def line(row: Row) -> str:
    """A row of a CSV result: every value in quotes, NULL as nothing at all."""
    return ",".join('"' + value.replace('"', '""') + '"' if value is not None else "" for value in row) + "\n"


def text_line(row: Row) -> str:
    """A row of a result of SHOW or DESCRIBE: values between tabs, without quotes."""
    return "\t".join(value or "" for value in row) + "\n"


def write(path: Path, header: Row | None, rows: Iterable[Row]) -> int:
    """Write rows as CSV; how many there were."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        if header is not None:
            file.write(line(header))
        for row in rows:
            file.write(line(row))
            count += 1
    return count


def page(path: Path, columns: Columns, start: int, most: int) -> tuple[Document, int | None]:
    """The answer of GetQueryResults from a place in the file, and the place of the next page; None behind the last."""
    with path.open(encoding="utf-8", newline="") as file:
        file.seek(start)
        rows = [row for _, row in zip(range(most), _records(file, len(columns)))]
        following = file.tell()
        is_more = bool(file.read(1))
    data = [{"Data": [{"VarCharValue": value} if value is not None else {} for value in row]} for row in rows]
    answer = {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": column_info(columns)}}, "UpdateCount": 0}
    return answer, following if is_more else None


def rows_of(path: Path, columns: Columns) -> Iterator[list[str | None]]:
    """All rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from _records(file, len(columns))


def _records(file: IO[str], width: int) -> Iterator[list[str | None]]:
    """The records from here on; a value may have line ends in it. Raises InvalidRequest for one that has no end."""
    while text := file.readline():
        while text.count('"') % 2:
            more = file.readline()
            if not more:
                raise InvalidRequest("the result that is kept here ends within a row; run the query again")
            text += more
        fields = _FIELD.findall(text[:-1])[:width]
        yield [field[1:-1].replace('""', '"') if field else None for field in fields]
