"""Start, look at and end the whole stack."""

from __future__ import annotations

import shutil
import signal
import subprocess  # nosec B404 # localglue's own command ends what it has left running
import sys
from collections.abc import Mapping
from pathlib import Path

from totelake.contracts import load_contracts
from totelake.errors import ConfigurationError, RetriableError
from totelake.stack import foreign, postgres
from totelake.stack.clean_environment import child_environment
from totelake.stack.furnish import client, furnish
from totelake.stack.interrupts import uninterrupted
from totelake.stack.model import (
    ADMIN,
    LOCALATHENA,
    LOCALGLUE,
    MOTO,
    OUTBOX,
    POSTGRES,
    QUERY,
    SPARK_FILE,
    STATE_FILE,
    WAREHOUSE,
    DamagedRecordError,
    Part,
    Stack,
)
from totelake.stack.ownership import claim, is_claimed, release
from totelake.stack.private_files import alone, private_home, remove_private
from totelake.stack.processes import end, end_leftovers, is_alive
from totelake.stack.servers import Progress, answers, started

# what a stack makes below its folder, but its logs and the addresses of sources that are elsewhere
_OWN = (POSTGRES, f"{POSTGRES}.pw", LOCALGLUE, LOCALATHENA, OUTBOX, QUERY, SPARK_FILE, postgres.PLACE_FILE, STATE_FILE)
# what the end of a part means for what it kept
_LOST_WITH = {
    POSTGRES: "source and warehouse cannot be read",
    MOTO: "and what it kept in memory is lost: the lake's objects, the Data Catalog, secrets, metrics and messages",
    LOCALGLUE: "no job runs; what the other parts have is as it was",
    LOCALATHENA: "no query of Athena's API is answered; what the other parts have is as it was",
}
__all__ = ["answers", "client", "found", "load", "none_up", "refuse_half", "start", "status", "status_of", "stop"]


def start(
    home: Path, ports: Mapping[str, int] | None = None, progress: Progress = lambda _: None, standbys: int = 0
) -> Stack:
    """Start the stack, or give the one that runs. Raises ConfigurationError when a part is dead or cannot start.

    When it cannot, or is interrupted, nothing is left running. `standbys` is how many processes of Spark wait for runs.
    """
    home = home.resolve()
    running = found(home)
    if running is not None:
        return running
    with alone(private_home(home)):
        running = found(home)
        if running is not None:
            return running
        with uninterrupted():
            if is_claimed(home):
                _end_unrecorded(home)
                _end_jobs(home / LOCALGLUE)
                _remove_data(home)
        try:
            claim(home, _OWN)
            return _start(home, ports or {}, progress, standbys)
        except BaseException:
            with uninterrupted():
                if is_claimed(home):
                    _end_unrecorded(home)
                    _remove_data(home)
            raise


def _start(home: Path, ports: Mapping[str, int], progress: Progress, standbys: int = 0) -> Stack:
    elsewhere = {name: address for name, address in foreign.kept(home).items() if name in load_contracts().sources}
    databases = (name for name, source in load_contracts().sources.items() if source.is_database)
    sources = tuple(name for name in databases if name not in elsewhere)
    with started(home, ports, sources, progress, standbys) as servers:
        keys = {"access_key_id": servers.keys.access_key_id, "secret_access_key": servers.keys.secret_access_key}
        stack = Stack(str(home), servers.parts, servers.passwords, str(servers.data), sources, **keys)
        progress("creating buckets, secrets, the topic of the alerts and the queue of dead letters")
        furnish(stack, elsewhere)
        # with its record it is up, and `down` ends it
        stack.save()
    return stack


def _end_unrecorded(home: Path) -> bool:
    """End the servers of an `up` that was killed, which no record tells of; whether there were any."""
    marks = (
        ("-D", str(postgres.noted_data(home))),
        ("--state", str(home / LOCALGLUE)),
        ("--state", str(home / LOCALATHENA)),
        (str(home / OUTBOX),),
    )
    return end_leftovers(marks) > 0


def _remove_data(home: Path) -> bool:
    """Remove all that the stack keeps but its logs; whether there was data."""
    server, state, mails = postgres.noted_data(home), home / LOCALGLUE, home / OUTBOX
    there = any(path.exists() for path in (server, state, mails))
    postgres.remove_data(server)
    for folder in (state, home / LOCALATHENA, mails, home / QUERY):
        shutil.rmtree(folder, ignore_errors=True)
    for name in (SPARK_FILE, postgres.PLACE_FILE, STATE_FILE):
        remove_private(home / name)
    release(home)
    return there


def found(home: Path) -> Stack | None:
    """The stack that runs there, None when there is none. Raises ConfigurationError when a part of it is dead."""
    stack = Stack.read(home.resolve())
    if stack is not None:
        refuse_half(stack, status_of(stack))
    return stack


def refuse_half(stack: Stack, parts: Mapping[str, bool]) -> None:
    """Raises ConfigurationError when one of the parts does not answer: which, what is lost with it, and what to do."""
    silent = [stack.parts[name] for name, answers in parts.items() if not answers]
    if not silent:
        return
    found = [_of_silent(part) for part in silent]
    # what is alive may only be slow
    again = "" if all(is_gone for is_gone, _ in found) else "look again with `totelake status`; if it stays so, "
    kept = "PostgreSQL has its data until then; " if POSTGRES not in [part.name for part in silent] else ""
    raise ConfigurationError(
        f"the stack in {stack.home} is half up: {'; '.join(said for _, said in found)} (see {stack.home}/logs); "
        f"{again}run `totelake down`, which removes all of the stack's data, then `totelake up`, `totelake seed` and "
        f"`totelake deploy`; {kept}nothing is started anew before"
    )


def _of_silent(part: Part) -> tuple[bool, str]:
    """Whether a part that does not answer has ended, and what that means."""
    if is_alive(part):
        return False, f"{part.name} (process {part.pid}) is there and does not answer"
    return True, f"{part.name} has ended, {_LOST_WITH[part.name]}"


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
        LOCALATHENA: is_alive(stack.parts[LOCALATHENA]) and answers(f"{stack.athena_endpoint}/health"),
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

    A signal takes effect when all is ended. Raises RetriableError when a job lives on: the stack's record stays, so
    that this can be tried again.
    """
    home = home.resolve()
    if not home.is_dir():
        return False
    with alone(home), uninterrupted():
        try:
            stack = Stack.read(home)
        except DamagedRecordError:  # what it names is found without it, too
            stack = None
        if stack is not None:
            end(stack.parts[LOCALATHENA])
            end(stack.parts[LOCALGLUE])
            _end_jobs(home / LOCALGLUE)
            end(stack.parts[MOTO])
            end(stack.parts[POSTGRES], signal.SIGINT)
            _remove_data(home)
            return True
        if not is_claimed(home):
            return False
        had_servers = _end_unrecorded(home)
        _end_jobs(home / LOCALGLUE)
        return _remove_data(home) or had_servers


def _end_jobs(state: Path) -> None:
    """End the jobs of a localglue that died before; only its own record knows them, for they are nobody's children."""
    if not state.exists():
        return
    command = [sys.executable, "-m", "localglue", "end-orphans", "--state", str(state)]
    done = subprocess.run(  # nosec B603 # fixed words, no shell
        command, env=child_environment({}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RetriableError(f"jobs of the stack may still run: {why}, then run `totelake down` again")
