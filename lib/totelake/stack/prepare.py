"""What a stack needs once on a machine: `python -m totelake.stack.prepare`, which `make install` runs."""

from __future__ import annotations

import sys

from totelake.errors import TotelakeError
from totelake.stack.jars import ensure_jars
from totelake.stack.spark import ensure_archive


def main() -> int:
    """Fetch the jars and make Java's class archive; the exit status."""
    try:
        ensure_jars()
    except TotelakeError as error:
        print(f"totelake: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if ensure_archive() is None:
        print("totelake: Java made no class archive; Spark jobs start more slowly", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
