"""Each server of the stack as it starts: on a port that is its own, ended again when the next one cannot start."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Callable, TypeVar

from localgate.keys import Keys
from totelake.errors import ConfigurationError, RetriableError
from totelake.feeds.rates.settings import ENDPOINT
from totelake.stack import postgres, spark
from totelake.stack.clean_environment import child_environment
from totelake.stack.interrupts import uninterrupted
from totelake.stack.model import HOST, LOCALATHENA, LOCALGLUE, MOTO, OUTBOX, PARTS, POSTGRES, REGION, SPARK_FILE, Part
from totelake.stack.processes import PortTakenError, end, spawn, usable_port, wait_ready
from totelake.stack.python_shell import find_python_shell
from totelake.stack.rates_host import PATH

# how many ports are tried when another process takes the one that we chose before the server has it
_TRIES = 3
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
Progress = Callable[[str], None]
_Started = TypeVar("_Started")


@dataclass(frozen=True)
class Servers:
    """What runs: the parts, the folder of the databases, the passwords of their roles, the key to the endpoints."""

    parts: Mapping[str, Part]
    data: Path
    passwords: Mapping[str, str]
    keys: Keys


def check_ports(wanted: Mapping[str, int]) -> None:
    """Raises ConfigurationError when a port that somebody asks for is taken, or is asked for twice."""
    asked = {name: wanted[name] for name in PARTS if wanted.get(name)}
    for name, port in asked.items():
        usable_port(port, name)
    if len(set(asked.values())) < len(asked):
        raise ConfigurationError("two parts of the stack cannot have one port; name others, or none for free ones")


@contextlib.contextmanager
def started(
    home: Path, ports: Mapping[str, int], sources: Sequence[str], progress: Progress, standbys: int = 0
) -> Iterator[Servers]:
    """The servers, started one after the other; all are ended when one cannot start, or the block fails.

    `standbys` is how many processes of Spark localglue may keep warm.
    """
    undo, keys = contextlib.ExitStack(), Keys.random()
    try:
        parts: dict[str, Part] = {}
        progress("starting PostgreSQL")
        log = home / "logs" / "postgres.log"
        parts[POSTGRES], data, password = _on_port(POSTGRES, ports, lambda port: postgres.start_server(home, port, log))
        undo.callback(postgres.stop_server, parts[POSTGRES], data)
        passwords = postgres.create_databases(parts[POSTGRES].port, password, sources)
        progress("starting the AWS endpoint")
        parts[MOTO] = _on_port(MOTO, ports, lambda port: _start_moto(home, port, keys))
        undo.callback(end, parts[MOTO])
        progress("starting localglue")
        endpoint = f"http://{HOST}:{parts[MOTO].port}"
        parts[LOCALGLUE] = _on_port(
            LOCALGLUE, ports, lambda port: _start_localglue(home, port, endpoint, keys, standbys)
        )
        undo.callback(end, parts[LOCALGLUE])
        progress("starting localathena")
        parts[LOCALATHENA] = _on_port(
            LOCALATHENA, ports, lambda port: _start_localathena(home, port, endpoint, parts[LOCALGLUE].port, keys)
        )
        undo.callback(end, parts[LOCALATHENA])
        yield Servers(parts, data, passwords, keys)
    except BaseException:
        with uninterrupted():
            undo.close()
        raise


def _on_port(name: str, ports: Mapping[str, int], begin: Callable[[int], _Started]) -> _Started:
    """Start a server on the port that is wanted; without one on a free port, and on another when that was taken."""
    wanted = ports.get(name)
    for _ in range(0 if wanted else _TRIES - 1):
        with contextlib.suppress(PortTakenError):
            return begin(usable_port(None, name))
    return begin(usable_port(wanted, name))


def _start_moto(home: Path, port: int, keys: Keys) -> Part:
    command = ["totelake.stack.aws_endpoint", str(port), str(home / OUTBOX)]
    return _serve(MOTO, command, port, home / "logs", keys.environment(), "/health")


def _start_localglue(home: Path, port: int, endpoint: str, keys: Keys, standbys: int = 0) -> Part:
    properties = spark.write_properties(home / SPARK_FILE, endpoint)
    submit = spark.find_submit()
    command = ["localglue", "serve", "--host", HOST, "--port", str(port), "--endpoint", endpoint, "--region", REGION]
    command += ["--state", str(home / LOCALGLUE), "--python-shell", str(find_python_shell())]
    command += ["--spark-submit", str(submit), "--spark-properties", str(properties)]
    command += ["--standby", str(standbys)]
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = spark.environment()
    for name in ("TOTELAKE_*", *variables):
        command += ["--inherit", name]
    # not among the words of the command, which every user of the machine may read
    own = {"LOCALGLUE_ACCESS_KEY_ID": keys.access_key_id, "LOCALGLUE_SECRET_ACCESS_KEY": keys.secret_access_key}
    # whoever sets it, to nothing or another address, has the providers themselves asked, or others
    rates = {ENDPOINT: os.environ.get(ENDPOINT, f"{endpoint}{PATH}")}
    return _serve(LOCALGLUE, command, port, home / "logs", {**variables, "PATH": programs, **own, **rates}, "/health")


def _start_localathena(home: Path, port: int, endpoint: str, glue_port: int, keys: Keys) -> Part:
    command = ["localathena", "serve", "--host", HOST, "--port", str(port), "--endpoint", endpoint]
    command += ["--glue-endpoint", f"http://{HOST}:{glue_port}", "--region", REGION, "--state", str(home / LOCALATHENA)]
    own = {"LOCALATHENA_ACCESS_KEY_ID": keys.access_key_id, "LOCALATHENA_SECRET_ACCESS_KEY": keys.secret_access_key}
    return _serve(LOCALATHENA, command, port, home / "logs", own, "/health")


def _serve(name: str, module: Sequence[str], port: int, logs: Path, more: Mapping[str, str], health: str) -> Part:
    """Start a module as a server, and wait until it answers."""
    log = logs / f"{name}.log"
    # libraries read many a file of a user's home: ~/.aws/models, ~/.postgresql
    variables = child_environment({**more, "HOME": str(logs.parent)})
    part = spawn(name, [sys.executable, "-m", *module], port, log, variables)
    try:
        wait_ready(part, lambda: answers(f"http://{HOST}:{port}{health}"), log)
    except BaseException:
        with uninterrupted():
            end(part)
        raise
    return part


@dataclass(frozen=True)
class Standby:
    """A process that waits for a Spark job's run; it is warm when it has nothing left to do but to wait."""

    process: int
    warm: bool
    megabytes: int


