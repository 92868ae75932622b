"""The console script: what Ctrl-C ends while the command's parts are still being imported is no crash either."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command of the arguments, and exit with its status."""
    try:
        from totelake.cli import main
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    main.run()
