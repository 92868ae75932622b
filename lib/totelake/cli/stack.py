"""up, down, status, env: the local stack."""

from __future__ import annotations

import os
import shlex
import string
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from totelake.cli.output import AsJson, out, plain_on_stdout, print_json, progress, quiet, say, table, tell
from totelake.cli.sentences import sentence
from totelake.contracts import load_contracts
from totelake.deploy.target import LOCAL, Target
from totelake.doctor.finding import refuse
from totelake.doctor.rounds import before_up
from totelake.errors import ConfigurationError, TotelakeError
from totelake.operate.deployed import deployed
from totelake.operate.held import HeldTable, NotCaptured, held_tables, not_captured
from totelake.operate.runs import Standing, standings
from totelake.runtime.run_reports import short
from totelake.stack import lifecycle
from totelake.stack.model import LOCALGLUE, MOTO, POSTGRES, STANDBYS, Stack, default_home, has_record
from totelake.stack.servers import Standbys, check_ports, standbys

_Port = Annotated[int, typer.Option(min=0, max=65535, help="A free one when not given.")]

_LONGEST_WATCH = 86_400


@dataclass(frozen=True)
class _Work:
    """How the work of a stack stands: the newest run of each workflow, the star tables that are held, the source tables
    that are not captured, and what waits for runs."""

    workflows: Sequence[Standing] = ()
    held: Sequence[HeldTable] = ()
    not_captured: Sequence[NotCaptured] = ()
    standbys: Standbys | None = None


_NO_WORK = _Work()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, down, status, env):
        app.command()(command)


def up(
    postgres_port: _Port = 0,
    aws_port: _Port = 0,
    glue_port: _Port = 0,
    standby: Annotated[
        int, typer.Option(min=0, max=8, help="Processes of Spark kept warm for the next run; 0 for none.")
    ] = STANDBYS,
    as_json: AsJson = False,
) -> None:
    """Start PostgreSQL, the AWS endpoint and localglue on this machine; harmless when they run."""
    home = default_home()
    stack = lifecycle.found(home)
    if stack is None:
        ports = {POSTGRES: postgres_port, MOTO: aws_port, LOCALGLUE: glue_port}
        check_ports(ports)
        refuse(before_up(home), quiet if as_json else tell)
        with progress(as_json, "starting the stack") as step:
            stack = lifecycle.start(home, ports, step, standby)
    _show(stack, dict.fromkeys(stack.parts, True), as_json)


def down(as_json: AsJson = False) -> None:
    """End what `up` started and remove its data; the logs stay, and the addresses of sources that are elsewhere."""
    home = default_home()
    try:
        with progress(as_json or not has_record(home), "ending the stack"):
            was_up = lifecycle.stop(home)
    except KeyboardInterrupt:
        # it was too late to stop halfway, or too early to have begun
        tell(f"the stack in {home} {'is as it was' if has_record(home) else 'is down'}")
        raise
    if as_json:
        print_json({"home": str(home), "was_up": was_up})
    else:
        say(f"the stack in {home} is down" if was_up else f"no stack was up in {home}")


def status(
    every: Annotated[int, typer.Option("--watch", metavar="SECONDS", help="Look again and again, until Ctrl-C.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Whether every part of the stack answers, the newest run of each workflow, and the tables that stand still.

    Exit status 1 when a part does not answer, or there is no stack; a run that failed or a table that stands still does
    not change it. With --watch it goes on meanwhile.
    """
    if not every:
        _status(as_json)
        return
    if as_json:
        raise ConfigurationError("--watch does not end by itself, so there is no one JSON document; leave out --json")
    if not 1 <= every <= _LONGEST_WATCH:
        raise ConfigurationError(f"--watch is {every}; use 1 to {_LONGEST_WATCH:,} seconds")
    while True:
        out().clear()
        try:
            _status(as_json)
        except (TotelakeError, ClientError, BotoCoreError) as error:
            tell(f"totelake: {sentence(error)}")
        say(f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} UTC, again in {every} s; Ctrl-C ends it")
        time.sleep(every)


def _status(as_json: bool) -> None:
    home = default_home()
    stack = Stack.read(home)
    if stack is None:
        raise lifecycle.none_up(home)
    answers = lifecycle.status_of(stack)
    work = _work(stack) if all(answers.values()) else _NO_WORK
    _show(stack, answers, as_json, work)
    lifecycle.refuse_half(stack, answers)


def _work(stack: Stack) -> _Work:
    where, contracts = Target.named(LOCAL, default_home()), load_contracts()
    return _Work(
        standings(where.clients.glue, deployed(contracts.pipeline, where.prefix).workflows),
        held_tables(where.ingestion, where.processed, contracts.star_tables()),
        not_captured(where.ingestion, list(contracts.sources)),
        standbys(stack.glue_endpoint),
    )


def _show(stack: Stack, answers: dict[str, bool], as_json: bool, work: _Work = _NO_WORK) -> None:
    """The parts, and of a stack that may work what it does."""
    addresses = {POSTGRES: f"127.0.0.1:{stack.postgres_port}", MOTO: stack.aws_endpoint, LOCALGLUE: stack.glue_endpoint}
    if as_json:
        parts = {name: {"address": addresses[name], "answers": alive} for name, alive in answers.items()}
        workflows, held = [asdict(item) for item in work.workflows], [item.document() for item in work.held]
        missing = [item.document() for item in work.not_captured]
        document = {"home": stack.home, "parts": parts, "workflows": workflows, "held": held, "not_captured": missing}
        print_json({**document, "standbys": asdict(work.standbys) if work.standbys else None})
        return
    rows = [(name, "up" if alive else "down", addresses[name]) for name, alive in answers.items()]
    table(f"stack in {stack.home}", ("part", "state", "address"), rows)
    if work.workflows:
        newest = [
            (item.workflow, item.outcome, short(item.run), item.started[:19].replace("T", " "))
            for item in work.workflows
        ]
        table("workflows", ("workflow", "newest run", "id", "started"), newest)
    if work.standbys and work.standbys.line:
        say(work.standbys.line)
    for line in [item.line for item in work.not_captured] + [item.line for item in work.held]:
        say(line)


def env(as_json: AsJson = False) -> None:
    """The variables with which any PostgreSQL client and AWS tool finds the stack: eval "$(totelake env)"."""
    variables = lifecycle.load(default_home()).environment()
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={_quoted(value)}")


def _quoted(value: str) -> str:
    """The value as a shell reads it, without a byte that acts on a terminal or that stdout's encoding lacks."""
    if plain_on_stdout(value) == value:
        return shlex.quote(value)
    safe = set(string.ascii_letters + string.digits + "/._-:@")
    return "$'" + "".join(chr(byte) if chr(byte) in safe else f"\\{byte:03o}" for byte in os.fsencode(value)) + "'"
