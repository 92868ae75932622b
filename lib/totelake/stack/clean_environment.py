"""What the stack takes of the user's environment: for its processes a list of variables, for its connections none.

A server, a job or a client that reads a variable which nobody thought of works on one machine and not on another; and
the user's own AWS keys are no business of a job that anybody on this machine may start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import totelake
from totelake.stack.model import HOST

_PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM",
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_PASSED_BEGINNINGS = ("LC_", "TOTELAKE_", "COVERAGE_")
# what botocore, libpq and Python's TLS read; of libpq's files only that of the passwords is read without a variable
_REDIRECTING = ("AWS_", "BOTO", "PG", "SSLKEYLOGFILE")
# without these botocore reads ~/.aws, and asks for credentials in the network
_NO_AWS_FILES = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
# some systems keep a proxy in their settings, which is asked unless a variable says otherwise
_NO_PROXY = {"no_proxy": "*", "NO_PROXY": "*"}
_OF_USER: ContextVar[Mapping[str, str] | None] = ContextVar("of_user", default=None)


def is_passed(name: str) -> bool:
    """Whether the processes of the stack get the user's variable of this name."""
    return name in _PASSED or name.startswith(_PASSED_BEGINNINGS)


def is_put_aside(name: str) -> bool:
    """Whether `undisturbed` removes the variable of this name."""
    return name.startswith(_REDIRECTING)


def user_environment() -> Mapping[str, str]:
    """The variables as the user has set them, inside `undisturbed`, too."""
    before = _OF_USER.get()
    return dict(os.environ) if before is None else before


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the stack: what is on the list, no proxy, no file of AWS, and what is given."""
    kept = {name: value for name, value in os.environ.items() if is_passed(name)}
    return {**kept, **_NO_AWS_FILES, **_NO_PROXY, **_own_path(), **more}


def _own_path() -> dict[str, str]:
    """Where our own interpreter finds this package when it is not installed into it."""
    folder = Path(totelake.__file__).resolve().parents[1]
    return {} if folder.is_relative_to(Path(sys.prefix).resolve()) else {"PYTHONPATH": str(folder)}


@contextmanager
def undisturbed() -> Iterator[None]:
    """While the block runs, no variable and no file of the user leads a connection to the stack astray.

    Proxies stay for what is elsewhere, such as a registry of packages; this machine is reached past them.
    """
    before = dict(os.environ)
    removed = {name for name in before if is_put_aside(name)}
    passed = ",".join(filter(None, (before.get("no_proxy") or before.get("NO_PROXY"), HOST)))
    own = {**_NO_AWS_FILES, "PGPASSFILE": os.devnull, "no_proxy": passed, "NO_PROXY": passed}
    for name in removed:
        del os.environ[name]
    os.environ.update(own)
    token = _OF_USER.set(before)
    try:
        yield
    finally:
        _OF_USER.reset(token)
        for name in removed | own.keys():
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]
