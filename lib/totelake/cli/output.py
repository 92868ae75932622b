"""What commands show: tables for people, JSON for machines on stdout; progress and errors on stderr."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from totelake.query.text import for_json, literal
from totelake.runtime.plain_text import plain

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
TargetName = Annotated[
    str, typer.Option("--target", help="local: this machine's stack; aws: the environment's account.")
]
_STYLES = {
    **dict.fromkeys(("SUCCEEDED", "up", "created", "updated", "activated"), "green"),
    **dict.fromkeys(("FAILED", "TIMEOUT", "ERROR", "STOPPED", "down"), "red"),
    **dict.fromkeys(("RUNNING", "STARTING", "NOT_RUN"), "yellow"),
}
_SIZES = ("COLUMNS", "LINES")
# a column of text that is longer is folded, but never to less than this
_NARROWEST = 12


def out() -> Console:
    """Standard output, as it is now."""
    return _console(stderr=False)


def err() -> Console:
    """Standard error, as it is now."""
    return _console(stderr=True)


def _console(stderr: bool) -> Console:
    # some who have no terminal set its size to 0, at which rich shows nothing
    known = {name: value for name, value in os.environ.items() if name not in _SIZES or value.strip("0")}
    # rich itself leaves only the colours out
    if os.environ.get("NO_COLOR"):
        return Console(stderr=stderr, color_system=None, highlight=False, soft_wrap=True, _environ=known)
    return Console(stderr=stderr, highlight=False, soft_wrap=True, _environ=known)


def forgiving() -> None:
    """Let stdout and stderr escape what their encoding lacks, where they would fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write what stdout holds still, so that a failure to write is one of the command."""
    if sys.stdout is not None:
        sys.stdout.flush()


def settle() -> None:
    """Write what stdout holds still, or give it up: Python would try once more at its end, and complain."""
    try:
        flush()
    except OSError:
        with suppress(io.UnsupportedOperation), open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())


class Told(logging.Handler):
    """Log records as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line for each line of the record."""
        for line in self.format(record).split("\n"):
            tell(line)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(for_json(document), indent=1, allow_nan=False))


def plain_on_stdout(text: str) -> str:
    """The text as stdout would show it, with escapes for what acts or cannot be written."""
    return plain(text, out().encoding)


def say(text: str, style: str = "") -> None:
    """One line on stdout."""
    _line(out(), text, style)


def tell(text: str) -> None:
    """One line on stderr."""
    _line(err(), text)


def quiet(text: str) -> None:
    """Tells nobody."""


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(_text(console, text, style))


def _text(console: Console, text: str, style: str = "") -> Text:
    """Text as it stands: nothing in it is markup, an emoji's name or a control character."""
    return Text(plain(text, console.encoding), style=style)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], data: bool = False) -> None:
    """A table on stdout, or a line for each value where it does not fit.

    Numbers stand to the right, with commas between thousands. With `data` the values are those of a database: no
    commas, no colours, and NULL is not the empty text.
    """
    console, content = out(), [list(row) for row in rows]
    heads = [plain(name, console.encoding) for name in columns]
    cells = [[_cell(console, value, data) for value in row] for row in content]
    numeric = [bool(content) and all(map(_is_number, values)) for values in zip(*content)] or [False] * len(heads)
    whole = [is_number or _is_of_words(cells, place) for place, is_number in enumerate(numeric)]
    if not _fits(console, heads, cells, whole):
        _records(console, title, heads, cells)
        return
    shown = Table(title=_text(console, title, "bold"), title_justify="left", header_style="bold")
    for name, is_number, is_whole in zip(heads, numeric, whole):
        shown.add_column(Text(name), justify="right" if is_number else "left", overflow="fold", no_wrap=is_whole)
    for row in cells:
        shown.add_row(*row)
    console.print(shown)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, (int, float, Decimal))


def _is_of_words(cells: Sequence[Sequence[Text]], place: int) -> bool:
    """Whether every value of a column is one word, as names and addresses are: broken over lines nobody finds it."""
    return all(len(row[place].plain.split(maxsplit=1)) < 2 for row in cells)


def _cell(console: Console, value: Any, data: bool) -> Text:
    if data:
        return _text(console, literal(value), "dim" if value is None else "")
    if value is None or value == "":
        return Text("-")
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return _text(console, text, _STYLES.get(text, ""))


def _fits(console: Console, heads: Sequence[str], cells: Sequence[Sequence[Text]], whole: Sequence[bool]) -> bool:
    """Whether every column can be as wide as its numbers and words, or as a text stays readable in."""
    needed = 1
    for position, (head, is_whole) in enumerate(zip(heads, whole)):
        widest = max([cell_len(head), *(row[position].cell_len for row in cells)])
        needed += 3 + (widest if is_whole else min(widest, _NARROWEST))
    return needed <= console.width


def _records(console: Console, title: str, heads: Sequence[str], cells: Sequence[Sequence[Text]]) -> None:
    """Each row as lines of `column: value`, below an empty line."""
    console.print(_text(console, title, "bold"))
    if not cells:
        console.print(Text(f"no rows of {', '.join(heads)}"))
    for row in cells:
        console.print()
        for head, cell in zip(heads, row):
            console.print(Text.assemble((head, "bold"), ": ", cell))


@contextmanager
def progress(silent: bool, what: str) -> Iterator[Callable[[str], None]]:
    """Tell on stderr what is going on: a moving line on a terminal, a line for each step elsewhere."""
    console = err()
    if silent:
        yield quiet
    elif console.is_terminal:
        with console.status(_text(console, what)) as status:
            yield lambda text: status.update(_text(console, text))
    else:
        _line(console, what)
        yield lambda text: _line(console, f"  {text}")
