"""What commands show: tables for people, JSON for machines on stdout; progress and errors on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
TargetName = Annotated[
    str, typer.Option("--target", help="local: this machine's stack; aws: the environment's account.")
]
_STYLES = {
    **dict.fromkeys(("SUCCEEDED", "up", "created", "updated", "activated"), "green"),
    **dict.fromkeys(("FAILED", "TIMEOUT", "ERROR", "STOPPED", "down"), "red"),
    **dict.fromkeys(("RUNNING", "STARTING", "NOT_RUN"), "yellow"),
}


def out() -> Console:
    """Standard output, as it is now."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Standard error, as it is now."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(document, indent=1, default=str))


def say(text: str) -> None:
    """One line on stdout."""
    out().print(text, markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], grouped: bool = True) -> None:
    """A table on stdout; numbers to the right, with commas between thousands unless `grouped` is False."""
    content = [list(row) for row in rows]
    shown = Table(title=title, title_justify="left", header_style="bold", title_style="bold")
    for position, name in enumerate(columns):
        numeric = bool(content) and all(isinstance(row[position], (int, float, Decimal, type(None))) for row in content)
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in content:
        shown.add_row(*[_cell(value, grouped) for value in row])
    out().print(shown)


def _cell(value: Any, grouped: bool) -> str:
    text = "-" if value is None or value == "" else f"{value:,}" if grouped and isinstance(value, int) else str(value)
    safe = text.replace("[", r"\[")
    return f"[{_STYLES[text]}]{safe}[/]" if text in _STYLES else safe


@contextmanager
def progress(quiet: bool, what: str) -> Iterator[Callable[[str], None]]:
    """Tell on stderr what is going on: a moving line on a terminal, a line for each step elsewhere."""
    console = err()
    if quiet:
        yield lambda text: None
    elif console.is_terminal:
        with console.status(what) as status:
            yield lambda text: status.update(text)
    else:
        console.print(what, markup=False)
        yield lambda text: console.print(f"  {text}", markup=False)
