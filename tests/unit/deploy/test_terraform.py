"""Terraform and the signals that end a deployment, with a stand-in that writes its state when it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# the shell runs a trap when the `sleep` before it has ended
STAND_IN = """#!/bin/sh
trap 'echo interrupted >> "$CALLS"' INT
echo "$2" >> "$CALLS"
while [ ! -e "$MAY_END" ]; do sleep 0.05; done
echo "state written" >> "$CALLS"
exit 1
"""
# whoever started the tests by nohup, or in the background, has signals ignored
COMMAND = """
import signal
import sys
from pathlib import Path

signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from totelake.deploy import environment

environment.checkout = lambda: Path(sys.argv[1])
sys.exit(environment.main(["destroy", "dev", "--keep-data"]))
"""


class Desk:
    """A checkout with the environment dev, where `make destroy` waits for a Terraform that has begun."""

    def __init__(self, folder: Path) -> None:
        environments = folder / "terraform" / "environments"
        environments.mkdir(parents=True)
        for name in ("dev.tfvars", "dev.s3.tfbackend"):
            (environments / name).touch()
        program = folder / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(STAND_IN, encoding="utf-8")
        program.chmod(0o755)
        self._calls, self._may_end = folder / "calls", folder / "may_end"
        variables = {"CALLS": str(self._calls), "MAY_END": str(self._may_end), "AWS_REGION": "eu-west-2"}
        variables |= {"PYTHONPATH": str(ROOT / "lib"), "PATH": f"{program.parent}:{os.environ['PATH']}"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(folder)],
            env={**os.environ, **variables}, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.until("init")

    def calls(self) -> list[str]:
        return self._calls.read_text(encoding="utf-8").splitlines() if self._calls.exists() else []

    def until(self, call: str) -> None:
        end = time.monotonic() + 60
        while call not in self.calls():
            assert time.monotonic() < end, f"{call} is not among {self.calls()}"
            time.sleep(0.05)

    def let_it_end(self) -> None:
        self._may_end.touch()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.let_it_end()
    found.process.kill()
    found.process.communicate()


# a terminal sends its Ctrl-C to every process of the group
@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGINT, os.killpg), (signal.SIGINT, os.kill), (signal.SIGTERM, os.kill), (signal.SIGHUP, os.killpg)],
    ids=["Ctrl-C", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_signal_interrupts_terraform_once_and_waits_until_it_has_written_its_state(
    desk: Desk, number: signal.Signals, send: Callable[[int, int], None]
) -> None:
    send(desk.process.pid, number)
    desk.until("interrupted")
    # an impatient second one; and longer than subprocess.run waits before it kills
    send(desk.process.pid, number)
    with pytest.raises(subprocess.TimeoutExpired):
        desk.process.wait(0.5)
    desk.let_it_end()
    _, said = desk.process.communicate(timeout=60)
    assert desk.calls() == ["init", "interrupted", "state written"]
    assert (desk.process.returncode, said) == (128 + number, "destroy: interrupted; give the command again to go on\n")
