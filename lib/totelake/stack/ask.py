"""Programs that are asked what they are: with nothing to read, and with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess  # nosec B404 # programs are asked for their version
from pathlib import Path

from totelake.errors import NoAnswerError
from totelake.stack.clean_environment import child_environment

_WITHIN = 10.0


def ask(program: Path, *arguments: str, within: float = _WITHIN) -> tuple[int, str]:
    """A program's exit status, and what it says on both streams.

    Raises OSError when it cannot be run, and NoAnswerError when it does not end within so many seconds; it is killed
    then, with what it started.
    """
    process = subprocess.Popen(  # nosec B603 # a program that the stack runs, no shell
        [str(program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=child_environment({}),
        start_new_session=True,
    )
    with process:
        try:
            said = process.communicate(timeout=within)[0]
        except BaseException as error:
            # whatever it started holds its output open, too
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise NoAnswerError(
                f"{program} does not end within {within:.0f} s when it is asked for its version; see why it waits, or "
                "name another one"
            ) from None
    return process.returncode, said