@dataclass(frozen=True)
class Standbys:
    """What waits, and how many may."""

    most: int
    waiting: tuple[Standby, ...]

    @property
    def line(self) -> str:
        """In words; empty when none may wait."""
        if not self.most:
            return ""
        each = [f"{'warm' if item.warm else 'warming up'}, {item.megabytes} MB" for item in self.waiting]
        return f"Spark on standby: {len(each)} of {self.most}" + "".join(f" ({said})" for said in each)


def standbys(glue_endpoint: str) -> Standbys | None:
    """What localglue keeps on standby; None of one that was started by a release without.

    Raises RetriableError when it does not say.
    """
    try:
        with _DIRECT.open(f"{glue_endpoint}/standbys", timeout=5) as answer:
            said = json.load(answer)
        found = tuple(Standby(item["Pid"], item["Warm"], item["Bytes"] >> 20) for item in said["Standbys"])
        return Standbys(said["Most"], found)
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code == HTTPStatus.NOT_FOUND:
            return None
        raise RetriableError(f"localglue does not say what is on standby ({error}); ask again") from error


def answers(url: str) -> bool:
    """Whether the address answers with success."""
    try:
        with _DIRECT.open(url, timeout=5) as answer:  # an http address of this machine
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):  # another program may listen there
        return False
