"""Runs a job's script and kills its process group at the step that TOTELAKE_KILL_AT names, such as `3:after`."""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

from tests.faults.steps import Steps, installed, kill_process
from totelake.runtime import Clients


def main() -> None:
    """Run the script that the arguments name, every client of it watched."""
    number, side = os.environ["TOTELAKE_KILL_AT"].split(":")
    steps, make = Steps(int(number), side == "after", kill_process), Clients._make

    def watched(clients: Clients, service: str) -> Any:
        client = make(clients, service)
        steps.watch(client)
        return client

    Clients._make = watched  # type: ignore[method-assign]
    sys.argv = sys.argv[1:]
    with installed(steps):
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
