"""CSV as Glue's built-in classifier sees it.

The rules are those of "Built-in classifiers" in Glue's guide: delimiters, two columns and two rows at least, and when
the first row is a header. The types are those that users find in crawled tables: bigint, double, boolean and string;
dates and times are strings.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from localglue.formats import Format

DELIMITERS = (",", "|", "\t", ";", "\x01")
_MOST_ROWS = 1000
_LONGEST_NAME = 150
_NAME = re.compile(r"[^\x00-\x1f]+")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
Columns = tuple[tuple[str, str], ...]


def read_csv(text: str, compression: str) -> tuple[Columns, int, Format] | None:
    """The columns, the number of data rows and the format; None if the text is not CSV."""
    lines = [line for line in text.splitlines() if line.strip()][: _MOST_ROWS + 1]
    found = max(
        (_parsed(lines, delimiter) for delimiter in DELIMITERS), key=lambda one: len(one[0][0]) if one[0] else 0
    )
    rows, delimiter = found
    if len(rows) < 2 or len(rows[0]) < 2:
        return None
    headed = has_header(rows)
    names = _names(rows[0] if headed else [""] * len(rows[0]))
    data = rows[1:] if headed else rows
    kinds = [kind_of([row[place] for row in data]) for place in range(len(names))]
    count = sum(1 for line in text.splitlines() if line.strip()) - headed
    return tuple(zip(names, kinds)), count, _format(delimiter, headed, '"' in lines[0], compression)


def _names(cells: Sequence[str]) -> list[str]:
    """The columns' names. One without a name, as after a delimiter at the end of each line, has col and its number."""
    given = [cell.strip().lower() for cell in cells]
    names: list[str] = []
    for number, name in enumerate(given):
        free = number
        while not name and f"col{free}" in given:
            free += len(given)
        names.append(name or f"col{free}")
    return names


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has names: all are strings, short, and different, and some column below is no string."""
    first = [cell.strip() for cell in rows[0]]
    if first and not first[-1] and all(not row[-1].strip() for row in rows):  # a delimiter at the end of each line
        first = first[:-1]
    if any(kind_of([cell]) != "string" or not _NAME.fullmatch(cell) for cell in first):
        return False
    if any(len(cell) >= _LONGEST_NAME for cell in first[:-1]) or len(set(map(str.lower, first))) < len(first):
        return False
    return any(kind_of([row[place] for row in rows[1:]]) != "string" for place in range(len(first)))


def kind_of(cells: Sequence[str]) -> str:
    """The type of a column's values; empty ones say nothing, and without others it is a string."""
    values = [cell.strip() for cell in cells if cell.strip()]
    if not values:
        return "string"
    if all(_INTEGER.fullmatch(value) for value in values):
        return "bigint"
    if all(_DECIMAL.fullmatch(value) for value in values):
        return "double"
    return "boolean" if all(value.lower() in ("true", "false") for value in values) else "string"


def _parsed(lines: Sequence[str], delimiter: str) -> tuple[list[list[str]], str]:
    """The rows by this delimiter; none if they have different numbers of fields."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return [], delimiter
    return (rows if len({len(row) for row in rows}) == 1 else []), delimiter


def _format(delimiter: str, headed: bool, quoted: bool, compression: str) -> Format:
    parameters = {"areColumnsQuoted": str(quoted).lower(), "columnsOrdered": "true", "delimiter": delimiter}
    if headed:
        parameters["skip.header.line.count"] = "1"
    return Format("csv", compression, parameters, {"field.delim": delimiter})
