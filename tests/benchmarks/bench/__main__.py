"""`python -m tests.benchmarks.bench [--orders N] [--repeat N] [--only GROUPS]...`, or `make bench`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.benchmarks.bench import run
from tests.benchmarks.bench.chart import draw
from tests.benchmarks.bench.goals import GROUPS, Finding, Size, findings
from tests.benchmarks.bench.report import document, engines_table, goals_table
from tests.benchmarks.bench.results import Results
from totelake.errors import TotelakeError
from totelake.stack.clean_environment import undisturbed


def _groups(text: str) -> tuple[str, ...]:
    given = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in given if word not in GROUPS]
    if unknown or not given:
        raise argparse.ArgumentTypeError(f"name some of {', '.join(GROUPS)}, with commas between; not {text!r}")
    return tuple(group for group in GROUPS if group in given)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"give a number from 1 on; not {text!r}")
    return int(text)


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line, read. Ends the program when it cannot be."""
    parser = argparse.ArgumentParser(prog="bench", description="How fast is totelake beside other ways?")
    parser.add_argument("--orders", type=_positive, default=200_000, help="sales orders in the source (200000)")
    parser.add_argument("--repeat", type=_positive, default=3, help="repeats, each on a stack of its own (3)")
    parser.add_argument("--only", type=_groups, default=GROUPS, help=f"some of {','.join(GROUPS)}")
    parser.add_argument("--batches", type=_positive, default=100, help="batches after which a refresh is timed (100)")
    parser.add_argument("--seed", type=int, default=1, help="seed number of the source (1)")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where the document goes")
    parser.add_argument("--chart", type=Path, default=Path("build/bench.svg"), help="where the picture goes")
    return parser.parse_args(words)


def main() -> int:
    """Measure, print the tables, write document and picture; 1 when totelake fails or its own result is wrong.

    After each repeat what was measured so far is written, so a long run that is ended has not been in vain.
    """
    given = arguments()
    say = Console(stderr=True)
    for file in (given.json, given.chart):
        file.parent.mkdir(parents=True, exist_ok=True)

    def keep(results: Results, setting: dict[str, Any]) -> None:
        text = json.dumps(_document(given, results, setting), indent=2, ensure_ascii=False)
        given.json.write_text(f"{text}\n", encoding="utf-8")
        given.chart.write_text(draw(results.samples, setting), encoding="utf-8")

    # the stack ends with us, whoever ends us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with undisturbed():
            tell = partial(say.print, style="dim", markup=False, soft_wrap=True)
            results, setting = run.measure(given, tell, keep)
    except (run.WrongError, TotelakeError) as error:
        say.print(f"totelake fails, so no time counts: {error}", style="bold red", markup=False, soft_wrap=True)
        return 1
    console = Console()
    console.print(goals_table(_found(given, results), setting))
    console.print(engines_table(results.samples))
    say.print(f"{given.json} has it all, {given.chart} shows it", markup=False, soft_wrap=True)
    return 0


def _found(given: argparse.Namespace, results: Results) -> list[Finding]:
    return findings(results.samples, results.absent, Size(given.orders, given.batches), given.only)


def _document(given: argparse.Namespace, results: Results, setting: dict[str, Any]) -> dict[str, Any]:
    return document(_found(given, results), results.samples, results.absent, setting)


if __name__ == "__main__":
    sys.exit(main())
