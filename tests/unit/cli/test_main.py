"""The command's edge: sentences, exit statuses, no stack trace unless it is asked for."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.conftest import SOURCE
from totelake.cli import pipeline as commands
from totelake.cli.main import main, sentence
from totelake.deploy.target import Target
from totelake.errors import ConfigurationError
from totelake.stack.model import PARTS, Part, Stack


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder in which nothing is up."""
    monkeypatch.setenv("TOTELAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def stopped(home: Path) -> Stack:
    """A stack that was started once and whose processes are gone."""
    parts = {name: Part(name, 2**22 + 1, 0.0, 1024 + n) for n, name in enumerate(PARTS)}
    passwords = {"totelake_admin": "a", "totelake_reader": "r$1", "totelake_loader": "l"}
    stack = Stack(str(home), parts, passwords, str(home / "data"), (SOURCE,))
    stack.save()
    return stack


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "env",
        "seed",
        "simulate",
        "deploy",
        "run",
        "backfill staff",
        "runs",
        "logs",
        "bookmark show",
        "bookmark history",
        "bookmark set 1",
        "bookmark rewind",
        "bookmark reset",
        "quarantine list",
        "quarantine show fact_payment 1",
    ],
)
def test_without_a_stack_every_command_says_so_in_one_sentence(
    words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 1
    assert capsys.readouterr() == (
        "",
        f"totelake: no stack is up in {home}; run `totelake up`, or name the folder of one that is up in "
        "TOTELAKE_HOME\n",
    )


def test_down_without_a_stack_is_harmless(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"home": str(home), "was_up": False}
    assert main(["down"]) == 0
    assert capsys.readouterr() == (f"no stack was up in {home}\n", "")


def test_a_half_dead_stack_is_named_with_the_remedy(stopped: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    shown = capsys.readouterr()
    assert shown.out.count("down") == 4
    assert shown.err == (
        f"totelake: the stack in {stopped.home} is half up: postgres has ended, source and warehouse cannot be read; "
        "moto has ended, and what it kept in memory is lost: the lake's objects, the Data Catalog, secrets, metrics "
        "and messages; localglue has ended, no job runs; what the other parts have is as it was; "
        "localathena has ended, no query of Athena's API is answered; what the other parts have is as it was "
        f"(see {stopped.home}/logs); run `totelake down`, which removes all of the stack's data, then `totelake up`, "
        "`totelake seed` and `totelake deploy`; nothing is started anew before\n"
    )


def test_a_refused_up_does_not_say_that_it_starts(stopped: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.startswith("totelake: the stack in ")) == ("", True)


def test_a_taken_port_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["up", "--postgres-port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"totelake: the port {port} for postgres is taken (Address already in use); "
        "name another one, or none for a free one\n"
    )
    assert not (home / "stack.json").exists()


def test_the_variables_are_lines_that_a_shell_can_read(
    stopped: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("totelake.stack.lifecycle.load", lambda home: stopped)
    assert main(["env"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "export TOTESYS_DSN='postgresql://totelake_reader:r$1@127.0.0.1:1024/totesys'" in lines
    assert "export AWS_ENDPOINT_URL_GLUE=http://127.0.0.1:1026" in lines
    assert "export AWS_ENDPOINT_URL_ATHENA=http://127.0.0.1:1027" in lines
    assert main(["env", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == stopped.environment()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("home", ["/tmp/Zoë", "/a b/$(x)'", "/\x1b[2J\n", "/\udcff", "/plain"])
def test_a_shell_reads_each_variable_back_and_nothing_acts(
    home: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SimpleNamespace(environment=lambda: {"TOTELAKE_HOME": home})
    monkeypatch.setattr("totelake.stack.lifecycle.load", lambda _: found)
    sink = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", sink)
    assert main(["env"]) == 0
    written = sink.buffer.getvalue()
    read = subprocess.run(
        ["bash", "-c", f'{written.decode(encoding)}\nprintf %s "$TOTELAKE_HOME"'], capture_output=True, check=True
    )
    assert read.stdout == os.fsencode(home)
    assert written.decode(encoding).rstrip("\n").isprintable()


def test_a_trace_and_a_warning_show_data_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "import logging, sys; from totelake.cli import main as m; sys.argv = ['totelake', 'runs', '--debug'];"
        "m.main = lambda _: (logging.getLogger('x').warning('w \\x1b[2J'), {}['\\x1b[31m' + chr(27)]);"
        "m.run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert (lines[0], lines[1]) == (r"w \x1b[2J", "Traceback (most recent call last):")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("sed", "No such command 'sed'. Did you mean 'seed'? See `totelake --help`"),
        ("run --wiat", "No such option: --wiat (Possible options: --wait); see `totelake run --help`"),
        (
            "seed --orders 0",
            "Invalid value for '--orders': Input should be greater than or equal to 1; see `totelake seed --help`",
        ),
        ("seed --orders", "Option '--orders' requires an argument; see `totelake --help`"),
        ("bookmark set", "Missing argument 'batch'; see `totelake bookmark set --help`"),
    ],
    ids=["unknown command", "unknown option", "impossible number", "no value", "no argument"],
)
def test_wrong_usage_is_one_sentence_and_exit_status_2(
    words: str, sentence: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    assert capsys.readouterr() == ("", f"totelake: {sentence}\n")


def test_a_bare_group_of_commands_shows_its_help(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bookmark"]) == 2
    shown = capsys.readouterr()
    assert ("rewind" in shown.out, shown.err) == (True, "")
    assert main(["bookmark", "--help"]) == 0


def test_files_and_a_size_exclude_each_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["seed", "--from", "somewhere", "--orders", "5"]) == 1
    assert capsys.readouterr().err == (
        "totelake: --from and --orders or --days exclude each other; give the files or a size\n"
    )


def test_an_unknown_target_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--target", "azure"]) == 1
    assert capsys.readouterr().err == "totelake: --target is 'azure'; use local or aws\n"


def test_a_command_tells_that_its_account_is_this_machine(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("INGESTION", "PROCESSED", "ARTIFACTS"):
        monkeypatch.setenv(f"TOTELAKE_{name}_BUCKET", "b")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    Target.named("aws", home)
    assert caplog.messages[0].startswith("--target aws asks http://127.0.0.1:1, which is this machine and no account;")
    caplog.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://glue.eu-west-2.amazonaws.com")
    Target.named("aws", home)
    assert caplog.messages == []


def test_aws_needs_the_names_of_its_buckets(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOTELAKE_INGESTION_BUCKET", raising=False)
    assert main(["deploy", "--target", "aws"]) == 1
    assert capsys.readouterr().err == (
        "totelake: the variable TOTELAKE_INGESTION_BUCKET is not set; take it from Terraform's outputs\n"
    )


def test_the_stack_trace_is_there_for_whoever_asks(home: Path) -> None:
    with pytest.raises(ConfigurationError):
        main(["runs", "--debug"])


def raising(error: BaseException) -> Callable[..., Any]:
    """A function that raises it."""

    def raise_it(*_: Any, **__: Any) -> Any:
        raise error

    return raise_it


def test_an_interruption_is_not_success(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands.Target, "named", raising(KeyboardInterrupt()))
    assert main(["runs"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_an_interrupted_up_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("totelake.cli.stack.before_up", lambda _: [])
    monkeypatch.setattr("totelake.stack.lifecycle.start", raising(KeyboardInterrupt()))
    assert main(["up"]) == 130
    assert capsys.readouterr() == ("", "starting the stack\ninterrupted\n")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ClientError({"Error": {"Code": "NoSuchBucket", "BucketName": "b"}}, "PutObject"),
            "the bucket b does not exist (PutObject); create it or correct the argument",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            'Could not connect to the endpoint URL: "http://127.0.0.1:1"; see that the endpoint is up '
            "(one machine: `totelake status`), and run the job again",
        ),
        (
            psycopg2.OperationalError("connection refused\n\tIs it up?"),
            "PostgreSQL refused: connection refused Is it up?; see `totelake status`",
        ),
        (FileNotFoundError(2, "No such file", "x.csv"), "x.csv: No such file; see that the file can be used"),
    ],
    ids=["AWS", "no connection", "PostgreSQL", "a file"],
)
def test_errors_of_others_become_sentences(error: BaseException, expected: str) -> None:
    assert sentence(error) == expected


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("42501", "grant it to the role"),
        ("53300", "raise the limit of connections or wait until some are free, and run the job again"),
        ("XX002", "an index is damaged: find out with pg_amcheck, and REINDEX it"),
        ("42P01", "see `totelake status`"),
    ],
)
def test_what_postgresql_refuses_has_the_remedy_that_it_has_in_a_job(code: str, remedy: str) -> None:
    kind: Any = type("Said", (psycopg2.Error,), {"pgcode": code})
    assert sentence(kind("no")) == f"PostgreSQL refused: no; {remedy}"
