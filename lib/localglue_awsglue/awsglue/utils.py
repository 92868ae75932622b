"""The arguments of a job: `getResolvedOptions`, as strict as that of AWS Glue 5.1."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

ENABLE, PAUSE, DISABLE = "job-bookmark-enable", "job-bookmark-pause", "job-bookmark-disable"
_BOOKMARK = ("job_bookmark_option", "job_bookmark_from", "job_bookmark_to")
# what Glue passes of its own: always in the result, None where it was not passed
_GIVEN = ("JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION", "encryption_type", "TempDir", "RedshiftTempDir")
_MODES = {
    **{name: name for name in (ENABLE, PAUSE, DISABLE)},
    **{f"{name}d": name for name in (ENABLE, PAUSE, DISABLE)},
}


class GlueArgumentError(Exception):
    """An argument that the script needs was not passed, or one was passed without a value."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(  # noqa: N802 - the name is AWS's
    args: Sequence[str], options: Sequence[str], allow_abbrev: bool = True
) -> dict[str, Any]:
    """The values of the named options, with those that Glue passes of its own; other arguments are ignored.

    `args` is `sys.argv`. A value may be given as `--name value` or `--name=value`; up to Glue 5.1 a name may be
    abbreviated, in Glue 6.0 only with `allow_abbrev`. Raises GlueArgumentError for an option that was not passed, and
    RuntimeError for the names of the bookmark's options, which are Glue's own.
    """
    reserved = [name for name in options if name.replace("-", "_") in _BOOKMARK]
    if reserved:
        raise RuntimeError(f"{', '.join(reserved)} may not be asked for; the result has {', '.join(_BOOKMARK)} anyway")
    parser = _Parser(allow_abbrev=allow_abbrev, add_help=False)
    for name in _BOOKMARK:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name)
    for name in dict.fromkeys((*_GIVEN, *options)):
        parser.add_argument(f"--{name}", dest=name, required=name in options)
    found = vars(parser.parse_known_args(list(args[1:]))[0])
    return {**found, "job_bookmark_option": bookmark_option(found)}


def bookmark_option(found: dict[str, Any]) -> str:
    """How the run treats its bookmark. Raises GlueArgumentError for another word, and for half a range."""
    word = found.get("job_bookmark_option") or DISABLE
    if word not in _MODES:
        raise GlueArgumentError(f"--job-bookmark-option is '{word}'; it is one of {ENABLE}, {PAUSE}, {DISABLE}")
    first, last = found.get("job_bookmark_from"), found.get("job_bookmark_to")
    if bool(first) != bool(last):
        raise GlueArgumentError("--job-bookmark-from and --job-bookmark-to go together; pass both, or neither")
    if first and _MODES[word] != PAUSE:
        raise GlueArgumentError(f"--job-bookmark-from and --job-bookmark-to need --job-bookmark-option {PAUSE}")
    return _MODES[word]
