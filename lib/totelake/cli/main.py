"""The command's edge: a known error is one sentence on stderr, and only success is exit status 0."""

from __future__ import annotations

import logging
import shutil
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from types import TracebackType
from typing import Any

import psycopg2
import typer
from botocore.exceptions import BotoCoreError, ClientError

from totelake.cli.app import app_for
from totelake.cli.exit_status import FAILURE, INTERRUPTED, SUCCESS, USAGE
from totelake.cli.output import Told, flush, forgiving, settle, tell
from totelake.cli.sentences import sentence
from totelake.deploy.target import AWS
from totelake.errors import TotelakeError
from totelake.stack.clean_environment import undisturbed
from totelake.stack.interrupts import SIGNALLED, ending_as_ctrl_c, ignore_at_exit

_WIDEST = 100


def run() -> None:
    """The console script."""
    sys.excepthook = _traced
    logging.lastResort = Told(logging.WARNING)
    ignore_at_exit()
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit status. With --debug an error is raised as it is."""
    words = [word for word in argv if word != "--debug"]
    forgiving()
    signals: list[int] = []
    try:
        with ending_as_ctrl_c() as signals, nullcontext() if _is_elsewhere(words) else undisturbed():
            # without standalone_mode typer prints nothing of its own, and gives the status of --help and of Ctrl-C
            width = min(shutil.get_terminal_size().columns, _WIDEST)
            app = app_for(words)
            status = app(args=words, prog_name="totelake", standalone_mode=False, terminal_width=width) or SUCCESS
            flush()
    except KeyboardInterrupt:  # before or after the command's own part
        status = INTERRUPTED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILURE
    except BrokenPipeError:
        # who read it has enough, as `head` has
        settle()
        return FAILURE
    except typer.TyperException as error:
        return _wrong_usage(error)
    except (TotelakeError, ClientError, BotoCoreError, psycopg2.Error, OSError) as error:
        if "--debug" in argv:
            raise
        tell(f"totelake: {sentence(error)}")
        settle()
        return FAILURE
    if status == INTERRUPTED:
        tell("interrupted")
    return SIGNALLED + signals[0] if status == INTERRUPTED and signals else int(status)


def _is_elsewhere(words: Sequence[str]) -> bool:
    """Whether an AWS account is meant, whose profile and proxies are the user's."""
    return f"--target={AWS}" in words or ("--target", AWS) in zip(words, words[1:])


def _wrong_usage(error: typer.TyperException) -> int:
    """Say what is wrong with the words given, and which command's help tells the right ones."""
    context: Any = getattr(error, "ctx", None)
    if context and str(error) == context.get_help():  # a bare group of commands
        typer.echo(str(error))
        return USAGE
    command = context.command_path if context else "totelake"
    words = " ".join(error.format_message().split()).rstrip(".")
    tell(
        f"totelake: {words} See `{command} --help`"
        if words.endswith("?")
        else f"totelake: {words}; see `{command} --help`"
    )
    return USAGE


def _traced(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an error that nobody expected, whose words may hold data."""
    for line in "".join(traceback.format_exception(kind, error, trace)).rstrip().split("\n"):
        tell(line)


if __name__ == "__main__":
    run()
