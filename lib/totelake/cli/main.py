"""The command's edge: a known error is one sentence on stderr, and only success is exit status 0."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext

import psycopg2
import typer
from botocore.exceptions import BotoCoreError, ClientError

from totelake.cli.app import app
from totelake.deploy.target import AWS
from totelake.errors import TotelakeError
from totelake.ports.aws_errors import translation_of
from totelake.ports.sqlstates import cause_of
from totelake.stack.clean_environment import undisturbed

FAILURE = 1
USAGE = 2
INTERRUPTED = 130


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit status. With --debug an error is raised as it is."""
    words = [word for word in argv if word != "--debug"]
    try:
        with nullcontext() if _is_elsewhere(words) else undisturbed():
            # without standalone_mode typer prints nothing of its own, and gives the status of --help and of Ctrl-C
            status = app(args=words, prog_name="totelake", standalone_mode=False) or 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILURE
    except typer.TyperException as error:
        if str(error):  # a bare command has shown its help already
            print(f"totelake: {_usage(error)}", file=sys.stderr)  # noqa: T201
        return USAGE
    except (TotelakeError, ClientError, BotoCoreError, psycopg2.Error, OSError) as error:
        if "--debug" in argv:
            raise
        print(f"totelake: {sentence(error)}", file=sys.stderr)  # noqa: T201
        return FAILURE
    if status == INTERRUPTED:
        print("interrupted", file=sys.stderr)  # noqa: T201
    return int(status)


def _is_elsewhere(words: Sequence[str]) -> bool:
    """Whether an AWS account is meant, whose profile and proxies are the user's."""
    return f"--target={AWS}" in words or ("--target", AWS) in zip(words, words[1:])


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the words given, and which command's help tells the right ones."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "totelake"
    words = " ".join(error.format_message().split()).rstrip(".")
    return f"{words} See `{command} --help`" if words.endswith("?") else f"{words}; see `{command} --help`"


def sentence(error: BaseException) -> str:
    """What is wrong, where, and what to do."""
    if isinstance(error, TotelakeError):
        return str(error)
    if isinstance(error, (ClientError, BotoCoreError)):
        return str(translation_of(error))
    words = " ".join(str(error).split())
    if isinstance(error, psycopg2.Error):
        cause = cause_of(error.pgcode or "", words)
        passing = cause.remedy.format(role="the role") if cause and cause.passes else "see `totelake status`"
        return f"PostgreSQL refused: {words}; {passing}"
    return f"{words}; see that the file can be used"


if __name__ == "__main__":
    run()
