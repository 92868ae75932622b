"""Looks at the process that AWS Glue starts for a script: its arguments, its interpreter, its packages."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Callable

from totelake.canary.look import Look, unknown
from totelake.errors import unexpected
from totelake.runtime.outcome import Result, ok, problem, warning

_LONGEST = 2000
Import = Callable[[str], Any]


def arguments(argv: Sequence[str], not_known: Sequence[str]) -> Look:
    """The script's arguments; `not_known` are those that mean nothing to it or to AWS Glue."""
    return Look("arguments", "only names that totelake knows", partial(_arguments, argv, not_known))


def _arguments(argv: Sequence[str], not_known: Sequence[str]) -> Result:
    told = " ".join(argv)[:_LONGEST]
    if not_known:
        names = ", ".join(not_known)
        return warning(told, f"no job reads {names}; report them, or take them out of the job's arguments")
    return ok(told)


def interpreter(
    wanted: Sequence[str], is_aws: bool, version: Sequence[int] = sys.version_info[:3], name: str = sys.executable
) -> Look:
    """The interpreter; `wanted` are the versions that the release is built for, such as 3.9."""
    return Look("interpreter", f"Python {' or '.join(wanted)}", partial(_interpreter, wanted, is_aws, version, name))


def _interpreter(wanted: Sequence[str], is_aws: bool, version: Sequence[int], name: str) -> Result:
    told = f"Python {'.'.join(str(part) for part in version)} in {name}"
    if tuple(version[:2]) < (3, 9):
        return problem(told, f"set Python {wanted[0]} for this job: totelake needs 3.9")
    if ".".join(str(part) for part in version[:2]) in wanted:
        return ok(told)
    if not is_aws:
        return unknown(f"{told}, this machine's", "make install with a Python of that version to try it here")
    return warning(told, "correct python_version or python_tags in catalog/pipeline.yaml, or the job's Glue version")


def packages(least: Mapping[str, str], remedy: str, load: Import = importlib.import_module) -> Look:
    """The packages that the release does not bring, each in that version at least; `remedy` is for one that is not."""
    expected = ", ".join(f"{name} {version}" for name, version in least.items())
    return Look("packages", f"{expected} or newer", partial(_packages, least, remedy, load), seconds=60)


def _packages(least: Mapping[str, str], remedy: str, load: Import) -> Result:
    found, wrong = [], []
    for name, version in least.items():
        try:
            has = str(getattr(load(name), "__version__", "of no version")).split()[0]
        except ImportError as error:
            found.append(f"{name}: {unexpected(error)}")
            wrong.append(name)
            continue
        found.append(f"{name} {has}")
        if numbers(has) < numbers(version):
            wrong.append(name)
    return problem(", ".join(found), f"{remedy} ({', '.join(wrong)})") if wrong else ok(", ".join(found))


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: 42.7.7 is (42, 7, 7)."""
    begin = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in begin[0].split(".")) if begin else ()
