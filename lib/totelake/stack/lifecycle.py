"""Start, look at and end the whole stack."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess  # nosec B404 # localglue's own command ends what it has left running
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import boto3

from localgate.keys import Keys
from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError, RetriableError
from totelake.stack import outbox, postgres, spark
from totelake.stack.clean_environment import child_environment
from totelake.stack.model import (
    ADMIN,
    DEAD_LETTERS,
    HOST,
    LOADER,
    LOCALGLUE,
    MOTO,
    OUTBOX,
    POSTGRES,
    PREFIX,
    QUERY,
    READER,
    REGION,
    STATE_FILE,
    WAREHOUSE,
    Part,
    Stack,
)  # fmt: skip
from totelake.stack.private_files import private_home, starting_alone
from totelake.stack.processes import end, end_leftovers, is_alive, spawn, usable_port, wait_ready
from totelake.stack.python_shell import find_python_shell

_ORDER = (POSTGRES, MOTO, LOCALGLUE)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
Progress = Callable[[str], None]


def start(home: Path, ports: Mapping[str, int] | None = None, progress: Progress = lambda _: None) -> Stack:
    """Start the stack, or give the one that runs. Raises ConfigurationError when a part is dead or cannot start."""
    home = home.resolve()
    running = found(home)
    if running is not None:
        return running
    with starting_alone(private_home(home)):
        running = found(home)
        if running is not None:
            return running
        _clear_leftovers(home)
        with contextlib.ExitStack() as undo:
            stack = _start(home, ports or {}, undo, progress)
            undo.pop_all()
    return stack


def _clear_leftovers(home: Path) -> None:
    """End and remove what an `up` that was killed has left: without a record `down` knows nothing of it."""
    server, state, mails = postgres.noted_data(home), home / LOCALGLUE, home / OUTBOX
    end_leftovers((("-D", str(server)), ("--state", str(state)), (str(mails),)))
    postgres.remove_data(server)
    for folder in (state, mails):
        shutil.rmtree(folder, ignore_errors=True)


def found(home: Path) -> Stack | None:
    """The stack that runs there, None when there is none. Raises ConfigurationError when a part of it is dead."""
    stack = Stack.read(home.resolve())
    if stack is not None:
        refuse_half(stack, status_of(stack))
    return stack


def refuse_half(stack: Stack, parts: Mapping[str, bool]) -> None:
    """Raises ConfigurationError when one of the parts does not answer."""
    dead = [name for name, alive in parts.items() if not alive]
    if dead:
        raise ConfigurationError(
            f"the stack in {stack.home} is half up: {', '.join(dead)} {'do' if len(dead) > 1 else 'does'} not answer; "
            "run `totelake down`, which removes the stack's data, then `totelake up` and `totelake seed`"
        )


def chosen_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """A port for each part: the wanted one, else a free one. Raises ConfigurationError when one is taken."""
    return {name: usable_port(wanted.get(name), name) for name in _ORDER}


def _start(home: Path, ports: Mapping[str, int], undo: contextlib.ExitStack, progress: Progress) -> Stack:
    parts: dict[str, Part] = {}
    logs = home / "logs"
    numbers = chosen_ports(ports)
    progress("starting PostgreSQL")
    parts[POSTGRES], data, admin_password = postgres.start_server(home, numbers[POSTGRES], logs / "postgres.log")
    undo.callback(postgres.stop_server, parts[POSTGRES], data)
    sources = tuple(load_contracts().sources)
    passwords = postgres.create_databases(numbers[POSTGRES], admin_password, sources)
    keys = Keys.random()
    progress("starting the AWS endpoint")
    command = ["totelake.stack.aws_endpoint", str(numbers[MOTO]), str(home / OUTBOX)]
    parts[MOTO] = _spawn(MOTO, command, numbers[MOTO], logs, keys.environment())
    undo.callback(end, parts[MOTO])
    endpoint = f"http://{HOST}:{numbers[MOTO]}"
    wait_ready(parts[MOTO], lambda: answers(f"{endpoint}/health"), logs / "moto.log")
    progress("starting localglue")
    parts[LOCALGLUE] = _start_localglue(home, numbers[LOCALGLUE], endpoint, keys, logs)
    undo.callback(end, parts[LOCALGLUE])
    own = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    stack = Stack(str(home), dict(parts), passwords, str(data), sources, **own)
    progress("creating buckets, secrets, the topic of the alerts and the queue of dead letters")
    _furnish(stack)
    stack.save()
    return stack


def _spawn(name: str, module: list[str], port: int, logs: Path, more: Mapping[str, str]) -> Part:
    words = [sys.executable, "-m", *module]
    return spawn(name, words, port, logs / f"{name}.log", child_environment(more))


def _start_localglue(home: Path, port: int, endpoint: str, keys: Keys, logs: Path) -> Part:
    properties = spark.write_properties(home / "spark-defaults.conf", endpoint)
    submit = spark.submit_program()
    command = ["localglue", "serve", "--host", HOST, "--port", str(port), "--endpoint", endpoint, "--region", REGION]
    command += ["--state", str(home / "localglue"), "--python-shell", str(find_python_shell())]
    command += ["--spark-submit", str(submit), "--spark-properties", str(properties)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = spark.environment()
    for name in ("TOTELAKE_*", *variables):
        command += ["--inherit", name]
    # not among the words of the command, which every user of the machine may read
    own = {"LOCALGLUE_ACCESS_KEY_ID": keys.access_key_id, "LOCALGLUE_SECRET_ACCESS_KEY": keys.secret_access_key}
    part = _spawn(LOCALGLUE, command, port, logs, {**variables, "PATH": path, **own})
    try:
        wait_ready(part, lambda: answers(f"http://{HOST}:{port}/health"), logs / "localglue.log")
    except BaseException:
        end(part)
        raise
    return part


def answers(url: str) -> bool:
    """Whether the address answers with success."""
    try:
        with _DIRECT.open(url, timeout=5) as answer:  # an http address of this machine
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def client(stack: Stack, service: str) -> Any:
    """A boto3 client of the stack."""
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=stack.glue_endpoint if service == "glue" else stack.aws_endpoint,
        region_name=stack.region,
        aws_access_key_id=stack.access_key_id,
        aws_secret_access_key=stack.secret_access_key,
    )


def _furnish(stack: Stack) -> None:
    s3 = client(stack, "s3")
    for bucket in (stack.ingestion_bucket, stack.processed_bucket, stack.artifacts_bucket):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": stack.region})
    client(stack, "sqs").create_queue(QueueName=DEAD_LETTERS)
    outbox.subscribe(client(stack, "sns"), stack)
    secrets = client(stack, "secretsmanager")
    names = {load_contracts().source(name).secret_name(PREFIX): (READER, name) for name in stack.sources}
    names[f"{PREFIX}/{WAREHOUSE}"] = (LOADER, WAREHOUSE)
    for secret, (role, database) in names.items():
        secrets.create_secret(Name=secret, SecretString=json.dumps(stack.secret(role, database)))


def status(home: Path) -> dict[str, bool] | None:
    """Each part and whether it answers; None when no stack was started there."""
    stack = Stack.read(home.resolve())
    return None if stack is None else status_of(stack)


def status_of(stack: Stack) -> dict[str, bool]:
    """Each part of the stack and whether it answers."""
    return {
        POSTGRES: is_alive(stack.parts[POSTGRES]) and postgres.answers(stack.dsn(ADMIN, WAREHOUSE)),
        MOTO: is_alive(stack.parts[MOTO]) and answers(f"{stack.aws_endpoint}/health"),
        LOCALGLUE: is_alive(stack.parts[LOCALGLUE]) and answers(f"{stack.glue_endpoint}/health"),
    }


def load(home: Path) -> Stack:
    """The stack that runs. Raises ConfigurationError when none does, or a part of it is dead."""
    stack = found(home)
    if stack is None:
        raise none_up(home)
    return stack


def none_up(home: Path) -> ConfigurationError:
    """That no stack is up in this folder, which may be the wrong one."""
    return ConfigurationError(
        f"no stack is up in {home}; run `totelake up`, or name the folder of one that is up in TOTELAKE_HOME"
    )


def stop(home: Path) -> bool:
    """End what `start` started, and remove its data; its logs stay. False when nothing was up.

    Raises RetriableError when a job lives on: its record stays, so that this can be tried again.
    """
    home = home.resolve()
    stack = Stack.read(home)
    if stack is None:
        shutil.rmtree(home / QUERY, ignore_errors=True)
        return False
    end(stack.parts[LOCALGLUE])
    _end_jobs(home / "localglue")
    end(stack.parts[MOTO])
    postgres.stop_server(stack.parts[POSTGRES], Path(stack.data))
    for name in ("localglue", OUTBOX, QUERY):
        shutil.rmtree(home / name, ignore_errors=True)
    for name in ("spark-defaults.conf", postgres.PLACE_FILE):
        (home / name).unlink(missing_ok=True)
    (home / STATE_FILE).unlink()
    return True


def _end_jobs(state: Path) -> None:
    """End the jobs of a localglue that died before; only its own record knows them, for they are nobody's children."""
    command = [sys.executable, "-m", "localglue", "end-orphans", "--state", str(state)]
    done = subprocess.run(  # nosec B603 # fixed words, no shell
        command, env=child_environment({}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RetriableError(f"jobs of the stack may still run: {why}, then run `totelake down` again")
